// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortGrammar
import RetortJSON
import TestSupport

/// The schemas of `Fixtures/schemas.json` by name.
func fixtureSchemas() throws -> [(name: String, schema: JSONValue)] {
    let value = try JSONValue(parsing: try Data(contentsOf: fixture("schemas.json")))
    return (value.objectValue?.members ?? []).map { ($0.key, $0.value) }
}

/// The elements of a fixture that is a JSON array.
func fixtureArray(_ name: String) throws -> [JSONValue] {
    try JSONValue(parsing: try Data(contentsOf: fixture(name))).arrayValue ?? []
}

/// A vocabulary like a byte-level tokenizer's: all bytes, then pieces of JSON, words with and
/// without a space, numbers and parts of UTF-8. The last two are a special token and the end.
struct SampleVocabulary: Sendable {
    let tokens: TokenVocabulary
    let bytes: [[UInt8]]
    var end: Int { bytes.count - 1 }

    init(without missing: Set<UInt8> = []) throws {
        bytes = sampleTokens(without: missing)
        tokens = try TokenVocabulary(tokens: bytes, endOfSequence: [bytes.count - 1])
    }
}

private func sampleTokens(without missing: Set<UInt8>) -> [[UInt8]] {
    var tokens: [[UInt8]] = (UInt8.min...UInt8.max).map { missing.contains($0) ? [] : [$0] }
    let pieces = [
        "{\"", "\":", "\": ", "\": \"", "\",", "\", \"", "\"}", "\"]", "\"}]", "}}", "}]", "]}",
        "]]",
        "[[", "{}", "[]", "[{", "},", "],", ",\n", "{\n", "}\n", "\n  ", "\n    ", "  ", "    ",
        ", ",
        "null", "true", "false", "tru", "ull", ":null", ":true", "null}", "\\n", "\\\"", "\\u",
        "\\u00",
        "\\ud8", "00", "12", "123", "999", "-1", "1.", ".5", "e5", "0,", "1}", "2026-", "-11-",
        "T00:", ":00", "Z\"", "http", "://", ".com", "@", "a@b", "192.", "é", "日本", "🦙",
    ]
    tokens += pieces.map { Array($0.utf8) }
    var random = SeededRandom(seed: 7)
    let letters = Array("abcdefghijklmnopqrstuvwxyz".utf8)
    for _ in 0..<1500 {
        let length = Int.random(in: 2...6, using: &random)
        let word = (0..<length).map { _ in letters.randomElement(using: &random) ?? 0 }
        tokens.append(word)
        if Bool.random(using: &random) { tokens.append([0x20] + word) }
        if word.count < 4 { tokens.append(word + Array("\":".utf8)) }
    }
    for name in ["name", "id", "type", "value", "items", "kind", "next", "children"] {
        tokens += ["\(name)\"", "\"\(name)\"", "\"\(name)\":", "\"\(name)\": \""].map {
            Array($0.utf8)
        }
    }
    // Halves of a character, as byte-level merges have them.
    tokens += [[0xF0, 0x9F], [0xA6, 0x99], [0xE6, 0x97], [0xC3], [0x61, 0xC3], [0xA9, 0x22]]
    return tokens + [[], []]
}

extension GrammarMatcher {
    /// The mask as words.
    func mask() -> [UInt32] {
        var words = [UInt32](repeating: .max, count: constraint.vocabulary.maskWordCount)
        words.withUnsafeMutableBufferPointer { fillMask(into: $0) }
        return words
    }

    /// The legal tokens.
    func legalTokens() -> [Int] {
        let words = mask()
        return (0..<constraint.vocabulary.count).filter { words[$0 >> 5] >> ($0 & 31) & 1 == 1 }
    }
}

/// A text made of random legal tokens. After `length` tokens the end and what closes strings,
/// objects and arrays is preferred.
func randomWalk(
    _ constraint: TokenConstraint, _ vocabulary: SampleVocabulary, length: Int,
    random: inout SeededRandom
) -> [UInt8]? {
    let matcher = GrammarMatcher(constraint)
    let tokens = vocabulary.bytes
    let end = vocabulary.end
    var text: [UInt8] = []
    for step in 0..<4000 {
        let legal = matcher.legalTokens()
        if legal.contains(end), step >= length || Int.random(in: 0..<4, using: &random) == 0 {
            return text
        }
        var choices = legal.filter { $0 != end }
        if step >= length {
            // Inside a string brackets are characters like any other.
            let isText = choices.contains(Int(UInt8(ascii: "*")))
            let order: [UInt8] = isText ? [0x22] : [0x5D, 0x7D, 0x22]
            let closers = order.map(Int.init).filter { choices.contains($0) }.prefix(1)
            if !closers.isEmpty { choices = Array(closers) }
        }
        guard let token = choices.randomElement(using: &random) ?? legal.first,
            matcher.accept(token: token)
        else { return nil }
        if token == end { return text }
        text += tokens[token]
    }
    return nil
}
