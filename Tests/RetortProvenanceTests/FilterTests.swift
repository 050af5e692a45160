// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortProvenance
import TestSupport
import Testing

@Suite struct FilterTests {
    /// Sentences of made-up words, some of them frequent, as in a language.
    private struct Language {
        private let words: [String]

        init() {
            var random = SeededRandom(seed: 77)
            let syllables = [
                "ka", "lo", "mi", "ter", "sun", "ve", "ra", "ond", "ish", "eu", "po", "x",
            ]
            words = (0..<3000).map { _ in
                (0..<Int.random(in: 1...4, using: &random)).map { _ in
                    syllables[Int.random(in: 0..<syllables.count, using: &random)]
                }.joined()
            }
        }

        func text(_ count: Int, _ random: inout SeededRandom) -> String {
            var text = ""
            for _ in 0..<count {
                let u = Double.random(in: 0..<1, using: &random)
                text += words[Int(u * u * u * Double(words.count))]
                text += [" ", " ", " ", " ", ", ", ".\n"][Int.random(in: 0..<6, using: &random)]
            }
            return text
        }
    }

    private let language = Language()

    private func protected(_ count: Int) throws -> (texts: [String], index: ProtectedTextIndex) {
        var random = SeededRandom(seed: 5)
        let texts = (0..<count).map { _ in language.text(800, &random) }
        let index = try ProtectedTextIndex(
            texts.enumerated().map { ("\($0).txt", "MIT", Array($1.utf8)) })
        return (texts, index)
    }

    /// What the matcher says about a text in pieces of at most `longest` bytes.
    private func matches(
        _ text: String, _ index: ProtectedTextIndex, longest: Int, _ random: inout SeededRandom
    ) -> [RegurgitationMatcher.Match] {
        var matcher = RegurgitationMatcher(index)
        var found: [RegurgitationMatcher.Match] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...longest, using: &random))
            rest = rest.dropFirst(piece.count)
            if let match = matcher.feed(piece) { found.append(match) }
            #expect(matcher.heldBack >= 0)
        }
        return found
    }

    /// About 50 tokens: words until there are enough letters.
    private func span(_ text: String, _ random: inout SeededRandom) -> Substring {
        let start = text.index(
            text.startIndex, offsetBy: Int.random(in: 0..<text.count - 210, using: &random))
        return text[start..<text.index(start, offsetBy: 200)]
    }

    @Test(
        "every exact span is found wherever it stands and however it is cut",
        arguments: [1, 4, 1000])
    func exact(_ longest: Int) throws {
        let (texts, index) = try protected(30)
        var random = SeededRandom(seed: UInt64(longest))
        for round in 0..<300 {
            let text = texts[round % 30]
            let span = span(text, &random)
            let before = language.text(Int.random(in: 0...30, using: &random), &random)
            let output = before + span + " " + language.text(10, &random)
            let found = matches(output, index, longest: longest, &random)
            let match = try #require(found.max { $0.length < $1.length })
            #expect(match.document == round % 30)
            // The place is that of the span, or before where the text before it agrees by chance.
            let start = text.utf8.distance(from: text.startIndex, to: span.startIndex)
            #expect(abs(match.start - start) < 30)
            #expect(abs(match.outputStart - before.utf8.count) < 30)
            #expect(match.outputEnd - match.outputStart >= 190)
        }
    }

    @Test("parts of 200 bytes and more of tables, rules and code are found from 24 letters on")
    func sparse() throws {
        var random = SeededRandom(seed: 21)
        let table = (0..<400).map { _ in
            let cells = (0..<4).map { _ in
                String(format: "%7d", Int.random(in: 0..<10_000, using: &random))
            }
            return "| " + cells.joined(separator: "  |  ") + " |"
        }
        let rule = String(repeating: "-", count: 90)
        let text = table.joined(separator: "\n\(rule)\n")
        let index = try ProtectedTextIndex([("table.md", nil, Array(text.utf8))])
        var tested = 0
        for _ in 0..<2000 {
            let start = text.index(
                text.startIndex, offsetBy: Int.random(in: 0..<text.count - 260, using: &random))
            let span = text[start..<text.index(start, offsetBy: 260)]
            let letters = span.count { $0.isLetter || $0.isNumber }
            let first = span.firstIndex { $0.isNumber } ?? span.startIndex
            let last = span.lastIndex { $0.isNumber } ?? span.startIndex
            guard letters >= ProtectedTextIndex.sparseLength,
                span.distance(from: first, to: last) + 1 >= ProtectedTextIndex.sparseBytes
            else { continue }
            tested += 1
            #expect(!matches("Here: " + span + " Done.", index, longest: 5, &random).isEmpty)
        }
        #expect(tested > 100)
        // As few letters close together are a phrase.
        let phrase = text.filter(\.isNumber).prefix(30)
        #expect(matches("Here: " + phrase + ".", index, longest: 5, &random).isEmpty)
    }

    @Test("spans with another case, other spaces, punctuation and letters are found")
    func changed() throws {
        let (texts, index) = try protected(30)
        let cyrillic: [Character: Character] = [
            "a": "а", "e": "е", "o": "о", "p": "р", "x": "х", "i": "і", "k": "к", "t": "т",
            "m": "м",
        ]
        var random = SeededRandom(seed: 9)
        let changes: [(name: String, change: (Substring) -> String)] = [
            ("capitals", { $0.uppercased() }),
            ("spaces", { $0.replacingOccurrences(of: " ", with: " \n\t\u{A0}") }),
            ("no spaces", { $0.filter { !$0.isWhitespace } }),
            ("no punctuation", { $0.filter { $0.isLetter || $0 == " " } }),
            ("dashes", { $0.map { "\($0)" }.joined(separator: "-") }),
            ("quotes", { "“" + $0.replacingOccurrences(of: ",", with: "’; —") + "”" }),
            ("zero width", { $0.map { "\($0)\u{200B}" }.joined() }),
            ("accents", { $0.map { $0.isLetter ? "\($0)\u{301}" : "\($0)" }.joined() }),
            ("Cyrillic", { String($0.map { cyrillic[$0] ?? $0 }) }),
            (
                "full width",
                {
                    String(
                        String.UnicodeScalarView(
                            $0.unicodeScalars.map { scalar in
                                (0x21...0x7E).contains(scalar.value)
                                    ? Unicode.Scalar(scalar.value + 0xFEE0) ?? scalar : scalar
                            }))
                }
            ),
            (
                "mathematical",
                {
                    String(
                        String.UnicodeScalarView(
                            $0.unicodeScalars.map { scalar in
                                (0x61...0x7A).contains(scalar.value)
                                    ? Unicode.Scalar(scalar.value - 0x61 + 0x1D41A) ?? scalar
                                    : scalar
                            }))
                }
            ),
        ]
        for (name, change) in changes {
            var found = 0
            for round in 0..<60 {
                let span = span(texts[round % 30], &random)
                let output =
                    language.text(8, &random) + change(span) + ". " + language.text(8, &random)
                let all = matches(output, index, longest: 7, &random)
                if all.contains(where: { $0.document == round % 30 && $0.length >= 120 }) {
                    found += 1
                }
            }
            #expect(found == 60, "\(name)")
        }
    }

    @Test("texts that were not protected are not taken for those that are")
    func unrelated() throws {
        let (_, index) = try protected(60)
        var random = SeededRandom(seed: 1234)
        var hits = 0
        for _ in 0..<2000 {
            hits += matches(language.text(60, &random), index, longest: 50, &random).isEmpty ? 0 : 1
        }
        #expect(hits == 0)
    }

    @Test("what may become a match is held back until it is one or is not")
    func heldBack() throws {
        let (texts, index) = try protected(3)
        let text = texts[1]
        var matcher = RegurgitationMatcher(index)
        let own = "Of my own: "
        _ = matcher.feed(own.utf8)
        #expect(matcher.heldBack == 0)
        var seen = 0
        for (offset, byte) in text.utf8.prefix(400).enumerated() {
            let match = matcher.feed(CollectionOfOne(byte))
            if matcher.heldBack > 0 {
                seen += 1
                // All of the copy, which begins with the protected text.
                #expect(matcher.heldBack == offset + 1)
            }
            if let match {
                #expect(
                    match.document == 1 && match.start == 0 && match.outputStart == own.utf8.count)
                #expect(match.outputEnd == own.utf8.count + offset + 1)
            }
        }
        #expect(seen > 300)
        _ = matcher.feed("zzz".utf8)
        #expect(matcher.heldBack == 0)
        _ = matcher.feed([0xE2, 0x82])
        #expect(matcher.heldBack == 2)
    }

    @Test("a match that goes on for long keeps its length and its source")
    func long() throws {
        let (texts, index) = try protected(3)
        let text = texts[2] + texts[2]
        var matcher = RegurgitationMatcher(index)
        var longest = 0
        for byte in text.utf8 {
            longest = max(longest, matcher.feed(CollectionOfOne(byte))?.length ?? 0)
        }
        #expect(longest == texts[2].filter(\.isLetter).count)
        #expect(index.documents[2].length == texts[2].utf8.count)
    }

    @Test("an index that was written reads back, and a broken one is an error")
    func file() throws {
        let (texts, index) = try protected(4)
        let bytes = index.fileContent
        let again = try ProtectedTextIndex(fileContent: bytes, path: "x")
        #expect(again.documents == index.documents)
        #expect(again.fileContent == bytes)
        var matcher = RegurgitationMatcher(again)
        #expect(matcher.feed(texts[3].utf8)?.document == 3)
        var random = SeededRandom(seed: 2)
        for _ in 0..<300 {
            var broken = bytes
            // The header is a small part: half of the changes are there.
            let header = 900
            let place = Int.random(
                in: 0..<(Bool.random(using: &random) ? header : bytes.count), using: &random)
            if Bool.random(using: &random) {
                broken[place] ^= UInt8.random(in: 1...255, using: &random)
            } else {
                broken.removeSubrange(place..<min(place + 3, broken.count))
            }
            if let read = try? ProtectedTextIndex(fileContent: broken, path: "x") {
                // Names and licences are not sealed.
                var matcher = RegurgitationMatcher(read)
                _ = matcher.feed(texts.joined().utf8)
            }
        }
        #expect(throws: ProvenanceError.self) { try ProtectedTextIndex(fileContent: [], path: "x") }
        let empty = try ProtectedTextIndex([])
        var silent = RegurgitationMatcher(
            try ProtectedTextIndex(fileContent: empty.fileContent, path: "x"))
        #expect(silent.feed("anything at all that is longer than a fingerprint".utf8) == nil)
    }
}
