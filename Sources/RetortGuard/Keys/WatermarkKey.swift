// SPDX-License-Identifier: Apache-2.0
//
// A key is a secret: who has it can detect the mark, forge it and take it off. Its file is the owner's alone.

import Crypto
import Foundation
import RetortEngine
import RetortFormats
import RetortJSON

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A watermark's key, and the scheme that it is for.
public struct WatermarkKey: Sendable, Equatable {
    /// How a token is chosen by the key.
    public enum Scheme: String, Sendable, CaseIterable {
        /// The largest of u^(1/p) (Aaronson 2022): the distribution of each token stays as it is.
        case gumbel
        /// Two derived keys, so that the same context need not give the same token.
        case gumbelDualKey = "gumbel_dual_key"
        /// A share of the vocabulary gets larger logits (Kirchenbauer et al. 2023); works at temperature 0.
        case greenList = "green_list"
        /// A tournament (Dathathri et al., Nature 634, 2024).
        case synthID = "synthid"
    }

    /// Names the key in requests and logs; says nothing of it.
    public let identifier: String
    public let scheme: Scheme
    /// Of ``WatermarkPRF``.
    public let key: UInt64

    public init(identifier: String, scheme: Scheme, key: UInt64) {
        self.identifier = identifier
        self.scheme = scheme
        self.key = key
    }

    /// A new key of the system's randomness.
    public static func generate(_ scheme: Scheme) -> WatermarkKey {
        var random = SystemRandomNumberGenerator()
        let name = String(random.next() as UInt32, radix: 16)
        return WatermarkKey(
            identifier: "wm-" + String(repeating: "0", count: 8 - name.count) + name,
            scheme: scheme, key: random.next())
    }

    /// An independent key: the first 8 bytes of SHA-256 of a label and the key, big-endian, as vLLM derives the
    /// two of `gumbel_dual_key` from the labels `key_a` and `key_b`.
    public func derived(_ label: String) -> UInt64 {
        var hash = SHA256()
        hash.update(data: Data(label.utf8))
        withUnsafeBytes(of: key.bigEndian) { hash.update(bufferPointer: $0) }
        return hash.finalize().prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    // MARK: Files

    private static let version: Int64 = 1

    /// Writes a file that only its owner may read.
    /// - Throws: ``GuardError`` if there is one already: what a lost key has marked cannot be detected.
    public func write(to path: String) throws {
        guard !FileManager.default.fileExists(atPath: path) else {
            throw GuardError(
                "\(path) exists; a key that is overwritten is lost, and with it all that it has marked: take another name"
            )
        }
        let object: JSONValue = [
            "version": .integer(Self.version), "id": .string(identifier),
            "scheme": .string(scheme.rawValue), "prf": .string(WatermarkPRF.name),
            "key": .string(String(key)),
        ]
        try OutputFile.write(object.text() + "\n", to: path, isPrivate: true, replaces: false)
    }

    /// Reads a key's file.
    /// - Throws: ``GuardError`` if others may read it, or it is no key of this version.
    public init(path: String) throws(GuardError) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw GuardError(
                "there is no key at \(path); 'retort guard keygen -o \(path)' makes one")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw GuardError(
                "\(path) may be read by others (mode \(String(status.st_mode & 0o777, radix: 8))); a key must be its owner's alone: chmod 600 \(path)"
            )
        }
        guard let bytes = FileManager.default.contents(atPath: path), bytes.count < 1 << 16,
            let json = try? JSONValue(parsing: Array(bytes))
        else { throw GuardError("\(path) is no watermark key: it is no JSON object") }
        guard json["version"]?.intValue == Int(Self.version) else {
            throw GuardError(
                "\(path) is a key of another version than \(Self.version); use the program that made it"
            )
        }
        guard json["prf"]?.stringValue == WatermarkPRF.name else {
            throw GuardError("\(path): the key is not for \(WatermarkPRF.name)")
        }
        guard let name = json["scheme"]?.stringValue, let scheme = Scheme(rawValue: name) else {
            throw GuardError(
                "\(path): the scheme is not known; expected \(Scheme.allCases.map(\.rawValue).joined(separator: ", "))"
            )
        }
        guard let identifier = json["id"]?.stringValue, !identifier.isEmpty,
            let key = json["key"]?.stringValue.flatMap({ UInt64($0) })
        else { throw GuardError("\(path): 'id' or 'key' is missing or damaged") }
        self.init(identifier: identifier, scheme: scheme, key: key)
    }
}
