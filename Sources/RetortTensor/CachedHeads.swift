// SPDX-License-Identifier: Apache-2.0

/// Keys or values of one layer: `[heads, capacity, headDim]`.
package struct CachedHeads {
    package let base: UnsafeMutableRawPointer
    package let dtype: DType
    package let capacity: Int
    package let headDim: Int
    /// Bytes between the rows of two positions.
    package let rowBytes: Int

    /// - Parameter rowBytes: Nil for rows without gaps.
    package init(
        base: UnsafeMutableRawPointer, dtype: DType, capacity: Int, headDim: Int,
        rowBytes: Int? = nil
    ) {
        self.base = base
        self.dtype = dtype
        self.capacity = capacity
        self.headDim = headDim
        self.rowBytes = rowBytes ?? headDim / dtype.blockSize * dtype.blockBytes
    }

    /// The first `count` elements of every row.
    package func prefix(_ count: Int) -> CachedHeads {
        CachedHeads(
            base: base, dtype: dtype, capacity: capacity, headDim: count, rowBytes: rowBytes)
    }

    /// The row of `position` in head `head`.
    package func row(head: Int, position: Int) -> UnsafeMutableRawPointer {
        base + (head * capacity + position) * rowBytes
    }
}
