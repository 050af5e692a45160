// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Locks of whole files, as long as a descriptor is open.
package enum FileLock {
    /// Takes the lock of an open file if nobody else has it.
    ///
    /// A process that is being started holds copies of all descriptors until its program begins, so that a lock
    /// that was just given up may seem to be held: it is tried for half a second.
    package static func take(_ descriptor: Int32) -> Bool {
        for _ in 0..<50 {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
            guard errno == EWOULDBLOCK || errno == EINTR else { return false }
            usleep(10_000)
        }
        return false
    }
}
