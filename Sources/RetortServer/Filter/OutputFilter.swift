// SPDX-License-Identifier: Apache-2.0

import RetortEngine
import RetortProvenance

/// Holds back what may become a copy of a protected text, and lets go what is none.
struct OutputFilter: Sendable {
    private var matcher: RegurgitationMatcher
    /// Events that are not let go yet, and where their text ends, in bytes of the output.
    private var held: [(event: EngineEvent, end: Int)] = []
    private var bytes = 0
    /// Documents that the output repeats, in the order in which it did.
    private(set) var documents: [Int] = []

    /// A copy is noticed so many letters after it began, at most; of tables and code, so many bytes.
    private static let margin = max(
        2 * ProtectedTextIndex.minimumLength, ProtectedTextIndex.sparseBytes)

    init(_ index: ProtectedTextIndex) { matcher = RegurgitationMatcher(index) }

    /// Takes an event with text.
    /// - Returns: Where the copy begins that the output has now, in bytes of the output; nil if it has none.
    mutating func take(_ event: EngineEvent, text: String) -> Int? {
        var text = text
        bytes += text.utf8.count
        held.append((event, bytes))
        guard let match = text.withUTF8({ matcher.feed($0) }) else { return nil }
        if !documents.contains(match.document) { documents.append(match.document) }
        return match.outputStart
    }

    /// Events that cannot be part of a copy any more.
    mutating func released() -> [EngineEvent] {
        let limit = bytes - max(Self.margin, matcher.heldBack)
        let count = held.firstIndex { $0.end > limit } ?? held.count
        defer { held.removeFirst(count) }
        return held[..<count].map(\.event)
    }

    /// All events that are left.
    mutating func all() -> [EngineEvent] {
        defer { held.removeAll() }
        return held.map(\.event)
    }

    /// Events that end before a copy, and the first of those that do not.
    mutating func cut(before start: Int) -> (kept: [EngineEvent], first: EngineEvent?) {
        var count = held.firstIndex { $0.end > start } ?? held.count
        // Tokens whose text is still to come belong to what they begin.
        while count > 0, case .token(let token) = held[count - 1].event, token.text.isEmpty {
            count -= 1
        }
        defer { held.removeAll() }
        return (held[..<count].map(\.event), count < held.count ? held[count].event : nil)
    }
}
