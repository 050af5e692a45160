// SPDX-License-Identifier: Apache-2.0

import RetortFormats
import RetortJSON

extension DatasetManifest {
    var json: JSONValue {
        var splits: [(String, JSONValue)] = []
        for split in DatasetSplit.allCases where split == .train || !self[split].shards.isEmpty {
            let part = self[split]
            var members = DatasetStatistics.keys.map { name, path in
                (name, JSONValue.integer(Int64(part.statistics[keyPath: path])))
            }
            members.append(
                (
                    "shards",
                    .array(
                        part.shards.map { shard in
                            [
                                "file": .string(shard.file),
                                "documents": .integer(Int64(shard.documents)),
                                "tokens": .integer(Int64(shard.tokens)),
                                "bytes": .integer(Int64(shard.byteCount)),
                                "sha256": .string(shard.sha256),
                            ]
                        })
                ))
            splits.append((split.rawValue, .object(JSONObject(members))))
        }
        return [
            "format": .string(Self.format), "version": .integer(Int64(Self.version)),
            "tokenizer_sha256": .string(tokenizerSHA256),
            "vocab_size": .integer(Int64(vocabularySize)),
            "sources": .array(
                sources.map { source in
                    [
                        "name": .string(source.name), "format": .string(source.format),
                        "records": .integer(Int64(source.records)),
                    ]
                }),
            "splits": .object(JSONObject(splits)),
        ]
    }

    /// Reads the manifest of a directory.
    /// - Throws: ``TrainingError`` if there is none or a part of it is wrong.
    public init(directory: String) throws(TrainingError) {
        let path = "\(directory)/\(Self.fileName)"
        let file: MappedFile
        do throws(FormatError) { file = try MappedFile(path: path) } catch {
            throw TrainingError(
                "\(directory) is no dataset: \(error). If its making was interrupted, make it again"
            )
        }
        let document: JSONValue
        do throws(JSONError) {
            document = try withExtendedLifetime(file) { () throws(JSONError) in
                try JSONValue(parsing: file.bytes)
            }
        } catch {
            throw TrainingError("\(path) is \(error)")
        }
        try self.init(Fields(value: document, path: path))
    }

    private init(_ fields: Fields) throws(TrainingError) {
        let format = try fields.string("format")
        let version = try fields.count("version")
        guard format == Self.format, version == Self.version else {
            throw TrainingError(
                "\(fields.path) is of format \(format) \(version); this version reads \(Self.format) \(Self.version)"
            )
        }
        self.init(
            tokenizerSHA256: try fields.sha256("tokenizer_sha256"),
            vocabularySize: try fields.count("vocab_size"))
        for source in try fields.array("sources") {
            sources.append(
                .init(
                    name: try source.string("name"), format: try source.string("format"),
                    records: try source.count("records")))
        }
        let splits = try fields.object("splits")
        for split in DatasetSplit.allCases {
            guard splits.has(split.rawValue) else { continue }
            self[split] = try Self.part(try splits.object(split.rawValue))
        }
    }

    private static func part(_ fields: Fields) throws(TrainingError) -> Part {
        var part = Part()
        for (name, path) in DatasetStatistics.keys {
            part.statistics[keyPath: path] = try fields.count(name)
        }
        var documents = 0
        var tokens = 0
        for entry in try fields.array("shards") {
            let file = try entry.string("file")
            // A name that leads out of the directory could make us read any file.
            guard !file.isEmpty, !file.contains("/"), !file.contains("\0"), !file.hasPrefix(".")
            else {
                throw TrainingError("\(fields.path): the file of a shard is no file name")
            }
            let shard = Shard(
                file: file, documents: try entry.count("documents"),
                tokens: try entry.count("tokens"), byteCount: try entry.count("bytes"),
                sha256: try entry.sha256("sha256"))
            documents += shard.documents
            tokens += shard.tokens
            part.shards.append(shard)
        }
        guard documents == part.statistics.documents, tokens == part.statistics.tokens else {
            throw TrainingError(
                "\(fields.path): the shards have \(documents) documents and \(tokens) tokens, the split says \(part.statistics.documents) and \(part.statistics.tokens); the file is damaged"
            )
        }
        return part
    }
}

/// Typed look-ups in an object of a manifest.
private struct Fields {
    let value: JSONValue
    let path: String

    init(value: JSONValue, path: String) {
        self.value = value
        self.path = path
    }

    private func wrong(_ key: String, _ expected: String) -> TrainingError {
        TrainingError(
            "\(path): \(key) is \(value[key]?.kind ?? "missing"); \(expected) was expected")
    }

    func has(_ key: String) -> Bool { value[key].map { !$0.isNull } ?? false }

    func string(_ key: String) throws(TrainingError) -> String {
        guard let text = value[key]?.stringValue else { throw wrong(key, "a string") }
        return text
    }

    /// Small enough that sums of a million of them do not overflow.
    func count(_ key: String) throws(TrainingError) -> Int {
        guard let count = value[key]?.intValue, count >= 0, count < 1 << 42 else {
            throw wrong(key, "a count")
        }
        return count
    }

    func sha256(_ key: String) throws(TrainingError) -> String {
        guard let text = value[key]?.stringValue, DataDigest.isValid(text) else {
            throw wrong(key, "a SHA-256 of 64 digits")
        }
        return text
    }

    func object(_ key: String) throws(TrainingError) -> Fields {
        guard let member = value[key], member.objectValue != nil else {
            throw wrong(key, "an object")
        }
        return Fields(value: member, path: "\(path): \(key)")
    }

    func array(_ key: String) throws(TrainingError) -> [Fields] {
        guard let elements = value[key]?.arrayValue, elements.count < 1 << 20 else {
            throw wrong(key, "an array")
        }
        return elements.map { Fields(value: $0, path: "\(path): \(key)") }
    }
}
