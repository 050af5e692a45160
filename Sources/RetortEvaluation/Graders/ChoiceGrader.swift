// SPDX-License-Identifier: Apache-2.0

/// The answer must be the letter of the right choice.
public struct ChoiceGrader: Grader {
    public var extraction: AnswerExtraction
    /// The letters that there are, upper case.
    public var choices: Set<Character>

    public init(
        extraction: AnswerExtraction = .init(.choice), choices: Set<Character> = Self.letters
    ) {
        self.extraction = extraction
        self.choices = choices
    }

    /// A to J.
    public static let letters: Set<Character> = Set("ABCDEFGHIJ")

    /// `B`, `(b)`, `B.`, `**B**`, `\text{B}`, or `B) and the choice's words`.
    public func canonical(_ answer: String) -> String? {
        var text = Substring(AnswerExtraction.trimmed(answer))
        if text.hasPrefix("\\text{"), text.hasSuffix("}") {
            text = text.dropFirst("\\text{".count).dropLast()
        }
        for word in ["option ", "choice "] where text.lowercased().hasPrefix(word) {
            text = text.dropFirst(word.count)
        }
        text = text.drop { " ($*\"'[".contains($0) }
        guard let letter = text.popFirst()?.uppercased().first, choices.contains(letter) else {
            return nil
        }
        // "A" is a word too: behind the letter must stand its bracket or nothing.
        let rest = text.first
        guard rest == nil || ").:]$*\"'".contains(rest ?? " ") else { return nil }
        return String(letter)
    }

    public func score(_ answer: String, of problem: Problem) throws(EvaluationError) -> Double {
        guard let right = canonical(problem.answer) else {
            throw EvaluationError(
                "the reference answer of problem \(problem.id) is none of the choices \(String(choices.sorted()))"
            )
        }
        return canonical(answer) == right ? 1 : 0
    }

    private static let anyLetter = ChoiceGrader(choices: Set("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))

    /// The last letter that a text calls its answer, or the text if it begins with one as choices do.
    static func last(in text: String) -> String? {
        let bytes = Array(text.utf8)
        let word = Array("answer".utf8)
        var found: String?
        for start in bytes.indices
        where MarkedAnswers.matches(word, in: bytes[...], at: start) {
            var position = start + word.count
            func skip(_ skipped: String) {
                while position < bytes.count, skipped.utf8.contains(bytes[position]) {
                    position += 1
                }
            }
            skip(" :*\n")
            for link in ["is", "option", "choice"].map({ Array($0.utf8) })
            where MarkedAnswers.matches(link, in: bytes[...], at: position) {
                position += link.count
                skip(" :*\n")
            }
            skip(" ($*\"'[")
            guard position < bytes.count else { break }
            let next = position + 1 < bytes.count ? bytes[position + 1] : 0x20
            // "The answer is a number": only a capital is a choice.
            let isCapital = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(bytes[position])
            if isCapital, !next.isASCIIWordByte, next < 0x80 {
                found = String(decoding: [bytes[position]], as: UTF8.self)
            }
        }
        let whole = AnswerExtraction.trimmed(text)
        return found ?? (anyLetter.canonical(whole) == nil ? nil : whole)
    }
}

extension UInt8 {
    fileprivate var isASCIILetter: Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20)
    }

    fileprivate var isASCIIWordByte: Bool {
        isASCIILetter || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self)
            || self == UInt8(ascii: "_")
    }
}
