// SPDX-License-Identifier: Apache-2.0
//
// Which files of a repository a model needs. Names are conventions of the hub: what
// `save_pretrained` of transformers writes, and what llama.cpp's converters write.

/// The files to download for one model, and what they are together.
public struct FileSelection: Sendable, Equatable {
    /// How the files are read.
    public enum Format: String, Sendable {
        /// A Hugging Face directory with safetensors weights.
        case safetensors
        /// One GGUF file or its shards.
        case gguf
        /// Any other single file.
        case file
    }

    public let format: Format
    /// What to open: the GGUF file (its first shard) or the single file; nil for a directory.
    public let primary: String?
    public let files: [RemoteFile]
    /// Set when a GGUF quantisation was chosen without being asked for.
    public let defaultQuantisation: String?

    /// Bytes of all files.
    public var totalSize: Int {
        files.reduce(0) { sum, file in
            let (total, overflow) = sum.addingReportingOverflow(file.size)
            return overflow ? .max : total
        }
    }
}

extension FileSelection {
    /// Chooses from a repository's files.
    /// - Parameter selector: a file, a quantisation or, when nil, whatever runs.
    /// - Throws: ``HubError`` of kind `notFound` or `ambiguous`, listing what there is.
    package init(from files: [RemoteFile], selector: String?, repository: String) throws(HubError) {
        if let selector {
            self = try Self.selected(selector, from: files, repository: repository)
        } else if let directory = Self.directory(from: files) {
            self = directory
        } else {
            self = try Self.defaultGGUF(from: files, repository: repository)
        }
    }

    // MARK: Hugging Face directories

    private static let configurationFiles: Set<String> = [
        "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
        "tokenizer.model", "special_tokens_map.json", "added_tokens.json", "vocab.json",
        "merges.txt", "chat_template.jinja", "chat_template.json",
    ]

    /// The terms that the weights come under belong with the weights.
    private static func isLicence(_ name: String) -> Bool {
        let upper = name.uppercased()
        return ["LICENSE", "LICENCE", "NOTICE", "README.MD"].contains { upper.hasPrefix($0) }
    }

    private static func directory(from files: [RemoteFile]) -> FileSelection? {
        let root = files.filter { !$0.path.contains("/") }
        let weights = weights(from: root.filter { $0.path.hasSuffix(".safetensors") }, root)
        guard !weights.isEmpty, root.contains(where: { $0.path == "config.json" }) else {
            return nil
        }
        let index = "model.safetensors.index.json"
        let others = root.filter {
            configurationFiles.contains($0.path) || isLicence($0.path)
                || ($0.path == index && weights.count > 1)
        }
        return FileSelection(
            format: .safetensors, primary: nil, files: others + weights, defaultQuantisation: nil)
    }

    /// Repositories may hold the same weights twice (`model-*` and `consolidated*`): one set only.
    private static func weights(from candidates: [RemoteFile], _ root: [RemoteFile])
        -> [RemoteFile]
    {
        if root.contains(where: { $0.path == "model.safetensors.index.json" }) {
            let shards = candidates.filter {
                ShardedName($0.path.dropLast(".safetensors".count))?.stem == "model"
            }
            if !shards.isEmpty { return shards }
        }
        if let single = candidates.first(where: { $0.path == "model.safetensors" }) {
            return [single]
        }
        return candidates
    }

    // MARK: GGUF files

    /// One GGUF model of a repository: a file or all its shards in order.
    private struct Group {
        var name: GGUFName
        var files: [RemoteFile]

        var label: String { name.quantisation ?? files.first?.path ?? name.stem }
        var size: Int { files.reduce(0) { $0.addingReportingOverflow($1.size).partialValue } }
    }

    private static func groups(of files: [RemoteFile]) -> [Group] {
        var groups: [Group] = []
        for file in files.sorted(by: { $0.path < $1.path }) {
            guard let name = GGUFName(path: file.path),
                // Projectors of vision models are no models.
                !file.name.lowercased().hasPrefix("mmproj")
            else { continue }
            if name.shard != nil,
                let index = groups.firstIndex(where: {
                    $0.name.stem == name.stem && $0.name.shard?.count == name.shard?.count
                })
            {
                groups[index].files.append(file)
            } else {
                groups.append(Group(name: name, files: [file]))
            }
        }
        return groups
    }

    private init(_ group: Group, isDefault: Bool) throws(HubError) {
        if let count = group.name.shard?.count, count != group.files.count {
            throw HubError(
                .notFound,
                "\(group.label) has \(count) parts, of which the repository lists \(group.files.count)"
            )
        }
        self.init(
            format: .gguf, primary: group.files.first?.path, files: group.files,
            defaultQuantisation: isDefault ? group.label : nil)
    }

    private static func selected(
        _ selector: String, from files: [RemoteFile], repository: String
    ) throws(HubError) -> FileSelection {
        let groups = groups(of: files)
        if let file = files.first(where: { $0.path == selector }) {
            if let group = groups.first(where: { $0.files.contains(file) }) {
                return try FileSelection(group, isDefault: false)
            }
            let format: Format = GGUFName(path: file.path) == nil ? .file : .gguf
            return FileSelection(
                format: format, primary: file.path, files: [file], defaultQuantisation: nil)
        }
        let wanted = selector.uppercased()
        let matches = groups.filter { $0.name.quantisation == wanted }
        if matches.count == 1, let match = matches.first {
            return try FileSelection(match, isDefault: false)
        }
        let shown = RepoPath.printable(selector)
        if matches.count > 1 {
            throw HubError(
                .ambiguous,
                "\(repository) has \(matches.count) files of quantisation \(shown); name one of them: "
                    + list(matches.map { $0.files.first?.path ?? $0.label }))
        }
        let offer =
            groups.isEmpty
            ? "it has " + list(files.map(\.path)) : "its GGUF files are " + describe(groups)
        throw HubError(
            .notFound, "\(repository) has neither a file nor a quantisation “\(shown)”; \(offer)")
    }

    private static func defaultGGUF(from files: [RemoteFile], repository: String)
        throws(HubError) -> FileSelection
    {
        let groups = groups(of: files)
        if groups.count == 1, let only = groups.first {
            return try FileSelection(only, isDefault: true)
        }
        for tag in ["Q8_0", "BF16", "F16", "FP16"] {
            let matches = groups.filter { $0.name.quantisation == tag }
            if matches.count == 1, let match = matches.first {
                return try FileSelection(match, isDefault: true)
            }
        }
        guard !groups.isEmpty else {
            throw HubError(
                .notFound,
                "\(repository) has no model that can be run: expected config.json with *.safetensors,"
                    + " or a *.gguf file; it has \(list(files.map(\.path)))")
        }
        throw HubError(
            .ambiguous,
            "\(repository) has several GGUF files; name one as \(repository):QUANTISATION or"
                + " \(repository):FILE. They are \(describe(groups))")
    }

    private static func describe(_ groups: [Group]) -> String {
        list(groups.map { "\($0.label) (\(ByteCount($0.size)))" })
    }

    private static func list(_ names: [String]) -> String {
        guard !names.isEmpty else { return "no files" }
        let shown = names.prefix(20).map { RepoPath.printable($0) }.joined(separator: ", ")
        return names.count > 20 ? "\(shown) and \(names.count - 20) more" : shown
    }
}
