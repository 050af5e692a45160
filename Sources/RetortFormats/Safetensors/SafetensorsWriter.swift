// SPDX-License-Identifier: Apache-2.0
//
// Writes safetensors as Hugging Face's tools do: names, `__metadata__` and index are theirs.

import Foundation
import RetortJSON
import RetortTensor

/// Writes tensors of type f32, f16 or bf16, one at a time.
public enum SafetensorsWriter {
    /// Where a checkpoint is cut into shards.
    public static let defaultShardBytes = 5_000_000_000

    /// Writes one file.
    /// - Parameters:
    ///   - tensors: In the order of the file.
    ///   - path: A file of this name is replaced.
    ///   - metadata: Goes into `__metadata__` behind `format`.
    /// - Throws: ``FormatError`` if a name occurs twice, a type is not known to safetensors or the
    ///   file cannot be written; what a source throws. Then no file is left behind.
    public static func write(
        _ tensors: [TensorSource], to path: String, metadata: [(key: String, value: String)] = []
    ) throws {
        let file = try OutputFile(path: path)
        try file.write(try header(of: tensors, metadata).bytes())
        for tensor in tensors { try tensor.write(to: file) }
        try file.commit()
    }

    /// Writes `model.safetensors` into a directory, or shards of at most `maximumShardBytes` (a
    /// larger tensor has one to itself) and their index.
    /// - Returns: The names of the files.
    /// - Throws: as ``write(_:to:)``, and if the directory holds weights under other names, which a
    ///   reader could mistake for these.
    @discardableResult
    public static func write(
        _ tensors: [TensorSource], directory: String, maximumShardBytes: Int = defaultShardBytes
    ) throws -> [String] {
        let shards = try shards(tensors, maximumShardBytes)
        var names = [SafetensorsDirectory.fileName]
        if shards.count > 1 {
            names = shards.indices.map {
                "model-\(padded($0 + 1))-of-\(padded(shards.count)).safetensors"
            }
            names.append(SafetensorsDirectory.indexName)
        }
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        for old in try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
        where (old.hasSuffix(".safetensors") || old == SafetensorsDirectory.indexName)
            && !names.contains(old)
        {
            throw FormatError(
                "\(directory) holds other weights (\(old)); choose an empty directory")
        }
        for (shard, name) in zip(shards, names) { try write(shard, to: "\(directory)/\(name)") }
        if shards.count > 1 {
            try OutputFile.write(
                index(shards, names).text(.pretty) + "\n",
                to: "\(directory)/\(SafetensorsDirectory.indexName)")
        }
        return names
    }

    private static func header(
        of tensors: [TensorSource], _ metadata: [(key: String, value: String)]
    ) throws(FormatError) -> Header {
        var header = Header(metadata: [("format", "pt")] + metadata)
        for tensor in tensors {
            guard let type = SafetensorsDType(tensor.dtype) else {
                throw FormatError(
                    "safetensors cannot hold \(tensor.dtype.rawValue) (\(tensor.name)); choose f32, f16 or bf16"
                )
            }
            try header.add(tensor.name, type.rawValue, tensor.shape, try tensor.byteCount())
        }
        return header
    }

    /// Collects the header: `__metadata__` and where each tensor lies.
    struct Header {
        private var members: [JSONObject.Member]
        private var seen: Set<ByteKey> = [ByteKey("__metadata__")]
        private var offset = 0

        init(metadata: [(key: String, value: String)]) {
            let pairs = metadata.map { ($0.key, JSONValue.string($0.value)) }
            members = [.init(key: "__metadata__", value: .object(JSONObject(pairs)))]
        }

        mutating func add(_ name: String, _ type: String, _ shape: [Int], _ byteCount: Int)
            throws(FormatError)
        {
            guard seen.insert(ByteKey(name)).inserted else {
                throw FormatError("two tensors are called \(name)")
            }
            let (end, overflow) = offset.addingReportingOverflow(byteCount)
            guard !overflow else { throw FormatError("\(name) is too large for one file") }
            members.append(
                .init(
                    key: name,
                    value: [
                        "dtype": .string(type),
                        "shape": .array(shape.map { .integer(Int64($0)) }),
                        "data_offsets": [.integer(Int64(offset)), .integer(Int64(end))],
                    ]))
            offset = end
        }

        /// The length and the header's text; the data begins at a multiple of 8.
        func bytes() -> [UInt8] {
            var text = Array(JSONValue.object(JSONObject(members: members)).text().utf8)
            text.append(contentsOf: repeatElement(0x20, count: (8 - text.count % 8) % 8))
            return withUnsafeBytes(of: UInt64(text.count).littleEndian, Array.init) + text
        }
    }

    private static func shards(_ tensors: [TensorSource], _ maximum: Int) throws(FormatError)
        -> [[TensorSource]]
    {
        var shards: [[TensorSource]] = [[]]
        var size = 0
        for tensor in tensors {
            let bytes = try tensor.byteCount()
            if size > 0, size + bytes > maximum {
                shards.append([])
                size = 0
            }
            shards[shards.count - 1].append(tensor)
            size += bytes
        }
        return shards
    }

    private static func padded(_ number: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, 5 - text.count)) + text
    }

    private static func index(_ shards: [[TensorSource]], _ names: [String]) throws(FormatError)
        -> JSONValue
    {
        var total = 0
        var map: [JSONObject.Member] = []
        for (shard, name) in zip(shards, names) {
            for tensor in shard {
                total += try tensor.byteCount()
                map.append(.init(key: tensor.name, value: .string(name)))
            }
        }
        return [
            "metadata": ["total_size": .integer(Int64(total))],
            "weight_map": .object(JSONObject(members: map)),
        ]
    }
}
