// SPDX-License-Identifier: Apache-2.0
//
// The weights of a Hugging Face directory: one model.safetensors, or shards that
// model.safetensors.index.json lists. As in transformers, the single file wins if both are there.

import Foundation
import RetortJSON

/// All safetensors files of a checkpoint.
struct SafetensorsDirectory: Sendable {
    static let fileName = "model.safetensors"
    static let indexName = "model.safetensors.index.json"

    let files: [SafetensorsFile]
    /// Names in the order of the files.
    let tensorNames: [String]
    private let fileOfTensor: [ByteKey: Int]

    /// - Throws: ``FormatError`` naming what is missing, of how many files.
    init(path: String) throws(FormatError) {
        let single = "\(path)/\(Self.fileName)"
        let index = "\(path)/\(Self.indexName)"
        if FileManager.default.fileExists(atPath: single) {
            try self.init(files: [SafetensorsFile(path: single)])
        } else if FileManager.default.fileExists(atPath: index) {
            try self.init(index: index, directory: path)
        } else {
            throw Self.noWeights(path)
        }
    }

    private init(files: [SafetensorsFile]) throws(FormatError) {
        var names: [String] = []
        var fileOfTensor: [ByteKey: Int] = [:]
        for (number, file) in files.enumerated() {
            for name in file.tensorNames {
                if let other = fileOfTensor.updateValue(number, forKey: ByteKey(name)) {
                    throw FormatError(
                        "tensor \(name) is both in \(files[other].path) and in \(file.path)")
                }
                names.append(name)
            }
        }
        self.files = files
        self.fileOfTensor = fileOfTensor
        tensorNames = names
    }

    private init(index: String, directory: String) throws(FormatError) {
        let document = try JSONFile.object(path: index)
        guard let map = document["weight_map"]?.objectValue, !map.isEmpty else {
            throw FormatError("\(index) has no weight_map; it should name the file of each tensor")
        }
        var shardNames: [String] = []
        var numbers: [ByteKey: Int] = [:]
        for member in map.members {
            // A name that leads out of the directory could make us read any file.
            guard let shard = member.value.stringValue, !shard.isEmpty, !shard.contains("/"),
                !shard.contains("\0"), shard != "."
            else {
                throw FormatError("\(index): the file of tensor \(member.key) is no file name")
            }
            let key = ByteKey(shard)
            if numbers[key] == nil {
                numbers[key] = shardNames.count
                shardNames.append(shard)
            }
        }
        let missing = shardNames.filter {
            !FileManager.default.fileExists(atPath: "\(directory)/\($0)")
        }
        if let first = missing.first {
            throw FormatError(
                "\(directory)/\(first) is missing: the weights are in \(shardNames.count) files, \(shardNames.count - missing.count) of them are here"
            )
        }
        var files: [SafetensorsFile] = []
        for shard in shardNames { files.append(try SafetensorsFile(path: "\(directory)/\(shard)")) }
        for member in map.members {
            guard let shard = member.value.stringValue, let number = numbers[ByteKey(shard)],
                files[number].contains(member.key)
            else {
                throw FormatError(
                    "\(index) says that tensor \(member.key) is in \(member.value.stringValue ?? "?"), but it is not"
                )
            }
        }
        try self.init(files: files)
    }

    private static func noWeights(_ path: String) -> FormatError {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        if let pickle = names.sorted().first(where: { $0.hasSuffix(".bin") || $0.hasSuffix(".pth") }
        ) {
            return FormatError(
                "\(path) has \(pickle) but no \(fileName); only safetensors are read: save the model with safe_serialization"
            )
        }
        return FormatError("\(path) has neither \(fileName) nor \(indexName)")
    }

    func contains(_ name: String) -> Bool { fileOfTensor[ByteKey(name)] != nil }

    func info(_ name: String) -> TensorInfo? {
        fileOfTensor[ByteKey(name)].flatMap { files[$0].info(name) }
    }

    func tensor(_ name: String) throws(FormatError) -> StoredTensor? {
        guard let number = fileOfTensor[ByteKey(name)] else { return nil }
        return try files[number].tensor(name)
    }
}
