// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Writes lines to a file that gets its name when it is whole.
final class LineWriter {
    private let handle: FileHandle
    private let path: String
    private var buffer = Data()

    /// - Parameter isPrivate: Whether only its owner may read it.
    /// - Throws: ``DistillationError`` of kind `storage` if the file cannot be made.
    init(path: String, isPrivate: Bool = false) throws(DistillationError) {
        self.path = path
        let made = FileManager.default.createFile(
            atPath: path, contents: nil,
            attributes: isPrivate ? [.posixPermissions: 0o600] : nil)
        guard made, let handle = FileHandle(forWritingAtPath: path) else {
            throw DistillationError(
                .storage,
                "\(path) cannot be made; check that its folder is there and may be written")
        }
        self.handle = handle
    }

    func write(_ line: some Sequence<UInt8>) throws(DistillationError) {
        buffer += line
        buffer.append(UInt8(ascii: "\n"))
        if buffer.count >= 1 << 20 { try flush() }
    }

    private func flush() throws(DistillationError) {
        do {
            try handle.write(contentsOf: buffer)
            buffer.removeAll(keepingCapacity: true)
        } catch {
            throw DistillationError(.storage, "\(path) cannot be written; is the disk full?")
        }
    }

    /// Puts everything on the disk.
    func finish() throws(DistillationError) {
        try flush()
        do {
            try handle.synchronize()
            try handle.close()
        } catch {
            throw DistillationError(.storage, "\(path) cannot be written; is the disk full?")
        }
    }

    /// Puts everything on the disk, then gives the file its name.
    func finish(renamingTo final: String) throws(DistillationError) {
        try finish()
        guard rename(path, final) == 0 else {
            throw DistillationError(
                .storage, "\(final) cannot be made: \(String(cString: strerror(errno)))")
        }
    }

    func discard() {
        try? handle.close()
        try? FileManager.default.removeItem(atPath: path)
    }
}
