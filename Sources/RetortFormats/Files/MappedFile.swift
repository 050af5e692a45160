// SPDX-License-Identifier: Apache-2.0
//
// The bytes of a file without reading it: the system loads pages when they are touched and may drop
// them again. The same type wraps bytes in memory, so that every parser can be run without a disk.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Read-only bytes of a file. The pointers are valid as long as the object lives.
public final class MappedFile: @unchecked Sendable {
    // Safety: the bytes are never written after init.
    /// The path as given, or what the bytes in memory were called.
    public let path: String
    public let bytes: UnsafeRawBufferPointer
    private let isMapped: Bool

    /// Maps a file.
    /// - Throws: ``FormatError`` if it is missing, empty, not a regular file or not readable.
    public init(path: String) throws(FormatError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw FormatError("cannot open \(path): \(Self.systemError)")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw FormatError("cannot read \(path): \(Self.systemError)")
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw FormatError("\(path) is a directory; a file was expected")
        default: throw FormatError("\(path) is not a regular file")
        }
        guard let count = Int(exactly: status.st_size), count > 0 else {
            throw FormatError("\(path) is empty; was its download or copy interrupted?")
        }
        let memory = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let memory, memory != MAP_FAILED else {
            throw FormatError("cannot map \(path) into memory: \(Self.systemError)")
        }
        #if os(Linux)
            // Large pages where the file system has them: a tenth of the time of reading weights.
            madvise(memory, count, MADV_HUGEPAGE)
        #endif
        self.path = path
        bytes = UnsafeRawBufferPointer(start: memory, count: count)
        isMapped = true
    }

    /// Bytes in memory that are treated as a file called `name`.
    public init(bytes source: [UInt8], name: String) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: source.count, alignment: 16)
        copy.copyBytes(from: source)
        path = name
        bytes = UnsafeRawBufferPointer(copy)
        isMapped = false
    }

    /// The same without a copy: the memory is freed with the object.
    init(adopting memory: UnsafeMutableRawBufferPointer, name: String) {
        path = name
        bytes = UnsafeRawBufferPointer(memory)
        isMapped = false
    }

    deinit {
        let memory = UnsafeMutableRawBufferPointer(mutating: bytes)
        if isMapped {
            munmap(memory.baseAddress, memory.count)
        } else {
            memory.deallocate()
        }
    }

    public var count: Int { bytes.count }

    /// The bytes in `range`, or nil if it is not inside the file.
    func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer? {
        guard range.lowerBound >= 0, range.upperBound <= bytes.count else { return nil }
        return UnsafeRawBufferPointer(rebasing: bytes[range])
    }

    /// Tells the system that the whole pages in `range` need not stay in memory; they are read from
    /// the file again when touched. Does nothing for bytes in memory.
    public func releasePages(_ range: Range<Int>) {
        guard isMapped, let base = bytes.baseAddress else { return }
        let page = Int(getpagesize())
        let start = (max(range.lowerBound, 0) + page - 1) / page * page
        // The file's last page may be cut: no other range can share it.
        let end = range.upperBound >= count ? count : range.upperBound / page * page
        guard start < end else { return }
        madvise(UnsafeMutableRawPointer(mutating: base + start), end - start, MADV_DONTNEED)
    }

    static var systemError: String { String(cString: strerror(errno)) }
}
