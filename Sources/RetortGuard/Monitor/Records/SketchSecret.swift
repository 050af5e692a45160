// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import RetortJSON

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

    /// Bytes for another use, which tell nothing of the secret.
    func derived(_ use: String) -> [UInt8] {
        Array(
            HMAC<SHA256>.authenticationCode(for: Data(use.utf8), using: SymmetricKey(data: bytes)))
    }

    // MARK: Files

    /// Writes the secret as a line of hexadecimal digits, readable by its owner alone.
    /// - Throws: ``GuardError`` if the file exists: sketches of two secrets cannot be compared.
    public func write(to path: String) throws {
        try PrivateFile.write(String(hexadecimal: bytes) + "\n", to: path)
    }

    /// - Throws: ``GuardError`` if others may read the file, or it is none.
    public init(path: String) throws(GuardError) {
        self.init(bytes: try Self.read(path: path))
    }

    /// The bytes of a file of hexadecimal digits that only its owner may read.
    static func read(path: String) throws(GuardError) -> [UInt8] {
        let text = try PrivateFile.read(path, what: "secret", maker: "retort guard secret -o")
        let written = text.filter { !$0.isWhitespace }
        let digits = written.compactMap(\.hexDigitValue)
        guard digits.count >= 32, digits.count % 2 == 0, digits.count == written.count else {
            throw GuardError(
                "\(path) is no secret: expected a line of 32 or more hexadecimal digits")
        }
        return stride(from: 0, to: digits.count, by: 2).map {
            UInt8(digits[$0] * 16 + digits[$0 + 1])
        }
    }
}
