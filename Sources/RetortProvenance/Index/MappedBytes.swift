// SPDX-License-Identifier: Apache-2.0
//
// Memory for the index: a file's bytes without reading it, or zeroed memory in large pages, which a sort
// that jumps about needs. Both are given back when the object goes.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Bytes that live as long as the object.
final class MappedBytes: @unchecked Sendable {
    // Safety: a file's bytes are never written; the owner of fresh memory alone writes to it.
    private let memory: UnsafeMutableRawBufferPointer

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(memory) }
    var mutableBytes: UnsafeMutableRawBufferPointer { memory }
    var count: Int { memory.count }

    /// Maps a regular file; an empty one has no bytes.
    init(path: String) throws(ProvenanceError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw ProvenanceError("cannot open \(path): \(systemError())")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw ProvenanceError("cannot read \(path): \(systemError())")
        }
        guard status.st_mode & S_IFMT == S_IFREG, let size = Int(exactly: status.st_size) else {
            throw ProvenanceError("\(path) is not a regular file")
        }
        guard size > 0 else {
            memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
            return
        }
        let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let start, start != MAP_FAILED else {
            throw ProvenanceError("cannot map \(path) into memory: \(systemError())")
        }
        #if os(Linux)
            madvise(start, size, MADV_HUGEPAGE)
        #endif
        memory = UnsafeMutableRawBufferPointer(start: start, count: size)
    }

    /// Zeroed memory, which takes room only where it is written.
    init(zeroed size: Int) throws(ProvenanceError) {
        guard size > 0 else {
            memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
            return
        }
        let start = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
        guard let start, start != MAP_FAILED else {
            throw ProvenanceError(
                "cannot get \(size) bytes of memory: \(systemError()); give the build less memory")
        }
        #if os(Linux)
            madvise(start, size, MADV_HUGEPAGE)
        #endif
        memory = UnsafeMutableRawBufferPointer(start: start, count: size)
    }

    deinit {
        if let start = memory.baseAddress { munmap(start, memory.count) }
    }

    /// The first `count` elements of fresh memory.
    func bind<Element: BitwiseCopyable>(_ type: Element.Type, count: Int)
        -> UnsafeMutableBufferPointer<Element>
    {
        precondition(count * MemoryLayout<Element>.stride <= memory.count)
        return UnsafeMutableBufferPointer(
            start: memory.baseAddress?.bindMemory(to: type, capacity: count), count: count)
    }
}

/// Writes all of `bytes` where the descriptor stands.
/// - Returns: Whether it went; else ``systemError()`` says why not.
func writeFully(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Bool {
    var rest = bytes
    while let start = rest.baseAddress, !rest.isEmpty {
        let count = write(descriptor, start, rest.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
    return true
}

/// What the system says about the call that has just failed.
func systemError() -> String { String(cString: strerror(errno)) }
