// SPDX-License-Identifier: Apache-2.0

import Crypto
import RetortFormats

/// SHA-256 in the spelling of `sha256sum`.
enum DataDigest {
    static func hex(_ text: String) -> String {
        var hash = SHA256()
        hash.update(data: Array(text.utf8))
        return Self.text(hash.finalize())
    }

    static func hex(_ file: MappedFile) -> String {
        withExtendedLifetime(file) { hex([file.bytes]) }
    }

    /// The bytes must stay for the call.
    static func hex(_ parts: [UnsafeRawBufferPointer]) -> String {
        var hash = SHA256()
        for part in parts { hash.update(bufferPointer: part) }
        return text(hash.finalize())
    }

    private static func text(_ digest: SHA256.Digest) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in digest {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Whether a text is one.
    static func isValid(_ text: String) -> Bool {
        text.utf8.count == 64
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
