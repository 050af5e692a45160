// SPDX-License-Identifier: Apache-2.0

import RetortProvenance
import TestSupport

/// Texts of random words, and what is done to them.
enum NearCopyTexts {
    /// What somebody did to a text.
    enum Edit: String, CaseIterable {
        case caseAndMarks, oneWordInFifty, oneWordInTwenty, paragraphAdded, inLongerText, excerpt

        func callAsFunction(_ words: [String], _ random: inout SeededRandom) -> String {
            var words = words
            switch self {
            case .caseAndMarks: return words.map { "«\($0.uppercased())»," }.joined(separator: "\n")
            case .oneWordInFifty, .oneWordInTwenty:
                let step = self == .oneWordInFifty ? 50 : 20
                for place in stride(from: 7, to: words.count, by: step) { words[place] = "other" }
            case .paragraphAdded: words += NearCopyTexts.words(30, &random)
            case .inLongerText:
                words = NearCopyTexts.words(400, &random) + words
                words += NearCopyTexts.words(400, &random)
            case .excerpt: words = Array(words[50..<110])
            }
            return words.joined(separator: " ")
        }

        var kind: TakedownReport.Match.Kind {
            switch self {
            case .caseAndMarks, .oneWordInFifty, .paragraphAdded: .nearCopy
            case .oneWordInTwenty, .inLongerText: .contains
            case .excerpt: .excerpt
            }
        }
    }

    static func words(_ count: Int, _ random: inout SeededRandom) -> [String] {
        (0..<count).map { _ in "w\(UInt32.random(in: 0..<50_000, using: &random))" }
    }

    static func text(_ count: Int, _ random: inout SeededRandom) -> String {
        words(count, &random).joined(separator: " ")
    }

    private static func runs(_ text: String) -> Set<String> {
        let words = text.lowercased().split { !$0.isLetter && !$0.isNumber }
        return Set((0...words.count - 5).map { words[$0..<$0 + 5].joined(separator: " ") })
    }

    /// The share that the kind of copy is about, from sets of strings.
    static func similarity(
        of text: String, to work: String, _ kind: TakedownReport.Match.Kind
    ) -> Double {
        let (text, work) = (runs(text), runs(work))
        let shared = Double(text.intersection(work).count)
        switch kind {
        case .contains: return shared / Double(work.count)
        case .excerpt: return shared / Double(text.count)
        default: return shared / Double(text.union(work).count)
        }
    }
}
