// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import RetortFormats

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// An installation's secret: who lacks it cannot look words or addresses up in a log of sketches.
public struct SketchSecret: Sendable {
    let sip: SipHash
    private let bytes: [UInt8]

    /// For logs that hold the text itself, where there is nothing to hide.
    public static let open = SketchSecret(bytes: Array("retort open log".utf8))

    /// - Parameter bytes: 16 or more of them from a random source.
    public init(bytes: [UInt8]) {
        self.bytes = bytes
        let digest = Array(SHA256.hash(data: Data("retort sketch".utf8) + Data(bytes)))
        let word = { (start: Int) in
            digest[start..<start + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        sip = SipHash(k0: word(0), k1: word(8))
    }

    public static func generate() -> SketchSecret {
        var random = SystemRandomNumberGenerator()
        return SketchSecret(bytes: (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) })
    }

    /// A client's address as the log has it; IPv6 by its /64, since a client has many of those.
    public func address(_ text: String) -> UInt64 {
        let groups = text.split(separator: ":", omittingEmptySubsequences: false)
        let isLong = groups.count > 4 && !text.contains(".") && !text.contains("::")
        return sip.hash(isLong ? groups.prefix(4).joined(separator: ":") : text)
    }

    // MARK: Files

    /// Writes the secret as a line of hexadecimal digits, readable by its owner alone.
    /// - Throws: What ``OutputFile`` throws, also if the file exists: sketches of two secrets cannot be compared.
    public func write(to path: String) throws {
        let text = bytes.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }
        try OutputFile.write(text.joined() + "\n", to: path, isPrivate: true, replaces: false)
    }

    /// - Throws: ``GuardError`` if others may read the file, or it is none.
    public init(path: String) throws(GuardError) {
        self.init(bytes: try Self.read(path: path))
    }

    /// The bytes of a file of hexadecimal digits that only its owner may read.
    static func read(path: String) throws(GuardError) -> [UInt8] {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw GuardError(
                "there is no secret at \(path); 'retort guard secret -o \(path)' makes one")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw GuardError(
                "\(path) may be read by others (mode \(String(status.st_mode & 0o777, radix: 8))); a secret must be its owner's alone: chmod 600 \(path)"
            )
        }
        let found = FileManager.default.contents(atPath: path) ?? Data()
        let digits = found.prefix(1 << 12).filter { $0 > 0x20 }
            .compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        guard found.count <= 1 << 12, digits.count >= 32, digits.count % 2 == 0,
            digits.count == found.count(where: { $0 > 0x20 })
        else {
            throw GuardError(
                "\(path) is no secret: expected a line of 32 or more hexadecimal digits")
        }
        return stride(from: 0, to: digits.count, by: 2).map {
            UInt8(digits[$0] * 16 + digits[$0 + 1])
        }
    }
}
