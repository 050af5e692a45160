// SPDX-License-Identifier: Apache-2.0

import Crypto
import RetortFormats
import RetortJSON

/// SHA-256 in the spelling of `sha256sum`.
enum DataDigest {
    static func hex(_ text: String) -> String {
        var hash = SHA256()
        hash.update(data: Array(text.utf8))
        return String(hexadecimal: hash.finalize())
    }

    static func hex(_ file: MappedFile) -> String {
        withExtendedLifetime(file) { hex([file.bytes]) }
    }

    /// The bytes must stay for the call.
    static func hex(_ parts: [UnsafeRawBufferPointer]) -> String {
        var hash = SHA256()
        for part in parts { hash.update(bufferPointer: part) }
        return String(hexadecimal: hash.finalize())
    }

    /// Whether a text is one.
    static func isValid(_ text: String) -> Bool {
        text.utf8.count == 64
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
