// SPDX-License-Identifier: Apache-2.0
//
// A summary by extraction: no second model, no further cost. Sentences are weighed by how much their words are the
// thought's own subject (Luhn 1958), and a few of the heaviest are kept in their order. It tells what was thought
// about and not how each step went.

/// Shortens a thought.
public enum ThoughtSummary {
    /// Of the thought's letters, at most.
    public static let share = 0.15
    public static let mostLetters = 600

    /// - Returns: Sentences of the thought; a cut one if even the first is too long.
    public static func of(_ thought: String) -> String {
        let sentences = sentences(of: thought)
        let limit = min(mostLetters, max(20, Int(Double(thought.count) * share)))
        guard sentences.count > 1 else { return String(thought.prefix(limit)) }
        var frequencies: [String: Int] = [:]
        let words = sentences.map { sentence in
            sentence.split { !$0.isLetter && !$0.isNumber }.map(String.init)
                .filter { $0.count > 3 }
        }
        for word in words.joined() { frequencies[word, default: 0] += 1 }
        let weights = words.map { list in
            list.isEmpty
                ? 0
                : Double(list.reduce(0) { $0 + (frequencies[$1] ?? 0) })
                    / Double(list.count).squareRoot()
        }
        var kept: Set<Int> = []
        var letters = 0
        for index in sentences.indices.sorted(by: { (weights[$0], $1) > (weights[$1], $0) })
        where letters + sentences[index].count <= limit {
            kept.insert(index)
            letters += sentences[index].count
        }
        guard !kept.isEmpty else { return String(sentences[0].prefix(limit)) }
        return kept.sorted().map { String(sentences[$0]) }.joined(separator: " ")
    }

    private static func sentences(of text: String) -> [Substring] {
        var result: [Substring] = []
        var start = text.startIndex
        var index = text.startIndex
        func end(_ place: String.Index) {
            let piece = text[start..<place].drop { $0.isWhitespace }
            if let last = piece.lastIndex(where: { !$0.isWhitespace }) {
                result.append(piece[...last])
            }
            start = place
        }
        while index < text.endIndex {
            let next = text.index(after: index)
            let isEnd = ".!?。！？".contains(text[index])
            if text[index].isNewline
                || isEnd && (next == text.endIndex || text[next].isWhitespace)
            {
                end(next)
            }
            index = next
        }
        end(text.endIndex)
        return result
    }
}
