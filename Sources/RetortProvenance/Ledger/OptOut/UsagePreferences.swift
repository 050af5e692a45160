// SPDX-License-Identifier: Apache-2.0
//
// The preferences of IETF's AIPREF drafts (attach-03, vocab-06, April 2026): a dictionary of RFC 9651 such
// as `train-ai=n, search=y`, in the header Content-Usage or a rule of robots.txt. A value that is neither
// `y` nor `n` states nothing; what is no dictionary at all states nothing either.

/// What may be done with a content, by its publisher.
public struct UsagePreferences: Sendable, Equatable {
    /// By category, such as `train-ai`: whether it may.
    public private(set) var stated: [String: Bool] = [:]

    /// - Returns: nil if it is no dictionary; the RFC has the whole field ignored then.
    public init?(_ field: String) {
        var reader = Reader(Array(field.utf8))
        guard let members = reader.dictionary() else { return nil }
        for (key, value) in members {
            // The last of the same name counts.
            switch value {
            case "y": stated[key] = true
            case "n": stated[key] = false
            default: stated[key] = nil
            }
        }
    }

    private init(stated: [String: Bool]) { self.stated = stated }

    /// Where one says no, no.
    func and(_ other: UsagePreferences) -> UsagePreferences {
        UsagePreferences(stated: stated.merging(other.stated) { $0 && $1 })
    }

    /// Whether training foundation models is allowed; nil if nothing is said. The categories that
    /// hold it, in drafts old and new, are asked for where it is not named.
    public var allowsTraining: Bool? {
        for key in ["train-ai", "train-genai", "bots", "tdm", "all"] {
            if let said = stated[key] { return said }
        }
        return nil
    }

    /// What a header said.
    /// - Parameter fetched: Seconds since 1970.
    public static func evidence(header: String, url: String, fetched: Double) -> OptOutEvidence {
        let preferences = UsagePreferences(header)
        let said = preferences?.allowsTraining
        return OptOutEvidence(
            method: .aipref, url: url, fetched: fetched, snapshot: ContentHash(of: header),
            body: Array(header.utf8),
            verdict: said.map { $0 ? .permitted : .reserved } ?? .silent,
            reason: said.map { "Content-Usage says train-ai=\($0 ? "y" : "n")" }
                ?? (preferences == nil
                    ? "Content-Usage is no dictionary of RFC 9651"
                    : "Content-Usage says nothing of training"))
    }

    /// The part of RFC 9651 that is needed: members with items; what is not a token is read and has
    /// no meaning here.
    private struct Reader {
        let bytes: [UInt8]
        var at = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        private var current: UInt8? { at < bytes.count ? bytes[at] : nil }

        private mutating func skip(_ isSkipped: (UInt8) -> Bool) {
            while let byte = current, isSkipped(byte) { at += 1 }
        }

        private mutating func take(_ byte: Character) -> Bool {
            guard let value = byte.asciiValue, current == value else { return false }
            at += 1
            return true
        }

        mutating func dictionary() -> [(String, String)]? {
            var members: [(String, String)] = []
            skip { $0 == 0x20 }
            guard current != nil else { return members }
            while true {
                guard let key = key() else { return nil }
                var value = "?1"
                if take("=") {
                    guard let item = item() else { return nil }
                    value = item
                }
                guard parameters() else { return nil }
                members.append((key, value))
                skip { $0 == 0x20 || $0 == 0x09 }
                guard current != nil else { return members }
                guard take(",") else { return nil }
                skip { $0 == 0x20 || $0 == 0x09 }
                // A comma at the end makes it none.
                guard current != nil else { return nil }
            }
        }

        private mutating func key() -> String? {
            guard let first = current, (0x61...0x7A).contains(first) || first == 0x2A else {
                return nil
            }
            let start = at
            skip { byte in
                (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
                    || [0x5F, 0x2D, 0x2E, 0x2A].contains(byte)
            }
            return String(decoding: bytes[start..<at], as: UTF8.self)
        }

        private mutating func parameters() -> Bool {
            while take(";") {
                skip { $0 == 0x20 }
                guard key() != nil else { return false }
                if take("=") { guard item() != nil else { return false } }
            }
            return true
        }

        private mutating func item() -> String? {
            guard let first = current else { return nil }
            let start = at
            switch first {
            case UInt8(ascii: "\""):
                at += 1
                while let byte = current, byte != UInt8(ascii: "\"") {
                    at += byte == UInt8(ascii: "\\") ? 2 : 1
                }
                guard take("\"") else { return nil }
            case UInt8(ascii: ":"):
                at += 1
                skip { $0 != UInt8(ascii: ":") }
                guard take(":") else { return nil }
            case UInt8(ascii: "("):
                // An inner list: no preference is one.
                skip { $0 != UInt8(ascii: ")") }
                guard take(")") else { return nil }
            case UInt8(ascii: "?"):
                at += 1
                guard take("0") || take("1") else { return nil }
            case 0x41...0x5A, 0x61...0x7A, 0x2A, 0x30...0x39, 0x2D, 0x40:
                skip { $0 > 0x20 && $0 < 0x7F && !",;()\"".utf8.contains($0) }
            default: return nil
            }
            return String(decoding: bytes[start..<min(at, bytes.count)], as: UTF8.self)
        }
    }
}
