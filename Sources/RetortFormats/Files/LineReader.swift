// SPDX-License-Identifier: Apache-2.0
//
// Reads a file line by line through one buffer, so that it may be larger than memory.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The lines of a file, one at a time.
package final class LineReader {
    package let path: String
    /// The current line without its line feed; a carriage return before it stays.
    package private(set) var line: [UInt8] = []
    /// The current line's number, from 1.
    package private(set) var number = 0
    /// Whether a line feed ended the current line, which only the last line may lack.
    package private(set) var isTerminated = false
    /// Whether the current line was longer than the limit, and is empty here instead.
    package private(set) var isTooLong = false
    private let skipsLongLines: Bool
    private let descriptor: Int32
    private let maximumLineBytes: Int
    private let chunk: UnsafeMutableRawBufferPointer
    /// What of `chunk` is not read yet.
    private var pending = 0..<0

    package static let defaultChunkBytes = 1 << 18

    /// - Parameter skipsLongLines: Whether a line over the limit is marked rather than an error.
    /// - Throws: ``FormatError`` if the file cannot be opened.
    package init(
        path: String, chunkBytes: Int = defaultChunkBytes, maximumLineBytes: Int,
        skipsLongLines: Bool = false
    ) throws(FormatError) {
        self.path = path
        self.skipsLongLines = skipsLongLines
        self.maximumLineBytes = maximumLineBytes
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        self.descriptor = descriptor
        chunk = .allocate(byteCount: max(chunkBytes, 1), alignment: 16)
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
            throw FormatError("cannot read \(path): \(String(cString: strerror(errno)))")
        }
        guard status.st_mode & S_IFMT != S_IFDIR else {
            throw FormatError("cannot read \(path): it is a directory; give its files")
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        chunk.deallocate()
    }

    /// Moves on to the next line.
    /// - Returns: Whether there is one.
    /// - Throws: ``FormatError`` if the file cannot be read or a line is too long.
    package func next() throws(FormatError) -> Bool {
        line.removeAll(keepingCapacity: true)
        isTerminated = false
        isTooLong = false
        while true {
            if pending.isEmpty, try !fill() { break }
            let rest = UnsafeRawBufferPointer(rebasing: chunk[pending])
            let end = rest.firstIndex(of: 0x0A)
            line.append(contentsOf: rest[..<(end ?? rest.count)])
            pending = pending.lowerBound + (end.map { $0 + 1 } ?? rest.count)..<pending.upperBound
            if isTooLong || line.count > maximumLineBytes {
                isTooLong = true
                line.removeAll(keepingCapacity: true)
            }
            guard !isTooLong || skipsLongLines else {
                throw FormatError(
                    "\(path):\(number + 1): the line is longer than \(maximumLineBytes) bytes; cut it or raise the limit of a record"
                )
            }
            if end != nil {
                isTerminated = true
                break
            }
        }
        guard isTerminated || isTooLong || !line.isEmpty else { return false }
        number += 1
        return true
    }

    /// The line without a carriage return at its end.
    package var text: ArraySlice<UInt8> { line.last == 0x0D ? line.dropLast() : line[...] }

    /// Whether the line has nothing but spaces.
    package var isBlank: Bool { line.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D } }

    private func fill() throws(FormatError) -> Bool {
        while true {
            let count = read(descriptor, chunk.baseAddress, chunk.count)
            if count > 0 {
                pending = 0..<count
                return true
            }
            if count == 0 { return false }
            guard errno == EINTR else {
                throw FormatError("cannot read \(path): \(String(cString: strerror(errno)))")
            }
        }
    }
}
