// SPDX-License-Identifier: Apache-2.0

import Foundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Files that have their name only when they are whole.
enum ProvenanceFile {
    /// - Throws: ``ProvenanceError`` if it cannot be written; what was there stays then.
    static func write(_ text: String, to path: String) throws(ProvenanceError) {
        let partial = "\(path).\(getpid()).partial"
        func failure() -> ProvenanceError {
            let reason = systemError()
            unlink(partial)
            return ProvenanceError(
                "\(path) cannot be written: \(reason)", advice: "check its folder and the disk")
        }
        let descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure() }
        guard Array(text.utf8).withUnsafeBytes({ writeFully(descriptor, $0) }),
            fsync(descriptor) == 0
        else {
            let error = failure()
            close(descriptor)
            throw error
        }
        guard close(descriptor) == 0, rename(partial, path) == 0 else { throw failure() }
    }
}
