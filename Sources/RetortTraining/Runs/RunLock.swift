// SPDX-License-Identifier: Apache-2.0
//
// One process at a time writes a run's directory. The kernel drops the lock with the process, so that
// none is left behind by a crash; the file stays, since removing one that another process has open
// would leave two owners.

import RetortFormats

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The right to write a run's directory, as long as the object lives.
final class RunLock {
    private let descriptor: Int32

    /// - Throws: ``TrainingError`` if another process has it, or the directory cannot be written.
    init(directory: String) throws(TrainingError) {
        let path = "\(directory)/.lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else {
            throw TrainingError("cannot write \(path): \(String(cString: strerror(errno)))")
        }
        guard FileLock.take(descriptor) else {
            let code = errno
            close(descriptor)
            throw TrainingError(
                code == EWOULDBLOCK
                    ? "another process trains in \(directory); wait until it is done or choose another output"
                    : "cannot lock \(path): \(String(cString: strerror(code)))")
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }
}
