// SPDX-License-Identifier: Apache-2.0

import RetortTensor

/// Writes GGUF version 3, one tensor at a time.
public enum GGUFWriter {
    /// Writes a file. `general.alignment` is added if it is not 32.
    /// - Throws: ``FormatError`` if a key or a name occurs twice or the file cannot be written; what
    ///   a source throws. Then no file is left behind.
    public static func write(
        to path: String, metadata: [(key: String, value: GGUFValue)], tensors: [TensorSource],
        alignment: Int = 32
    ) throws {
        guard alignment >= 8, alignment & (alignment - 1) == 0 else {
            throw FormatError("\(alignment) cannot be an alignment; choose a power of two from 8")
        }
        var metadata = metadata.filter { $0.key != "general.alignment" }
        if alignment != 32 {
            metadata.append(("general.alignment", .uint32(UInt32(truncatingIfNeeded: alignment))))
        }
        try checkUnique(metadata.map(\.key), "metadata keys")
        try checkUnique(tensors.map(\.name), "tensors")
        for tensor in tensors where tensor.shape.count > GGUFParser.maximumDimensions {
            throw FormatError("\(tensor.name) has \(tensor.shape.count) axes; GGUF allows 4")
        }
        let file = try OutputFile(path: path)
        try file.write(Array("GGUF".utf8) + GGUFValue.encode(UInt32(3)))
        try file.write(GGUFValue.encode(UInt64(tensors.count)))
        try file.write(GGUFValue.encode(UInt64(metadata.count)))
        for (key, value) in metadata {
            try file.write(GGUFValue.text(key).encoded)
            try file.write(GGUFValue.encode(value.type.rawValue))
            try file.write(value.encoded)
        }
        var offset = 0
        for tensor in tensors {
            let byteCount = try tensor.byteCount()
            try file.write(GGUFValue.text(tensor.name).encoded)
            try file.write(GGUFValue.encode(UInt32(tensor.shape.count)))
            for size in tensor.shape.reversed() { try file.write(GGUFValue.encode(UInt64(size))) }
            guard let type = GGMLType(tensor.dtype) else {
                throw FormatError(
                    "GGUF cannot hold \(tensor.dtype.rawValue) (\(tensor.name)); choose \(GGMLType.writable)"
                )
            }
            try file.write(GGUFValue.encode(type.rawValue))
            try file.write(GGUFValue.encode(UInt64(offset)))
            offset += (byteCount + alignment - 1) / alignment * alignment
        }
        for tensor in tensors {
            try file.pad(to: alignment)
            try tensor.write(to: file)
        }
        // Readers expect the last tensor to be padded too.
        try file.pad(to: alignment)
        try file.commit()
    }

    private static func checkUnique(_ names: [String], _ what: String) throws(FormatError) {
        var seen: Set<ByteKey> = []
        for name in names where !seen.insert(ByteKey(name)).inserted {
            throw FormatError("two \(what) are called \(name)")
        }
    }
}
