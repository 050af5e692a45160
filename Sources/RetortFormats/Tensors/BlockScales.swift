// SPDX-License-Identifier: Apache-2.0
//
// DeepSeek's 8-bit checkpoints: weights in f8 e4m3 and, as a tensor beside each, a factor for every
// block of 128 x 128 of them.

import RetortTensor

/// The factors of one matrix.
public struct BlockScales: @unchecked Sendable {
    // Safety: the bytes are never written.

    /// What is appended to the weight's name.
    static let suffix = "_scale_inv"
    static func isScale(_ name: String) -> Bool { name.hasSuffix(".weight" + suffix) }
    /// Rows and columns of a block.
    static let block = WeightMatrix.scaleBlock

    /// f32, `[ceil(rows / 128), ceil(columns / 128)]`.
    public let bytes: UnsafeRawBufferPointer
    private let file: MappedFile

    /// - Throws: ``FormatError`` if the factors do not fit the matrix or are not finite.
    init(_ scales: StoredTensor, of tensor: StoredTensor) throws(FormatError) {
        let expected = tensor.shape.map { ($0 + Self.block - 1) / Self.block }
        guard scales.dtype == .f32, tensor.shape.count == 2, scales.shape == expected else {
            throw FormatError(
                "\(scales.name) is \(scales.dtype.rawValue) \(scales.shape); f32 \(expected) was expected for a matrix of \(tensor.shape)"
            )
        }
        if let index = scales.firstNonFinite() {
            throw FormatError("\(scales.name) has NaN or infinity at element \(index)")
        }
        bytes = scales.bytes
        file = scales.file
    }

    /// The factor of row and column of blocks.
    func factor(_ row: Int, _ column: Int, columns: Int) -> Float {
        bytes.loadUnaligned(fromByteOffset: 4 * (row * columns + column), as: Float.self)
    }
}

extension StoredTensor {
    /// Multiplies `values`, the tensor's rows from `first` on, by their factors.
    public func applyScales(_ values: UnsafeMutablePointer<Float>, firstRow first: Int, count: Int)
    {
        guard let scales else { return }
        let blocks = (columns + BlockScales.block - 1) / BlockScales.block
        for row in 0..<count {
            for block in 0..<blocks {
                let factor = scales.factor(
                    (first + row) / BlockScales.block, block, columns: blocks)
                let start = block * BlockScales.block
                for column in start..<min(start + BlockScales.block, columns) {
                    values[row * columns + column] *= factor
                }
            }
        }
    }

    /// The tensor as f32 in memory, its factors applied and its change added.
    func dequantised() throws(FormatError) -> StoredTensor {
        let values = try floats()
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: 4 * values.count, alignment: 64)
        values.withUnsafeBytes { memory.copyMemory(from: $0) }
        return StoredTensor(
            name: name, dtype: .f32, shape: shape, file: MappedFile(adopting: memory, name: name),
            range: 0..<memory.count)
    }
}
