// SPDX-License-Identifier: Apache-2.0
//
// The file `<digest>.incomplete`. What it holds is a prefix of the content, so that a later try, or
// a later process, goes on where this one stopped. An actor, because the transfer that writes it
// runs beside the watchdog that may end it; it blocks on the disk, one buffer at a time.

import Foundation
import NIOCore

package actor PartialBlob {
    package let file: RemoteFile
    private let path: String
    private let descriptor: Int32
    private var hasher: BlobHasher
    /// Bytes written and hashed.
    package private(set) var count = 0
    /// Whether the content was written in more than one go, so that an older part may be at fault.
    package private(set) var isPatched = false

    /// Opens or creates the file.
    package init(path: String, file: RemoteFile) throws(HubError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw FileSystem.failure("write", path) }
        self.path = path
        self.file = file
        self.descriptor = descriptor
        hasher = BlobHasher(for: file.checksum, size: file.size)
    }

    deinit { close(descriptor) }

    /// Reads what an earlier process left, up to where the transfer goes on.
    package func resume() async throws(HubError) {
        let existing = Int(lseek(descriptor, 0, SEEK_END))
        guard existing > 0, existing <= file.size else {
            try restart()
            return
        }
        guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw FileSystem.failure("read", path) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { buffer.deallocate() }
        while count < existing {
            let length = read(descriptor, buffer.baseAddress, buffer.count)
            if length < 0, errno == EINTR { continue }
            guard length > 0 else { throw FileSystem.failure("read", path) }
            hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<length]))
            count += length
            if Task.isCancelled { throw HubError(.cancelled, "the pull was cancelled") }
            await Task.yield()
        }
        isPatched = true
    }

    /// Throws the content away.
    package func restart() throws(HubError) {
        guard ftruncate(descriptor, 0) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
            throw FileSystem.failure("write", path)
        }
        hasher = BlobHasher(for: file.checksum, size: file.size)
        count = 0
        isPatched = false
    }

    /// Marks that the next bytes come from another request than the last ones.
    package func beginPatch() {
        if count > 0 { isPatched = true }
    }

    /// Appends the next bytes. The caller has checked that they are not more than the size.
    package func append(_ buffer: ByteBuffer) throws(HubError) {
        let code = buffer.withUnsafeReadableBytes { bytes -> Int32? in
            if let code = FileSystem.writeAll(bytes, to: descriptor) { return code }
            hasher.update(bytes)
            return nil
        }
        guard let code else {
            count += buffer.readableBytes
            return
        }
        // A part of the buffer may be on disk: back to what was hashed.
        if ftruncate(descriptor, off_t(count)) == 0 {
            lseek(descriptor, off_t(count), SEEK_SET)
        }
        throw FileSystem.failure("write", path, code: code)
    }

    /// Whether the content is the promised one.
    package var isIntact: Bool { count == file.size && hasher.hex == file.checksum.hex }

    /// Makes the content durable under its final name.
    package func finish(as destination: String) throws(HubError) {
        guard fsync(descriptor) == 0 else { throw FileSystem.failure("write", path) }
        try FileSystem.move(path, to: destination)
    }

    package func discard() { unlink(path) }
}
