// SPDX-License-Identifier: Apache-2.0
//
//     GrammarProbe walk SCHEMAS.json COUNT SEED [TOKENS]   texts of random legal tokens, as JSON lines
//     GrammarProbe bench SCHEMAS.json [TOKENS]             µs per token of the schemas
//
// SCHEMAS.json is an object of schemas by name; TOKENS a file of a vocabulary's tokens in
// hexadecimal, without it 150,000 made-up ones (4,000 for walk).

import Foundation
import RetortGrammar
import RetortJSON

@main
enum GrammarProbe {
    static func main() throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.count >= 2, let mode = arguments.first else {
            print("usage: GrammarProbe walk|bench SCHEMAS.json …")
            exit(2)
        }
        let data = try Data(contentsOf: URL(fileURLWithPath: arguments[1]))
        let schemas = try JSONValue(parsing: data).objectValue ?? JSONObject()
        if mode == "walk", arguments.count >= 4, let count = Int(arguments[2]),
            let seed = UInt64(arguments[3])
        {
            try walk(schemas, count: count, seed: seed, file: arguments.dropFirst(4).first)
        } else {
            try bench(schemas, file: arguments.dropFirst(2).first)
        }
    }

    static func walk(_ schemas: JSONObject, count: Int, seed: UInt64, file: String?) throws {
        let tokens = try vocabularyTokens(count: 4000, file: file)
        let vocabulary = try TokenVocabulary(tokens: tokens, endOfSequence: [tokens.count - 1])
        var random = SeededRandom(state: seed)
        for round in 0..<count {
            let member = schemas.members[round % schemas.count]
            let constraint = try constraint(member, vocabulary)
            let length = [0, 2, 5, 10, 30, 100].randomElement(using: &random) ?? 5
            let ids = randomTokens(constraint, tokens, length: length, random: &random)
            let text = String(decoding: ids.flatMap { tokens[$0] }, as: UTF8.self)
            let line: JSONValue = ["name": .string(member.key), "text": .string(text)]
            print(line.text())
        }
    }

    nonisolated(unsafe) private static var constraints: [String: TokenConstraint] = [:]

    private static func constraint(_ member: JSONObject.Member, _ vocabulary: TokenVocabulary)
        throws
        -> TokenConstraint
    {
        if let known = constraints[member.key] { return known }
        let new = try TokenConstraint(
            try Grammar(jsonSchema: member.value), vocabulary: vocabulary)
        constraints[member.key] = new
        return new
    }

    static func bench(_ schemas: JSONObject, file: String?) throws {
        let tokens = try vocabularyTokens(count: 150_000, file: file)
        let clock = ContinuousClock()
        var start = clock.now
        let vocabulary = try TokenVocabulary(tokens: tokens, endOfSequence: [tokens.count - 1])
        print("\(tokens.count) tokens, trie in \(microseconds(clock.now - start) / 1000) ms")
        print(
            "schema | states | compile ms | tokens | first use mean µs | max µs | again mean µs | max µs"
        )
        var random = SeededRandom(state: 1)
        for member in schemas.members {
            start = clock.now
            let grammar = try Grammar(jsonSchema: member.value)
            let compileTime = microseconds(clock.now - start)
            let planned = randomTokens(
                try TokenConstraint(grammar, vocabulary: vocabulary), tokens, length: 60,
                random: &random)
            let constraint = try TokenConstraint(grammar, vocabulary: vocabulary)
            let first = times(GrammarMatcher(constraint), planned)
            let again = times(GrammarMatcher(constraint), planned)
            func mean(_ times: [Double]) -> Int {
                Int((times.reduce(0, +) / Double(max(1, times.count))).rounded())
            }
            print(
                member.key, grammar.stateCount, Int(compileTime) / 1000, planned.count,
                mean(first), Int(first.max() ?? 0), mean(again), Int(again.max() ?? 0),
                separator: " | ")
        }
    }

    /// µs of mask and step for every token.
    private static func times(_ matcher: GrammarMatcher, _ tokens: [Int]) -> [Double] {
        let clock = ContinuousClock()
        var mask = [UInt32](repeating: 0, count: matcher.constraint.vocabulary.maskWordCount)
        return tokens.map { token in
            let start = clock.now
            mask.withUnsafeMutableBufferPointer { matcher.fillMask(into: $0) }
            let isAccepted = matcher.accept(token: token)
            let time = microseconds(clock.now - start)
            precondition(isAccepted && mask[token >> 5] >> (token & 31) & 1 == 1)
            return time
        }
    }

    private static func microseconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) * 1e6 + Double(duration.components.attoseconds) / 1e12
    }

    /// Random legal tokens; after `length` of them what ends the text is preferred.
    private static func randomTokens(
        _ constraint: TokenConstraint, _ tokens: [[UInt8]], length: Int, random: inout SeededRandom
    ) -> [Int] {
        let matcher = GrammarMatcher(constraint)
        let end = tokens.count - 1
        var mask = [UInt32](repeating: 0, count: constraint.vocabulary.maskWordCount)
        var result: [Int] = []
        while result.count < 5000 {
            mask.withUnsafeMutableBufferPointer { matcher.fillMask(into: $0) }
            func isLegal(_ token: Int) -> Bool { mask[token >> 5] >> (token & 31) & 1 == 1 }
            if isLegal(end), result.count >= length || Int.random(in: 0..<4, using: &random) == 0 {
                return result
            }
            var choices = tokens.indices.filter { $0 != end && isLegal($0) }
            if choices.isEmpty, isLegal(end) { return result }
            if result.count >= length {
                // Inside a string brackets are characters like any other.
                let order = isLegal(byteToken(0x2A, tokens)) ? [0x22] : [0x5D, 0x7D, 0x22]
                let closers = order.filter { isLegal(byteToken($0, tokens)) }.prefix(1)
                if !closers.isEmpty {
                    choices = closers.map { byteToken($0, tokens) }
                } else if Bool.random(using: &random) {
                    let short = choices.filter { tokens[$0].count == 1 }
                    if !short.isEmpty { choices = short }
                }
            }
            guard let token = choices.randomElement(using: &random), matcher.accept(token: token)
            else { fail("a dead end after \(result.count) tokens") }
            result.append(token)
        }
        fail("no end after 5000 tokens")
    }

    private static func fail(_ message: String) -> Never {
        FileHandle.standardError.write(Data((message + "\n").utf8))
        exit(1)
    }

    nonisolated(unsafe) private static var byteTokens: [Int: Int] = [:]

    private static func byteToken(_ byte: Int, _ tokens: [[UInt8]]) -> Int {
        if let known = byteTokens[byte] { return known }
        let found = tokens.firstIndex(of: [UInt8(byte)]) ?? 0
        byteTokens[byte] = found
        return found
    }
}
