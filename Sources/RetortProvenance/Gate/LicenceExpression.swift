// SPDX-License-Identifier: Apache-2.0
//
// SPDX licence expressions (SPDX 2.3, Annex D): what a dataset's card says of its licence. Keywords are
// taken in upper and in lower case, identifiers compared without case, as the annex has it.

/// A licence, or several joined by AND and OR.
public indirect enum LicenceExpression: Sendable, Equatable {
    /// An identifier such as `MIT` or `LicenseRef-Llama-3.1`; `orLater` for a `+` behind it.
    case licence(String, orLater: Bool)
    /// A licence with an exception, which gives more than the licence alone.
    case exception(LicenceExpression, String)
    /// All of them have to be kept.
    case and([LicenceExpression])
    /// One may choose.
    case or([LicenceExpression])

    /// - Throws: ``ProvenanceError`` that says where it ends to be an expression.
    public init(parsing text: String) throws(ProvenanceError) {
        var parser = try Parser(text)
        self = try parser.either(depth: 0)
        try parser.end()
    }

    /// The identifiers in it, in their order.
    public var identifiers: [String] {
        switch self {
        case .licence(let id, _): [id]
        case .exception(let base, _): base.identifiers
        case .and(let parts), .or(let parts): parts.flatMap(\.identifiers)
        }
    }
}

extension LicenceExpression {
    private enum Token: Equatable { case open, close, and, or, with, word(String) }

    private struct Parser {
        static let maximumLength = 4096
        static let maximumDepth = 32

        var tokens: [Token] = []
        var next = 0

        init(_ text: String) throws(ProvenanceError) {
            guard text.utf8.count <= Self.maximumLength else {
                throw Self.wrong("it has \(text.utf8.count) bytes")
            }
            var word = ""
            for character in text.unicodeScalars {
                switch character {
                case "(", ")":
                    flush(&word)
                    tokens.append(character == "(" ? .open : .close)
                case " ", "\t", "\n", "\r": flush(&word)
                case "a"..."z", "A"..."Z", "0"..."9", "-", ".", "+", ":", "_":
                    // The underscore is none of SPDX's, but of Hugging Face's.
                    word.unicodeScalars.append(character)
                default: throw Self.wrong("there is a character that no identifier has")
                }
            }
            flush(&word)
        }

        private mutating func flush(_ word: inout String) {
            defer { word = "" }
            switch word.uppercased() {
            case "": return
            case "AND": tokens.append(.and)
            case "OR": tokens.append(.or)
            case "WITH": tokens.append(.with)
            default: tokens.append(.word(word))
            }
        }

        static func wrong(_ reason: String) -> ProvenanceError {
            ProvenanceError(
                "a licence is no SPDX expression: \(reason)",
                expected: "identifiers joined by AND, OR, WITH and parentheses",
                advice: "say NOASSERTION where the licence is not known")
        }

        private var current: Token? { next < tokens.count ? tokens[next] : nil }

        mutating func end() throws(ProvenanceError) {
            guard current == nil else { throw Self.wrong("something stands behind its end") }
        }

        mutating func either(depth: Int) throws(ProvenanceError) -> LicenceExpression {
            var parts = [try all(depth: depth)]
            while current == .or {
                next += 1
                parts.append(try all(depth: depth))
            }
            return parts.count == 1 ? parts[0] : .or(parts)
        }

        private mutating func all(depth: Int) throws(ProvenanceError) -> LicenceExpression {
            var parts = [try one(depth: depth)]
            while current == .and {
                next += 1
                parts.append(try one(depth: depth))
            }
            return parts.count == 1 ? parts[0] : .and(parts)
        }

        private mutating func one(depth: Int) throws(ProvenanceError) -> LicenceExpression {
            guard depth < Self.maximumDepth else { throw Self.wrong("it is nested too deeply") }
            switch current {
            case .open:
                next += 1
                let inner = try either(depth: depth + 1)
                guard current == .close else { throw Self.wrong("a parenthesis is not closed") }
                next += 1
                return inner
            case .word(let word):
                next += 1
                let isLater = word.hasSuffix("+")
                let id = isLater ? String(word.dropLast()) : word
                guard !id.isEmpty, !id.contains("+") else { throw Self.wrong("a '+' stands alone") }
                let licence = LicenceExpression.licence(id, orLater: isLater)
                guard current == .with else { return licence }
                next += 1
                guard case .word(let exception) = current else {
                    throw Self.wrong("an exception is missing behind WITH")
                }
                next += 1
                return .exception(licence, exception)
            default: throw Self.wrong("an identifier is missing")
            }
        }
    }
}
