// SPDX-License-Identifier: Apache-2.0

import RetortTensor

/// A tensor as it lies in a file: nothing is copied, its pages are read when touched.
public struct StoredTensor: @unchecked Sendable {
    // Safety: the bytes are never written.
    public let name: String
    public let dtype: DType
    /// Slowest axis first: a matrix is `[rows, columns]`.
    public let shape: [Int]
    /// The elements, little-endian. Rows follow one another without gaps.
    public let bytes: UnsafeRawBufferPointer
    /// Where `bytes` begins in `file`.
    let offset: Int
    let file: MappedFile
    /// f8: what blocks of elements are multiplied with.
    public let scales: BlockScales?
    /// What an adapter adds; not yet in `bytes`.
    let change: TensorChange?

    /// - Parameter range: Inside `file`; the caller has checked that it holds `shape`.
    init(
        name: String, dtype: DType, shape: [Int], file: MappedFile, range: Range<Int>,
        scales: BlockScales? = nil, change: TensorChange? = nil
    ) {
        self.scales = scales
        self.change = change
        self.name = name
        self.dtype = dtype
        self.shape = shape
        self.file = file
        offset = range.lowerBound
        bytes = file.slice(range) ?? UnsafeRawBufferPointer(start: nil, count: 0)
    }

    /// The same tensor with factors.
    func scaled(by scales: StoredTensor) throws(FormatError) -> StoredTensor {
        StoredTensor(
            name: name, dtype: dtype, shape: shape, file: file,
            range: offset..<offset + bytes.count, scales: try BlockScales(scales, of: self))
    }

    /// The same tensor under a name, to which an adapter adds.
    func changed(by change: TensorChange, name: String) -> StoredTensor {
        StoredTensor(
            name: name, dtype: dtype, shape: shape, file: file,
            range: offset..<offset + bytes.count, scales: scales, change: change)
    }

    /// What the bytes belong to: they are valid as long as it is held.
    public var owner: any AnyObject & Sendable { file }

    /// Tells the system that the tensor's pages need not stay in memory.
    public func releasePages() { file.releasePages(offset..<offset + bytes.count) }

    public var elementCount: Int { shape.reduce(1, *) }
    /// Elements of the last axis; 1 for a scalar.
    var columns: Int { shape.last ?? 1 }
    /// All axes but the last; 0 where there are no elements.
    var rows: Int { shape.dropLast().reduce(1, *) }
}

/// What a file says about one of its tensors, also about those of types that cannot be read.
public struct TensorInfo: Sendable, Equatable {
    public let name: String
    /// The type as the format names it, in lower case: `bf16`, `q4_k`, `i64`.
    public let type: String
    /// Slowest axis first.
    public let shape: [Int]
    public let byteCount: Int
}

/// Products and sums of numbers from files.
enum Checked {
    /// The product, or nil if it overflows or a factor is negative.
    static func product(_ factors: [Int]) -> Int? {
        var total = 1
        for factor in factors {
            let (product, overflow) = total.multipliedReportingOverflow(by: factor)
            guard factor >= 0, !overflow else { return nil }
            total = product
        }
        return total
    }

    /// The first range that begins before an earlier one ends. Empty ranges overlap nothing.
    static func overlap(_ ranges: [Range<Int>]) -> (Int, Int)? {
        let order = ranges.indices.filter { !ranges[$0].isEmpty }
            .sorted { ranges[$0].lowerBound < ranges[$1].lowerBound }
        for (first, second) in zip(order, order.dropFirst())
        where ranges[second].lowerBound < ranges[first].upperBound {
            return (first, second)
        }
        return nil
    }
}
