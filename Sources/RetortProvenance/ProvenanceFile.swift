// SPDX-License-Identifier: Apache-2.0

import Foundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

private func writeBytes(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}

/// Files that have their name only when they are whole.
enum ProvenanceFile {
    /// - Throws: ``ProvenanceError`` if it cannot be written; what was there stays then.
    static func write(_ text: String, to path: String) throws(ProvenanceError) {
        let partial = "\(path).\(getpid()).partial"
        func failure() -> ProvenanceError {
            let reason = String(cString: strerror(errno))
            unlink(partial)
            return ProvenanceError(
                "\(path) cannot be written: \(reason)", advice: "check its folder and the disk")
        }
        let descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure() }
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { writeBytes(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else {
                let error = failure()
                close(descriptor)
                throw error
            }
            bytes = bytes.dropFirst(count)
        }
        guard fsync(descriptor) == 0 else {
            let error = failure()
            close(descriptor)
            throw error
        }
        guard close(descriptor) == 0, rename(partial, path) == 0 else { throw failure() }
    }
}
