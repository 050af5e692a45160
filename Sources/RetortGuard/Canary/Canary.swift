// SPDX-License-Identifier: Apache-2.0
//
// A reference number that one account alone is shown, now and then, at the end of an answer. It looks like a ticket's
// number and says nothing. A model that learned from that account's answers finds it likelier than numbers
// that nobody was ever shown, and how much likelier can be told exactly from ranks alone (the exposure of Carlini
// et al. 2019). It needs no entropy in the answers, as a watermark does; who looks for such lines can remove them.

import Crypto
import Foundation

/// The reference numbers of an installation's accounts.
public struct CanaryMint: Sendable {
    private let key: SymmetricKey
    /// Digits of a number, in groups of four.
    public static let digits = 12

    /// - Parameter secret: Who has it can tell all accounts' numbers.
    public init(secret: SketchSecret) {
        key = SymmetricKey(data: secret.derived("retort canary 1"))
    }

    /// An account's number, such as `4821 0937 5516`.
    public func number(account: String) -> String { number(of: Data("account\n\(account)".utf8)) }

    /// Numbers that are shown to nobody, of the same kind: what an account's is ranked among.
    public func references(account: String, count: Int) -> [String] {
        let own = number(account: account)
        var numbers: [String] = []
        var index = 0
        var seen: Set<String> = [own]
        while numbers.count < count {
            let next = number(of: Data("reference\n\(index)\n\(account)".utf8))
            if seen.insert(next).inserted { numbers.append(next) }
            index += 1
        }
        return numbers
    }

    /// What is added to an answer.
    public func line(account: String) -> String {
        Self.opening + number(account: account) + Self.closing
    }

    /// What stands around a number.
    public static let opening = "\n\n(ref. "
    public static let closing = ")"

    /// Whether a request's answer gets the line: a share of them, which the secret decides.
    public func isPlanted(request: String, share: Double) -> Bool {
        guard share > 0 else { return false }
        let word = self.word(Data("request\n\(request)".utf8))
        return Double(word >> 11) / 0x1p53 < share
    }

    private func word(_ data: Data) -> UInt64 {
        HMAC<SHA256>.authenticationCode(for: data, using: key).prefix(8).reduce(0) {
            $0 << 8 | UInt64($1)
        }
    }

    private func number(of data: Data) -> String {
        // 10¹² of 2⁶⁴: the remainder favours none by more than 1e-7.
        let value = String(word(data) % 1_000_000_000_000)
        let digits = Array(String(repeating: "0", count: Self.digits - value.count) + value)
        return stride(from: 0, to: Self.digits, by: 4).map { String(digits[$0..<$0 + 4]) }
            .joined(separator: " ")
    }
}
