// SPDX-License-Identifier: Apache-2.0
//
// Tensors of whole numbers: token ids, offsets, flags. No kernel computes with them, so they have
// no `DType`.

/// The integer types of safetensors, by their names there.
package enum IntegerType: String, Sendable, CaseIterable {
    case u8 = "U8"
    case i8 = "I8"
    case u16 = "U16"
    case i16 = "I16"
    case u32 = "U32"
    case i32 = "I32"
    case u64 = "U64"
    case i64 = "I64"

    /// Bytes an element takes.
    package var byteCount: Int {
        switch self {
        case .u8, .i8: return 1
        case .u16, .i16: return 2
        case .u32, .i32: return 4
        case .u64, .i64: return 8
        }
    }
}

/// A tensor of integers, in a file or about to be written to one.
package struct IntegerTensor: @unchecked Sendable {
    // Safety: the bytes are never written.
    package let name: String
    package let type: IntegerType
    /// Slowest axis first.
    package let shape: [Int]
    /// The elements, little-endian; not necessarily aligned.
    package let bytes: UnsafeRawBufferPointer
    /// Keeps the bytes of a file alive.
    private let file: MappedFile?

    /// - Parameter bytes: Must outlive the tensor; as many as `shape` takes, which writing checks.
    package init(name: String, type: IntegerType, shape: [Int], bytes: UnsafeRawBufferPointer) {
        self.init(name: name, type: type, shape: shape, bytes: bytes, file: nil)
    }

    init(
        name: String, type: IntegerType, shape: [Int], bytes: UnsafeRawBufferPointer,
        file: MappedFile?
    ) {
        self.name = name
        self.type = type
        self.shape = shape
        self.bytes = bytes
        self.file = file
    }
}

extension SafetensorsFile {
    /// A tensor of integers.
    /// - Throws: ``FormatError`` if there is none of this name or it has another type.
    package func integers(_ name: String) throws(FormatError) -> IntegerTensor {
        let entry = try entry(name)
        guard let type = IntegerType(rawValue: entry.type.rawValue) else {
            throw FormatError(
                "\(path): tensor \(name) is \(entry.type.rawValue); integers were expected")
        }
        return IntegerTensor(
            name: name, type: type, shape: entry.shape,
            bytes: file.slice(entry.range) ?? UnsafeRawBufferPointer(start: nil, count: 0),
            file: file)
    }
}

extension SafetensorsWriter {
    /// Writes one file of integers.
    /// - Parameters:
    ///   - tensors: In the order of the file; the widest type first keeps all of them aligned.
    ///   - metadata: `__metadata__`
    /// - Throws: ``FormatError`` if a name occurs twice, a tensor's bytes are not those of its shape
    ///   or the file cannot be written. Then no file is left behind.
    package static func write(
        _ tensors: [IntegerTensor], metadata: [(key: String, value: String)], to path: String
    ) throws(FormatError) {
        var header = Header(metadata: metadata)
        for tensor in tensors {
            guard let bytes = Checked.product(tensor.shape + [tensor.type.byteCount]),
                bytes == tensor.bytes.count
            else {
                throw FormatError(
                    "\(tensor.name) has \(tensor.bytes.count) bytes, which \(tensor.type.rawValue) \(tensor.shape) does not take"
                )
            }
            try header.add(tensor.name, tensor.type.rawValue, tensor.shape, bytes)
        }
        let file = try OutputFile(path: path)
        try file.write(header.bytes())
        for tensor in tensors { try file.write(tensor.bytes) }
        try file.commit()
    }
}
