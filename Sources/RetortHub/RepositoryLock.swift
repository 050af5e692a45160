// SPDX-License-Identifier: Apache-2.0
//
// One process at a time changes a repository's folder. The kernel drops the lock with the process,
// so that none is left behind by a crash. Lock files stay outside the repositories' folders and are
// never removed: removing one that another process has open would leave two owners.

import Foundation

final class RepositoryLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock of a repository or says who has it.
    init(_ model: ModelName, in root: String) throws(HubError) {
        let folder = root + "/.locks"
        try FileSystem.makeFolder(folder)
        // "--" occurs in no repository's name.
        let path = "\(folder)/\(model.owner)--\(model.name)"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw FileSystem.failure("create", path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            let owner = Self.owner(descriptor)
            close(descriptor)
            guard code == EWOULDBLOCK else {
                throw FileSystem.failure("lock", path, code: code)
            }
            throw HubError(
                .busy,
                "another process\(owner) is pulling or removing \(model.repository); wait until it is"
                    + " done")
        }
        // Only information: the lock itself is the kernel's.
        if ftruncate(descriptor, 0) == 0 {
            _ = Array("\(getpid())\n".utf8).withUnsafeBytes {
                pwrite(descriptor, $0.baseAddress, $0.count, 0)
            }
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    private static func owner(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 16)
        let length = pread(descriptor, &bytes, bytes.count, 0)
        guard length > 0 else { return "" }
        let text = String(decoding: bytes[..<length], as: UTF8.self)
        return Int(text.trimmingCharacters(in: .whitespacesAndNewlines)).map { " (\($0))" } ?? ""
    }
}
