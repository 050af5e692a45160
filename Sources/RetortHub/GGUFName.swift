// SPDX-License-Identifier: Apache-2.0

/// What the name of a GGUF file says: `<stem>[-00001-of-00003].gguf`, where the stem ends in the
/// quantisation.
struct GGUFName {
    /// The path without shard numbers and extension.
    let stem: String
    /// The shard's number and how many there are, if it is one of several.
    let shard: (index: Int, count: Int)?

    /// Nil if the path does not end in `.gguf`.
    init?(path: String) {
        let suffix = ".gguf"
        guard path.utf8.count > suffix.utf8.count, path.lowercased().hasSuffix(suffix) else {
            return nil
        }
        let base = path.dropLast(suffix.count)
        guard let split = ShardedName(base) else {
            stem = String(base)
            shard = nil
            return
        }
        stem = split.stem
        shard = (split.index, split.count)
    }

    /// The quantisation at the end of the stem in upper case (`Q4_K_M`, `UD-Q2_K_XL`, `BF16`), or,
    /// for files in a folder per quantisation, the folder's.
    var quantisation: String? {
        let components = stem.split(separator: "/")
        guard let last = components.last else { return nil }
        if let tag = Self.tag(endOf: last) { return tag }
        return components.dropLast().last.flatMap { Self.tag(endOf: $0) }
    }

    private static func tag(endOf word: Substring) -> String? {
        let upper = word.uppercased()
        // '.' and '-' separate the tag from the model's name; '_' is part of tags.
        guard let last = upper.split(whereSeparator: { $0 == "." || $0 == "-" }).last else {
            return nil
        }
        if isQuantisation(last) {
            let isDynamic = upper.hasSuffix("-UD-\(last)") || upper == "UD-\(last)"
            return (isDynamic ? "UD-" : "") + last
        }
        // Some write `name_Q8_0`.
        for index in last.indices where last[index] == "_" {
            let rest = last[last.index(after: index)...]
            if isQuantisation(rest) { return String(rest) }
        }
        return nil
    }

    private static func isQuantisation(_ word: Substring) -> Bool {
        if ["F32", "FP32", "F16", "FP16", "BF16"].contains(word) { return true }
        for prefix in ["IQ", "Q", "TQ", "MXFP", "NVFP"] where word.hasPrefix(prefix) {
            let rest = word.dropFirst(prefix.count)
            return rest.first?.isNumber == true
                && rest.utf8.allSatisfy { RepoPath.isAlphanumeric($0) || $0 == UInt8(ascii: "_") }
        }
        return false
    }
}

/// `<stem>-<index>-of-<count>`, how both GGUF and safetensors name the parts of one model.
struct ShardedName {
    let stem: String
    let index: Int
    let count: Int

    init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, parts[parts.count - 2] == "of",
            let index = Self.number(parts[parts.count - 3]),
            let count = Self.number(parts[parts.count - 1]), index >= 1, index <= count
        else { return nil }
        stem = parts.dropLast(3).joined(separator: "-")
        self.index = index
        self.count = count
    }

    private static func number(_ text: some StringProtocol) -> Int? {
        let isPlain = (3...8).contains(text.utf8.count) && text.utf8.allSatisfy { 48...57 ~= $0 }
        return isPlain ? Int(text) : nil
    }
}
