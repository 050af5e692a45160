// SPDX-License-Identifier: Apache-2.0
//
// The few file operations that the store is made of, with the system's reason in their errors.

import Foundation

package enum FileSystem {
    /// The error of the last system call as the module's.
    static func failure(_ verb: String, _ path: String, code: Int32 = errno) -> HubError {
        let hint =
            code == ENOSPC || code == EDQUOT
            ? "; free some space and pull again, what was downloaded is kept" : ""
        return HubError(
            .storage, "cannot \(verb) \(path): \(String(cString: strerror(code)))\(hint)")
    }

    static func makeFolder(_ path: String) throws(HubError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
        } catch {
            throw HubError(.storage, "cannot create the folder \(path): \(reason(error))")
        }
    }

    /// The size of a regular file, following links; nil if there is none.
    static func size(_ path: String) -> Int? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }

    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Names in a folder, sorted, hidden ones left out; empty if it cannot be read.
    static func names(in path: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [])
            .filter { !$0.hasPrefix(".") }.sorted()
    }

    /// Bytes that an unprivileged process may still write where `path` is or will be.
    static func freeSpace(at path: String) -> Int? {
        var folder = path
        while !isFolder(folder), let slash = folder.lastIndex(of: "/"), slash > folder.startIndex {
            folder = String(folder[..<slash])
        }
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return nil }
        let (bytes, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(
            by: UInt64(status.f_frsize))
        return overflow ? .max : Int(clamping: bytes)
    }

    /// Writes under a temporary name in the same folder, syncs and renames.
    static func write(_ text: String, to path: String) throws(HubError) {
        let temporary = "\(path).\(getpid()).tmp"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure("write", temporary) }
        do throws(HubError) {
            defer { close(descriptor) }
            try write(Array(text.utf8), to: descriptor, path: temporary)
            guard fsync(descriptor) == 0 else { throw failure("write", temporary) }
        } catch {
            unlink(temporary)
            throw error
        }
        try move(temporary, to: path)
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32, path: String)
        throws(HubError)
    {
        guard let code = bytes.withUnsafeBytes({ writeAll($0, to: descriptor) }) else { return }
        throw failure("write", path, code: code)
    }

    /// Writes every byte; the error's number if that fails.
    static func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32? {
        var rest = bytes
        while !rest.isEmpty {
            let written = Foundation.write(descriptor, rest.baseAddress, rest.count)
            if written < 0 {
                if errno == EINTR { continue }
                return errno
            }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
        }
        return nil
    }

    static func move(_ source: String, to destination: String) throws(HubError) {
        guard rename(source, destination) == 0 else { throw failure("move to", destination) }
    }

    /// Makes `path` a link to `target`, replacing what was there.
    static func link(_ path: String, to target: String) throws(HubError) {
        let temporary = "\(path).\(getpid()).tmp"
        unlink(temporary)
        guard symlink(target, temporary) == 0 else { throw failure("create", path) }
        try move(temporary, to: path)
    }

    /// Makes the names in a folder durable.
    static func sync(folder path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    static func remove(_ path: String) throws(HubError) {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw HubError(.storage, "cannot remove \(path): \(reason(error))")
        }
    }

    /// Removes folders that are empty, from `path` upward, and stops at `root`.
    static func removeEmptyFolders(from path: String, upTo root: String) {
        var folder = path
        while folder != root, folder.hasPrefix(root), rmdir(folder) == 0,
            let slash = folder.lastIndex(of: "/")
        {
            folder = String(folder[..<slash])
        }
    }

    private static func reason(_ error: any Error) -> String {
        (error as NSError).localizedDescription
    }
}
