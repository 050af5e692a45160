// SPDX-License-Identifier: Apache-2.0
//
// A file appears under its name only when it is whole: it is written beside it under a temporary
// name, flushed to the disk and renamed.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A file being written. Without ``commit()`` nothing is left behind.
package final class OutputFile {
    package let path: String
    /// Bytes written so far.
    package private(set) var count = 0
    private let temporaryPath: String
    private var descriptor: Int32
    private var buffer: [UInt8] = []

    private static let bufferSize = 1 << 20

    /// - Parameter isPrivate: Only the owner may read the file.
    package init(path: String, isPrivate: Bool = false) throws(FormatError) {
        self.path = path
        temporaryPath = "\(path).\(getpid())-\(UInt32.random(in: .min ... .max)).partial"
        descriptor = open(
            temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, isPrivate ? 0o600 : 0o644)
        guard descriptor >= 0 else {
            throw FormatError("cannot write \(path): \(MappedFile.systemError)")
        }
        buffer.reserveCapacity(Self.bufferSize)
    }

    deinit {
        guard descriptor >= 0 else { return }
        close(descriptor)
        unlink(temporaryPath)
    }

    package func write(_ bytes: UnsafeRawBufferPointer) throws(FormatError) {
        count += bytes.count
        if buffer.count + bytes.count > Self.bufferSize { try flush() }
        if bytes.count > Self.bufferSize {
            try writeAll(bytes)
        } else {
            buffer.append(contentsOf: bytes)
        }
    }

    package func write(_ bytes: [UInt8]) throws(FormatError) {
        count += bytes.count
        buffer.append(contentsOf: bytes)
        if buffer.count > Self.bufferSize { try flush() }
    }

    /// Zeros up to the next multiple of `alignment`.
    func pad(to alignment: Int) throws(FormatError) {
        try write([UInt8](repeating: 0, count: (alignment - count % alignment) % alignment))
    }

    /// Makes the file appear, in place of one of the same name.
    /// - Parameter replaces: Whether a file of the name may be there already.
    package func commit(replaces: Bool = true) throws(FormatError) {
        try flush()
        let failed = fsync(descriptor) != 0
        let closed = close(descriptor) == 0
        descriptor = -1
        guard !failed, closed, appear(replaces: replaces) else {
            let reason = MappedFile.systemError
            unlink(temporaryPath)
            throw FormatError("cannot write \(path): \(reason)")
        }
    }

    private func appear(replaces: Bool) -> Bool {
        if replaces { return rename(temporaryPath, path) == 0 }
        // A link, unlike a rename, does not take the place of what is there.
        return link(temporaryPath, path) == 0 && unlink(temporaryPath) == 0
    }

    /// Writes a small file as a whole.
    package static func write(
        _ text: String, to path: String, isPrivate: Bool = false, replaces: Bool = true
    ) throws(FormatError) {
        let file = try OutputFile(path: path, isPrivate: isPrivate)
        try file.write(Array(text.utf8))
        try file.commit(replaces: replaces)
    }

    private func flush() throws(FormatError) {
        let pending = buffer
        buffer.removeAll(keepingCapacity: true)
        // A typed throw cannot leave a standard library closure.
        let result = pending.withUnsafeBytes { bytes -> Result<Void, FormatError> in
            do throws(FormatError) { return .success(try writeAll(bytes)) } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    private func writeAll(_ bytes: UnsafeRawBufferPointer) throws(FormatError) {
        var rest = bytes[...]
        while let start = UnsafeRawBufferPointer(rebasing: rest).baseAddress, !rest.isEmpty {
            #if canImport(Glibc)
                let written = Glibc.write(descriptor, start, rest.count)
            #else
                let written = Darwin.write(descriptor, start, rest.count)
            #endif
            if written < 0 {
                if errno == EINTR { continue }
                throw FormatError("cannot write \(path): \(MappedFile.systemError)")
            }
            rest = rest.dropFirst(written)
        }
    }
}
