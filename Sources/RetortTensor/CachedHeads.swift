// SPDX-License-Identifier: Apache-2.0

/// Keys or values of one layer and one sequence. Positions lie in pages of ``pageRows``, wherever the
/// pages are: in each page `[heads, pageRows, headDim]`.
package struct CachedHeads {
    /// Positions of a page: a multiple of the keys that attention takes at a time.
    package static let pageRows = 64

    /// This layer's part of page 0.
    package let base: UnsafeMutableRawPointer
    /// Where the positions of the sequence lie, `pageRows` by `pageRows`.
    package let pages: UnsafePointer<Int32>
    /// Bytes from a page to the next one.
    package let pageStride: Int
    package let dtype: DType
    package let headDim: Int
    /// Bytes between the rows of two positions of a page.
    package let rowBytes: Int

    /// - Parameter rowBytes: Nil for rows without gaps.
    package init(
        base: UnsafeMutableRawPointer, pages: UnsafePointer<Int32>, pageStride: Int, dtype: DType,
        headDim: Int, rowBytes: Int? = nil
    ) {
        self.base = base
        self.pages = pages
        self.pageStride = pageStride
        self.dtype = dtype
        self.headDim = headDim
        self.rowBytes = rowBytes ?? headDim / dtype.blockSize * dtype.blockBytes
    }

    /// The first `count` elements of every row.
    package func prefix(_ count: Int) -> CachedHeads {
        CachedHeads(
            base: base, pages: pages, pageStride: pageStride, dtype: dtype, headDim: count,
            rowBytes: rowBytes)
    }

    /// The row of `position` in head `head`; those of the same page follow it.
    package func row(head: Int, position: Int) -> UnsafeMutableRawPointer {
        let (page, place) = position.quotientAndRemainder(dividingBy: Self.pageRows)
        return base + Int(pages[page]) * pageStride + (head * Self.pageRows + place) * rowBytes
    }
}

/// What a pass computes for one sequence: `rows` rows of the batch from `firstRow` on, whose first
/// stands at `position`. The cache holds all positions up to the last of them.
package struct CachedSequence {
    package let keys: CachedHeads
    package let values: CachedHeads
    package let firstRow: Int
    package let rows: Int
    package let position: Int

    package init(
        keys: CachedHeads, values: CachedHeads, firstRow: Int, rows: Int, position: Int
    ) {
        self.keys = keys
        self.values = values
        self.firstRow = firstRow
        self.rows = rows
        self.position = position
    }
}

/// Rows of one head for attention by blocks: cached, or made for the occasion without gaps.
struct HeadRows {
    enum Place {
        case pages(CachedHeads, head: Int)
        case memory(UnsafeRawPointer, DType, rowBytes: Int)
    }

    let place: Place

    /// The rows from `position` on, as far as the page reaches.
    func from(_ position: Int) -> UnsafeRawPointer {
        switch place {
        case .pages(let cached, let head):
            UnsafeRawPointer(cached.row(head: head, position: position))
        case .memory(let base, _, let rowBytes): base + position * rowBytes
        }
    }

    var dtype: DType {
        switch place {
        case .pages(let cached, _): cached.dtype
        case .memory(_, let dtype, _): dtype
        }
    }

    var rowBytes: Int {
        switch place {
        case .pages(let cached, _): cached.rowBytes
        case .memory(_, _, let rowBytes): rowBytes
        }
    }
}

extension CachedHeads {
    /// Of no position.
    static func nothing(_ buffer: AlignedBuffer) -> CachedHeads {
        CachedHeads(
            base: buffer.base,
            pages: UnsafePointer(buffer.base.assumingMemoryBound(to: Int32.self)), pageStride: 0,
            dtype: .f32, headDim: 0)
    }
}
