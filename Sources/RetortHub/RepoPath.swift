// SPDX-License-Identifier: Apache-2.0
//
// Paths inside a repository come from users and from servers, and become paths on this disk: the
// only gate between the two is here.

/// Checks and encodes paths inside a repository.
package enum RepoPath {
    /// Whether a path stays inside the folder it is joined to and names a plain file in it:
    /// relative, no empty, `.` or `..` component, no control character, no backslash.
    package static func isSafe(_ path: String) -> Bool {
        let bytes = path.utf8
        guard !bytes.isEmpty, bytes.count <= 1024 else { return false }
        guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") }) else {
            return false
        }
        return bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .allSatisfy { component in
                !component.isEmpty && component.count <= 255
                    && !component.elementsEqual(".".utf8) && !component.elementsEqual("..".utf8)
            }
    }

    /// A revision: a branch, tag, `refs/pr/N` or commit.
    package static func isRevision(_ revision: String) -> Bool {
        isSafe(revision) && revision.utf8.count <= 200
            && revision.utf8.allSatisfy { isAlphanumeric($0) || "-._/+".utf8.contains($0) }
    }

    /// A checksum or commit in lower-case hexadecimal: 40 digits (SHA-1) or 64 (SHA-256).
    package static func isObjectID(_ text: String) -> Bool {
        (text.utf8.count == 40 || text.utf8.count == 64)
            && text.utf8.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            }
    }

    /// Percent-encodes for a URL's path; `/` stays when `keepsSlashes`.
    package static func percentEncoded(_ text: String, keepsSlashes: Bool) -> String {
        var result: [UInt8] = []
        for byte in text.utf8 {
            let isPlain =
                isAlphanumeric(byte) || "-._~".utf8.contains(byte)
                || (keepsSlashes && byte == UInt8(ascii: "/"))
            if isPlain {
                result.append(byte)
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                result.append(contentsOf: (digits.utf8.count == 1 ? "%0" : "%").utf8)
                result.append(contentsOf: digits.utf8)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Text from a server or a user made fit for a terminal: no control characters, not endless.
    package static func printable(_ text: String, limit: Int = 200) -> String {
        let scalars = text.unicodeScalars.prefix(limit + 1)
        var result = String.UnicodeScalarView()
        for scalar in scalars.prefix(limit) {
            let isControl =
                scalar.properties.generalCategory == .control
                || scalar.properties.generalCategory == .format
            result.append(isControl ? "\u{FFFD}" : scalar)
        }
        return String(result) + (scalars.count > limit ? "…" : "")
    }

    package static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
