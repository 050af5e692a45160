// SPDX-License-Identifier: Apache-2.0
//
// Who was accused of what, when and why, in a file that cannot be changed afterwards without its being seen. Each entry has the hash of
// the one before it; the head file has the last hash and the count, so that entries missing at the end are seen too. Who can write both
// files can forge both: with a key file each entry is signed, and the head can be kept elsewhere.

import Crypto
import Foundation
import RetortFormats
import RetortJSON

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// An append-only log whose tampering is detected.
public struct AuditLog: Sendable {
    public struct Entry: Sendable, Equatable {
        public var sequence: Int
        /// Seconds since 1970.
        public var time: Double
        /// `alert`, `appeal`, or what else is noted.
        public var kind: String
        public var body: JSONValue
    }

    /// Where a log ends.
    public struct Head: Sendable, Equatable {
        public var count: Int
        /// Hexadecimal SHA-256 of the last entry; 64 zeros of none.
        public var hash: String

        public static let empty = Head(count: 0, hash: String(repeating: "0", count: 64))

        public init(count: Int, hash: String) {
            self.count = count
            self.hash = hash
        }
    }

    public let path: String
    public var headPath: String { path + ".head" }
    let key: SymmetricKey?

    static let mostLineBytes = 4 << 20

    /// - Parameter keyPath: A file of hexadecimal digits, its owner's alone, that entries are signed with.
    /// - Throws: ``GuardError`` if the key cannot be used.
    public init(path: String, keyPath: String? = nil) throws(GuardError) {
        self.path = path
        key = try keyPath.map { path throws(GuardError) in
            SymmetricKey(data: try SketchSecret.read(path: path))
        }
    }

    // MARK: Writing

    /// Appends entries, which are on the disk when this returns.
    /// - Throws: ``GuardError`` if the log was tampered with, is being written, or cannot be.
    @discardableResult
    public func append(kind: String, _ bodies: JSONValue..., time: Double) throws -> Head {
        try append(kind: kind, bodies: bodies, time: time)
    }

    /// The same of a list.
    @discardableResult
    public func append(kind: String, bodies: [JSONValue], time: Double) throws -> Head {
        let descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("cannot write") }
        defer { close(descriptor) }
        guard FileLock.take(descriptor) else {
            throw GuardError("\(path) is being written by another process; try again")
        }
        var head = try verify().head
        var text = ""
        for body in bodies {
            let entry = Entry(sequence: head.count + 1, time: time, kind: kind, body: body)
            let (line, hash) = line(entry, previous: head.hash)
            text += line + "\n"
            head = Head(count: entry.sequence, hash: hash)
        }
        try write(Array(text.utf8), to: descriptor)
        let object: JSONValue = ["count": .integer(Int64(head.count)), "hash": .string(head.hash)]
        try OutputFile.write(object.text() + "\n", to: headPath, isPrivate: true)
        return head
    }

    private func write(_ bytes: [UInt8], to descriptor: Int32) throws(GuardError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                #if canImport(Glibc)
                    Glibc.write(
                        descriptor, buffer.baseAddress.map { $0 + written }, buffer.count - written)
                #else
                    Darwin.write(
                        descriptor, buffer.baseAddress.map { $0 + written }, buffer.count - written)
                #endif
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("cannot write") }
            written += count
        }
        guard fsync(descriptor) == 0 else { throw failure("cannot write") }
    }

    private func failure(_ what: String) -> GuardError {
        GuardError("\(what) \(path): \(String(cString: strerror(errno)))")
    }

    private func line(_ entry: Entry, previous: String) -> (text: String, hash: String) {
        let content: JSONValue = [
            "sequence": .integer(Int64(entry.sequence)), "time": .double(entry.time),
            "kind": .string(entry.kind), "body": entry.body,
        ]
        let hash = Self.hash(content, previous: previous)
        var members: [(String, JSONValue)] = [
            ("entry", content), ("previous", .string(previous)), ("hash", .string(hash)),
        ]
        if let mac = mac(hash) { members.append(("mac", .string(mac))) }
        return (JSONValue.object(JSONObject(members)).text(), hash)
    }

    /// Of the entry's members in the order of their names, after the hash before.
    static func hash(_ content: JSONValue, previous: String) -> String {
        let canonical = content.text(.init(sortsKeys: true))
        return String(
            hexadecimal: SHA256.hash(data: Data("retort audit 1\n\(previous)\n\(canonical)".utf8)))
    }

    func mac(_ hash: String) -> String? {
        key.map {
            String(hexadecimal: HMAC<SHA256>.authenticationCode(for: Data(hash.utf8), using: $0))
        }
    }
}
