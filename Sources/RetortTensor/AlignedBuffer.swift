// SPDX-License-Identifier: Apache-2.0
//
// Zero-filled memory straight from the system: pages are taken when first touched, large buffers
// ask for huge pages, and failure is an error instead of a trap.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A page-aligned, zero-filled block of memory that lives as long as the object.
package final class AlignedBuffer: @unchecked Sendable {
    // Safety: the memory itself is shared; who writes when is the owner's business.
    package let base: UnsafeMutableRawPointer
    package let byteCount: Int
    private let mapping: UnsafeMutableRawPointer
    private let mappedBytes: Int

    /// - Throws: ``TensorError`` if the system refuses.
    package init(byteCount: Int) throws(TensorError) {
        let hugePage = 2 << 20
        let isLarge = byteCount >= 2 * hugePage
        let (padded, overflow) = max(byteCount, 1).addingReportingOverflow(isLarge ? hugePage : 0)
        let memory =
            overflow || byteCount < 0
            ? MAP_FAILED
            : mmap(
                nil, padded, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                -1, 0)
        guard let memory, memory != MAP_FAILED else {
            throw TensorError(
                "the system refused \(byteCount) bytes of memory; try a shorter context or a smaller model"
            )
        }
        mapping = memory
        mappedBytes = padded
        self.byteCount = byteCount
        if isLarge {
            let address = UInt(bitPattern: memory)
            let aligned = (address + UInt(hugePage) - 1) & ~(UInt(hugePage) - 1)
            base = memory + Int(aligned - address)
            #if os(Linux)
                madvise(base, byteCount, 14)  // MADV_HUGEPAGE
            #endif
        } else {
            base = memory
        }
    }

    deinit { munmap(mapping, mappedBytes) }

    package var floats: UnsafeMutablePointer<Float> { base.assumingMemoryBound(to: Float.self) }

    package static func floats(_ count: Int) throws(TensorError) -> AlignedBuffer {
        let (bytes, overflow) = count.multipliedReportingOverflow(by: 4)
        return try AlignedBuffer(byteCount: overflow ? -1 : bytes)
    }
}
