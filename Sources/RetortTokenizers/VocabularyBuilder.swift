// SPDX-License-Identifier: Apache-2.0
//
// Puts a vocabulary together from whatever file it came from, and checks it on the way.

/// Tokens by id, as the file spells them.
struct VocabularyBuilder {
    /// By id; nil where the file has no token.
    var spelled: [ArraySlice<UInt8>?] = []
    var added: [AddedToken] = []
    /// By id: whether the model, not only the list of added tokens, has the token.
    var isInModel: [Bool] = []

    /// More than any vocabulary has: ids beyond are damage.
    static let largestID = 1 << 22

    static func checked(_ value: Int?) throws(TokenizerError) -> Int32 {
        guard let value, value >= 0, value < largestID else {
            throw TokenizerError(
                "a token has the id \(value.map(String.init) ?? "that is no integer"); expected 0 "
                    + "up to \(largestID - 1)")
        }
        return Int32(value)
    }

    private mutating func grow(to id: Int32) {
        let missing = Int(id) + 1 - spelled.count
        guard missing > 0 else { return }
        spelled.append(contentsOf: repeatElement(nil, count: missing))
        isInModel.append(contentsOf: repeatElement(false, count: missing))
    }

    /// A token of the model.
    mutating func insert(_ token: ArraySlice<UInt8>, id: Int32) throws(TokenizerError) {
        grow(to: id)
        guard spelled[Int(id)] == nil else {
            throw TokenizerError("two tokens of the vocabulary have the id \(id)")
        }
        spelled[Int(id)] = token
        isInModel[Int(id)] = true
    }

    /// A token that is matched as a whole; the model may have it too.
    mutating func insert(_ token: AddedToken) {
        grow(to: token.id)
        if spelled[Int(token.id)] == nil { spelled[Int(token.id)] = token.content[...] }
        added.append(token)
    }
}

/// Pairs of tokens by rank, as a file spells them: all in one buffer, since there are very many.
struct SpelledMerges {
    private(set) var bytes: [UInt8] = []
    private(set) var cuts: [(left: Range<Int>, right: Range<Int>)] = []

    mutating func reserve(_ count: Int) {
        bytes.reserveCapacity(count * 12)
        cuts.reserveCapacity(count)
    }

    mutating func append(_ left: some Sequence<UInt8>, _ right: some Sequence<UInt8>) {
        let start = bytes.count
        bytes.append(contentsOf: left)
        let middle = bytes.count
        bytes.append(contentsOf: right)
        cuts.append((start..<middle, middle..<bytes.count))
    }

    /// "left right"; nil if there is no space behind the first byte.
    mutating func append(_ text: some Sequence<UInt8>) -> Bool {
        let start = bytes.count
        bytes.append(contentsOf: text)
        guard let space = bytes[start...].dropFirst().firstIndex(of: 0x20) else { return false }
        cuts.append((start..<space, space + 1..<bytes.count))
        return true
    }
}

/// What the model is made of, beside tokens.
struct ModelDescription {
    enum Merges {
        case pairs(SpelledMerges)
        /// By id.
        case scores([Float])
    }

    var merges: Merges
    var isByteLevel: Bool
    var ignoresMerges = false
    var byteFallback = false
    var unknownID: Int32?
    var fusesUnknown = false
    /// Of two merges of one pair, whether the first counts (llama.cpp) or the last (tokenizers).
    var firstMergeWins = false
}

/// A model, and its tokens as the tables hold them.
struct BuiltModel {
    var model: BPEModel
    /// By id: the token in the model's own terms; bytes for a byte-level model.
    var keys: TokenPool
    /// By id: whether `keys` holds the file's spelling although the model is byte-level.
    var isVerbatim: [Bool]
    /// The merges by rank.
    var merges: [(left: Int32, right: Int32)]
}

extension VocabularyBuilder {
    /// - Throws: ``TokenizerError`` if merges name unknown tokens.
    func build(_ description: ModelDescription) throws(TokenizerError) -> BuiltModel {
        let total = spelled.reduce(0) { $0 + ($1?.count ?? 0) }
        guard total < Int(UInt32.max) / 2 else {
            throw TokenizerError("the tokens take \(total) bytes; expected less than 2 GiB")
        }
        var keys = TokenPool()
        keys.reserve(tokens: spelled.count, bytes: total)
        var isVerbatim = [Bool](repeating: !description.isByteLevel, count: spelled.count)
        var addedContents: [Int32: Bool] = [:]
        for token in added { addedContents[token.id] = true }
        var buffer: [UInt8] = []
        for (id, token) in spelled.enumerated() {
            guard let token else {
                keys.append([])
                continue
            }
            buffer.removeAll(keepingCapacity: true)
            if description.isByteLevel,
                isInModel[id] || addedContents[Int32(id)] == nil,
                token.withUnsafeBufferPointer({ ByteLevelAlphabet.decode($0, into: &buffer) })
            {
                keys.append(buffer)
            } else {
                isVerbatim[id] = true
                keys.append(token)
            }
        }
        let pseudo = description.isByteLevel ? [] : pseudoCharacters(description)
        let firstPseudoID = Int32(keys.count)
        var searched = keys
        for character in pseudo { searched.append(character) }
        let table = TokenTable(searched)
        for id in 0..<searched.count {
            let isUsable =
                id >= spelled.count
                || (isInModel[id] && (isVerbatim[id] != description.isByteLevel)
                    && !keys[Int32(id)].isEmpty)
            if isUsable { table.insert(Int32(id)) }
        }
        let (mergeTable, merges) = try buildMerges(description, table)
        let model = BPEModel(
            table: table, merges: mergeTable,
            alphabet: description.isByteLevel ? .bytes(byteAlphabet(table)) : .characters,
            ignoresMerges: description.ignoresMerges,
            byteTokens: description.byteFallback ? byteFallbackTokens(table) : [],
            unknownID: description.unknownID, fusesUnknown: description.fusesUnknown,
            firstPseudoID: firstPseudoID, pseudoCharacters: pseudo,
            cutsAtMarks: !description.isByteLevel && marksOnlyBegin(table))
        return BuiltModel(model: model, keys: keys, isVerbatim: isVerbatim, merges: merges)
    }

    /// Whether U+2581 is a token, and no token has one behind another character: then no merge
    /// joins what stands on both sides of the beginning of a run of them.
    private func marksOnlyBegin(_ table: TokenTable) -> Bool {
        let mark: [UInt8] = [0xE2, 0x96, 0x81]
        guard let id = table.find(mark), Int(id) < spelled.count else { return false }
        for (id, token) in spelled.enumerated() where isInModel[id] {
            guard var rest = token else { continue }
            while rest.starts(with: mark) { rest = rest.dropFirst(3) }
            for i in rest.indices.dropLast(2) where rest[i] == 0xE2 {
                if rest[i...].starts(with: mark) { return false }
            }
        }
        return true
    }

    private func byteAlphabet(_ table: TokenTable) -> [Int32] {
        (UInt8.min...UInt8.max).map { table.find([$0]) ?? -1 }
    }

    /// All 256 or none: part of them would lose text.
    private func byteFallbackTokens(_ table: TokenTable) -> [Int32] {
        var result: [Int32] = []
        for byte in UInt8.min...UInt8.max {
            let hex = String(byte, radix: 16, uppercase: true)
            let name = "<0x" + (hex.count == 1 ? "0" : "") + hex + ">"
            guard let id = table.find(name.utf8) else { return [] }
            result.append(id)
        }
        return result
    }

    /// Characters of tokens that are no tokens themselves: with scores, merges may begin there.
    private func pseudoCharacters(_ description: ModelDescription) -> [[UInt8]] {
        guard case .scores = description.merges else { return [] }
        var known: Set<[UInt8]> = []
        var seen: Set<[UInt8]> = []
        for token in spelled {
            guard let token else { continue }
            let characters = Self.characters(token)
            if characters.count == 1 { known.insert(Array(token)) }
            for range in characters where range.count > 1 || token[range.lowerBound] >= 0x80 {
                seen.insert(Array(token[range]))
            }
            for range in characters where range.count == 1 {
                seen.insert([token[range.lowerBound]])
            }
        }
        return seen.subtracting(known).sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// The ranges of a token's UTF-8 characters; broken bytes stand alone.
    private static func characters(_ token: ArraySlice<UInt8>) -> [Range<Int>] {
        var result: [Range<Int>] = []
        var i = token.startIndex
        while i < token.endIndex {
            let length: Int
            switch token[i] {
            case 0xC2...0xDF: length = 2
            case 0xE0...0xEF: length = 3
            case 0xF0...0xF4: length = 4
            default: length = 1
            }
            let end = min(i + length, token.endIndex)
            result.append(i..<end)
            i = end
        }
        return result
    }

    private func buildMerges(
        _ description: ModelDescription, _ table: TokenTable
    ) throws(TokenizerError) -> (MergeTable, [(left: Int32, right: Int32)]) {
        switch description.merges {
        case .scores(let scores): return try scoreMerges(scores, table)
        case .pairs(let pairs): return try buildMerges(pairs, description, table)
        }
    }

    private func buildMerges(
        _ pairs: SpelledMerges, _ description: ModelDescription, _ table: TokenTable
    ) throws(TokenizerError) -> (MergeTable, [(left: Int32, right: Int32)]) {
        let merges = MergeTable(capacity: pairs.cuts.count)
        var list: [(left: Int32, right: Int32)] = []
        list.reserveCapacity(pairs.cuts.count)
        var verbatim: Set<ArraySlice<UInt8>>?
        var buffer: [UInt8] = []
        for (rank, pair) in pairs.cuts.enumerated() {
            buffer.removeAll(keepingCapacity: true)
            let isSpelled = pairs.bytes.withUnsafeBufferPointer { bytes in
                append(bytes[pair.left], description, to: &buffer)
            }
            let middle = buffer.count
            let isWhole =
                isSpelled
                && pairs.bytes.withUnsafeBufferPointer { bytes in
                    append(bytes[pair.right], description, to: &buffer)
                }
            guard isWhole else {
                // Outside the alphabet of bytes: no text leads there, but it must exist.
                let names = verbatim ?? modelTokens
                verbatim = names
                let left = pairs.bytes[pair.left]
                let right = pairs.bytes[pair.right]
                guard [left, right, left + right].allSatisfy(names.contains) else {
                    throw Self.unknownMerge(rank)
                }
                continue
            }
            let ids = buffer.withUnsafeBufferPointer { bytes in
                bytes.baseAddress.map { base in
                    (
                        left: table.find(base, middle),
                        right: table.find(base + middle, bytes.count - middle),
                        whole: table.find(base, bytes.count)
                    )
                }
            }
            guard let ids, ids.left >= 0, ids.right >= 0, ids.whole >= 0 else {
                throw Self.unknownMerge(rank)
            }
            list.append((ids.left, ids.right))
            if description.firstMergeWins, merges.find(ids.left, ids.right).id >= 0 { continue }
            merges.insert(
                ids.left, ids.right, Merge(rank: UInt32(truncatingIfNeeded: rank), id: ids.whole))
        }
        return (merges, list)
    }

    private var modelTokens: Set<ArraySlice<UInt8>> {
        Set(spelled.indices.compactMap { isInModel[$0] ? spelled[$0] : nil })
    }

    private static func unknownMerge(_ rank: Int) -> TokenizerError {
        TokenizerError(
            "merge \(rank) names a token, or makes one, that is not in the vocabulary")
    }

    private func append(
        _ part: UnsafeBufferPointer<UInt8>.SubSequence, _ description: ModelDescription,
        to buffer: inout [UInt8]
    ) -> Bool {
        guard !part.isEmpty else { return false }
        guard description.isByteLevel else {
            buffer.append(contentsOf: part)
            return true
        }
        return ByteLevelAlphabet.decode(UnsafeBufferPointer(rebasing: part), into: &buffer)
    }

    /// Ways to put a token together grow with its length.
    private static let longestScoredToken = 1024

    /// Every way to put a token together from two: the better the token's score, the earlier.
    private func scoreMerges(_ scores: [Float], _ table: TokenTable) throws(TokenizerError)
        -> (MergeTable, [(left: Int32, right: Int32)])
    {
        var found: [(left: Int32, right: Int32, whole: Int32)] = []
        for (id, token) in spelled.enumerated() {
            guard let token, table.find(token) == Int32(id) else { continue }
            let ranges = Self.characters(token)
            guard ranges.count > 1 else { continue }
            guard token.count <= Self.longestScoredToken else {
                throw TokenizerError(
                    "token \(id) takes \(token.count) bytes; expected at most "
                        + "\(Self.longestScoredToken)")
            }
            token.withUnsafeBufferPointer { bytes in
                guard let base = bytes.baseAddress else { return }
                for range in ranges.dropFirst() {
                    let middle = range.lowerBound - token.startIndex
                    let left = table.find(base, middle)
                    let right = table.find(base + middle, bytes.count - middle)
                    if left >= 0, right >= 0 { found.append((left, right, Int32(id))) }
                }
            }
        }
        func score(_ id: Int32) -> Float {
            let value = Int(id) < scores.count ? scores[Int(id)] : 0
            return value.isNaN ? -.infinity : value
        }
        // Of equal scores, the order of ids; they share a rank, so that the leftmost goes first.
        found.sort { (score($0.whole), $1.whole) > (score($1.whole), $0.whole) }
        let merges = MergeTable(capacity: found.count)
        var rank: UInt32 = 0
        var last: Float?
        for merge in found {
            let value = score(merge.whole)
            if let last, last != value { rank += 1 }
            last = value
            merges.insert(merge.left, merge.right, Merge(rank: rank, id: merge.whole))
        }
        return (merges, found.map { ($0.left, $0.right) })
    }
}
