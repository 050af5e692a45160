// SPDX-License-Identifier: Apache-2.0
//
// What everything in the ledger is called by: the SHA-256 of its content. A file's is what `sha256sum`
// prints of it; a directory's is made of its files' names and hashes.

import Crypto
import Foundation
import RetortJSON

/// The SHA-256 of a content.
public struct ContentHash: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// 64 lower-case hexadecimal digits.
    public let hex: String

    private init(unchecked hex: String) { self.hex = hex }

    /// - Parameter hex: 64 hexadecimal digits, also with `sha256:` before them.
    /// - Returns: nil if it is something else.
    public init?(_ hex: String) {
        let digits = hex.hasPrefix("sha256:") ? hex.dropFirst(7) : hex[...]
        guard digits.utf8.count == 64, digits.utf8.allSatisfy(Self.isHexDigit) else { return nil }
        self.hex = digits.lowercased()
    }

    /// - Returns: nil if they are not 32.
    init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        self.init(digest: bytes)
    }

    private init(digest: some Sequence<UInt8>) {
        hex = String(hexadecimal: digest)
    }

    public init(of bytes: some ContiguousBytes) {
        var hasher = SHA256()
        bytes.withUnsafeBytes { hasher.update(bufferPointer: $0) }
        self.init(digest: hasher.finalize())
    }

    public init(of text: String) { self.init(of: Array(text.utf8)) }

    /// Of a JSON value as a text without spaces, its members by name.
    public init(of json: JSONValue) {
        self.init(of: json.text(JSONValue.WritingStyle(sortsKeys: true)))
    }

    /// The 32 bytes.
    var bytes: Data {
        var data = Data(capacity: 32)
        var high: UInt8?
        for digit in hex.utf8 {
            let value = digit < 0x3A ? digit - 0x30 : digit - 0x61 + 10
            if let first = high {
                data.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return data
    }

    public var description: String { hex }

    public static func < (a: ContentHash, b: ContentHash) -> Bool { a.hex < b.hex }

    static func isHexDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
    }
}

/// Hashes a content that comes in pieces.
struct ContentHasher {
    private var hasher = SHA256()

    mutating func update(_ bytes: some ContiguousBytes) {
        bytes.withUnsafeBytes { hasher.update(bufferPointer: $0) }
    }

    func finish() -> ContentHash {
        let digest = Array(hasher.finalize())
        return ContentHash(bytes: digest) ?? ContentHash(of: digest)
    }
}
