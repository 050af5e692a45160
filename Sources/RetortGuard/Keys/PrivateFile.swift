// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortFormats

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Small files that their owner alone may read.
enum PrivateFile {
    private static let mostBytes = 1 << 16

    /// - Parameters:
    ///   - what: For errors, such as `a key`.
    ///   - maker: The command that makes such a file.
    /// - Throws: ``GuardError`` if the file cannot be read, or others may read it.
    static func read(_ path: String, what: String, maker: String) throws(GuardError) -> String {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw GuardError("there is no \(what) at \(path); '\(maker) \(path)' makes one")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw GuardError(
                "\(path) may be read by others (mode \(String(status.st_mode & 0o777, radix: 8))); a \(what) must be its owner's alone: chmod 600 \(path)"
            )
        }
        guard let bytes = FileManager.default.contents(atPath: path), bytes.count < mostBytes,
            let text = String(validating: bytes, as: UTF8.self)
        else { throw GuardError("\(path) cannot be read, or is no \(what)") }
        return text
    }

    /// - Throws: ``GuardError`` if there is one already: it is not overwritten.
    static func write(_ text: String, to path: String) throws {
        guard !FileManager.default.fileExists(atPath: path) else {
            throw GuardError(
                "\(path) exists; what is overwritten is lost, and with it all that was marked or written by it: take another name"
            )
        }
        try OutputFile.write(text, to: path, isPrivate: true, replaces: false)
    }
}
