// SPDX-License-Identifier: Apache-2.0
//
// What the writers take: they need every tensor's size before the first byte, and the bytes one
// tensor at a time, so that a model larger than memory can be written.

import RetortTensor

/// A tensor to be written.
public struct TensorSource {
    /// Takes the next bytes of a tensor.
    public typealias Sink = (UnsafeRawBufferPointer) throws -> Void

    public let name: String
    public let dtype: DType
    /// Slowest axis first.
    public let shape: [Int]
    let produce: (Sink) throws -> Void

    /// - Parameters:
    ///   - name: As the file shall name it.
    ///   - dtype: The type of the bytes that `produce` hands over.
    ///   - shape: Slowest axis first.
    ///   - produce: Hands all bytes to the sink, in pieces of any size, each time it is called.
    public init(
        name: String, dtype: DType, shape: [Int], produce: @escaping (Sink) throws -> Void
    ) {
        self.name = name
        self.dtype = dtype
        self.shape = shape
        self.produce = produce
    }

    /// Copies a stored tensor, under another name if one is given.
    public init(_ tensor: StoredTensor, name: String? = nil) {
        self.init(name: name ?? tensor.name, dtype: tensor.dtype, shape: tensor.shape) { sink in
            try sink(tensor.bytes)
            tensor.releasePages()
        }
    }

    /// Writes floats as f32.
    public init(name: String, shape: [Int], floats: [Float]) {
        self.init(name: name, dtype: .f32, shape: shape) { sink in
            try floats.withUnsafeBytes { try sink($0) }
        }
    }

    /// The bytes the tensor takes.
    /// - Throws: ``FormatError`` if the shape is not one or its rows do not fill whole blocks.
    func byteCount() throws(FormatError) -> Int {
        guard let elements = Checked.product(shape),
            (shape.last ?? 1) % dtype.blockSize == 0,
            let bytes = dtype.byteCount(elements: elements)
        else {
            throw FormatError("\(name) of shape \(shape) cannot be written as \(dtype.rawValue)")
        }
        return bytes
    }

    /// Appends the bytes to a file and checks that they were as many as promised.
    func write(to file: OutputFile) throws {
        let start = file.count
        try produce { try file.write($0) }
        let expected = try byteCount()
        guard file.count - start == expected else {
            throw FormatError(
                "\(name) gave \(file.count - start) bytes; \(dtype.rawValue) \(shape) takes \(expected)"
            )
        }
    }
}
