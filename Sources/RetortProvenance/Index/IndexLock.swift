// SPDX-License-Identifier: Apache-2.0

import Foundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One build at a time in a folder. The kernel drops the lock with the process.
final class IndexLock: Sendable {
    private let descriptor: Int32

    init(folder: String) throws(ProvenanceError) {
        let entries = try? FileManager.default.contentsOfDirectory(atPath: folder)
        if let entries {
            let isIndex = entries.contains(".lock") || entries.contains(IndexManifest.fileName)
            guard entries.isEmpty || isIndex else {
                throw ProvenanceError(
                    "\(folder) has files and is not an index; name a new or an empty folder")
            }
        } else {
            do {
                try FileManager.default.createDirectory(
                    atPath: folder, withIntermediateDirectories: true)
            } catch {
                throw ProvenanceError("cannot create the folder \(folder)")
            }
        }
        let path = folder + "/.lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else {
            throw ProvenanceError("cannot create \(path): \(systemError())")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = systemError()
            close(descriptor)
            throw ProvenanceError(
                "cannot lock \(folder) (\(reason)): is another process building this index?")
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Replaces a file in one step, after its new content is on the disk.
    static func replace(_ path: String, with bytes: [UInt8]) throws(ProvenanceError) {
        let new = path + ".new"
        let file = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else {
            throw ProvenanceError("cannot create \(new): \(systemError())")
        }
        let written = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        let isOnDisk = written == bytes.count && fsync(file) == 0
        close(file)
        guard isOnDisk, rename(new, path) == 0 else {
            throw ProvenanceError("cannot write \(path): \(systemError())")
        }
        let folder = open((path as NSString).deletingLastPathComponent, O_RDONLY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
    }
}
