// SPDX-License-Identifier: Apache-2.0

import RetortGrammar
import RetortJSON
import TestSupport
import Testing

@Suite struct MatcherTests {
    static let schemas = [
        "{}", #"{"type":"object","properties":{"name":{"type":"string"},"id":{"type":"integer"}}}"#,
        ##"{"type":"array","items":{"$ref":"#"}}"##,
        #"{"type":"string","pattern":"^[a-f]+[0-9]{2}$"}"#,
        #"{"type":"number","minimum":-3.5,"maximum":1200}"#,
    ]

    @Test("a mask has exactly the tokens that can be accepted", arguments: schemas)
    func masks(schema: String) throws {
        let vocabulary = try SampleVocabulary()
        let matcher = GrammarMatcher(
            try TokenConstraint(try Grammar(jsonSchema: schema), vocabulary: vocabulary.tokens))
        var random = SeededRandom(seed: 3)
        for _ in 0..<60 {
            let legal = Set(matcher.legalTokens())
            let state = matcher.state
            for token in 0..<vocabulary.tokens.count {
                #expect(matcher.accept(token: token) == legal.contains(token))
                matcher.state = state
            }
            #expect(legal.contains(vocabulary.end) == matcher.isComplete)
            // Short tokens more often: single long ones would end most texts at once.
            let choices = legal.filter { $0 != vocabulary.end }.sorted()
            guard let token = choices.randomElement(using: &random) else { break }
            #expect(matcher.accept(token: token))
        }
    }

    @Test("masks near the deepest nesting are exact too")
    func deepMasks() throws {
        var limits = GrammarLimits()
        limits.documentDepth = 5
        let vocabulary = try SampleVocabulary()
        let grammar = try Grammar(
            jsonSchema: ##"{"type":"array","items":{"$ref":"#"}}"##, limits: limits)
        let matcher = GrammarMatcher(try TokenConstraint(grammar, vocabulary: vocabulary.tokens))
        for depth in 0..<6 {
            let legal = Set(matcher.legalTokens())
            let state = matcher.state
            #expect(legal.contains(Int(UInt8(ascii: "["))) == (depth < 6))
            for token in 0..<vocabulary.tokens.count {
                #expect(matcher.accept(token: token) == legal.contains(token))
                matcher.state = state
            }
            #expect(matcher.accept(bytes: "[".utf8))
        }
        #expect(!matcher.legalTokens().contains(Int(UInt8(ascii: "["))))
    }

    @Test("a state can be kept and set again")
    func rollback() throws {
        let vocabulary = try SampleVocabulary()
        let constraint = try TokenConstraint(
            try Grammar(jsonSchema: Self.schemas[1]), vocabulary: vocabulary.tokens)
        let matcher = GrammarMatcher(constraint)
        #expect(matcher.accept(bytes: #"{"name":"#.utf8))
        let kept = matcher.state
        let mask = matcher.mask()
        #expect(matcher.accept(bytes: #""x","id":12"#.utf8))
        #expect(matcher.mask() != mask)
        matcher.state = kept
        #expect(matcher.mask() == mask)
        #expect(!matcher.accept(bytes: "12".utf8))
        #expect(matcher.state == kept)
        #expect(matcher.accept(bytes: #""x"}"#.utf8))
        #expect(matcher.isComplete && matcher.isExhausted)
        #expect(matcher.legalTokens() == [vocabulary.end])
        #expect(matcher.accept(token: vocabulary.end))
        #expect(matcher.state.isEnded)
        #expect(!matcher.accept(token: vocabulary.end) && !matcher.accept(bytes: " ".utf8))
        #expect(matcher.legalTokens() == [vocabulary.end])
    }

    @Test("bytes without an alternative are forced")
    func forced() throws {
        let vocabulary = try SampleVocabulary()
        let grammar = try Grammar(
            jsonSchema:
                #"{"type":"object","properties":{"unit":{"enum":["celsius","cm"]}},"required":["unit"],"additionalProperties":false}"#,
            whitespace: .compact)
        let matcher = GrammarMatcher(try TokenConstraint(grammar, vocabulary: vocabulary.tokens))
        #expect(matcher.forcedBytes() == Array(#"{"unit":"c"#.utf8))
        #expect(matcher.forcedBytes(limit: 3) == Array("{\"u".utf8))
        #expect(matcher.accept(bytes: #"{"unit":"ce"#.utf8))
        #expect(matcher.forcedBytes() == Array("lsius\"}".utf8))
        #expect(matcher.accept(bytes: matcher.forcedBytes()))
        #expect(matcher.forcedBytes().isEmpty && matcher.isComplete)
    }

    @Test("tokens without bytes and unknown tokens are never legal")
    func special() throws {
        let vocabulary = try SampleVocabulary()
        let matcher = GrammarMatcher(
            try TokenConstraint(try Grammar(regex: "(.|\\n)*"), vocabulary: vocabulary.tokens))
        let legal = matcher.legalTokens()
        #expect(!legal.contains(vocabulary.end - 1))
        #expect(legal.contains(vocabulary.end))
        for token in [-1, vocabulary.end - 1, vocabulary.end + 1, .max, .min] {
            #expect(!matcher.accept(token: token))
        }
    }

    @Test("without a byte's token only texts without that byte are legal, and none is an error")
    func missingBytes() throws {
        let vocabulary = try SampleVocabulary(without: Set("q\u{7F}".utf8))
        let grammar = try Grammar(jsonSchema: #"{"enum":["quit","stop"]}"#)
        let matcher = GrammarMatcher(try TokenConstraint(grammar, vocabulary: vocabulary.tokens))
        #expect(!matcher.accept(bytes: "\"q".utf8))
        #expect(matcher.accept(bytes: "\"stop\"".utf8))
        let error = #expect(throws: GrammarError.self) {
            try TokenConstraint(
                try Grammar(jsonSchema: #"{"const":"q"}"#), vocabulary: vocabulary.tokens)
        }
        #expect(error?.kind == .unsatisfiable)
    }

    @Test("a broken vocabulary is an error")
    func brokenVocabulary() {
        for offsets in [[], [1, 2], [0, 2, 1], [0, 9]] {
            #expect(throws: GrammarError.self) {
                try TokenVocabulary(bytes: [1, 2], offsets: offsets, endOfSequence: [])
            }
        }
        #expect(throws: GrammarError.self) {
            try TokenVocabulary(bytes: [1], offsets: [0, 1], endOfSequence: [1])
        }
    }

    @Test("a cache compiles a grammar once and forgets what was not used longest")
    func cache() throws {
        let cache = GrammarCache(vocabulary: try SampleVocabulary().tokens, capacity: 2)
        let first = try cache.constraint(for: .regex("a"))
        let second = try cache.constraint(for: .jsonSchema("{}"))
        #expect(try cache.constraint(for: .regex("a")) === first)
        _ = try cache.constraint(for: .jsonObject)
        #expect(cache.count == 2)
        #expect(try cache.constraint(for: .regex("a")) === first)
        #expect(try cache.constraint(for: .jsonSchema("{}")) !== second)
        #expect(throws: GrammarError.self) { try cache.constraint(for: .regex("(")) }
        #expect(cache.count == 2)
    }

    @Test("one constraint serves many threads with the same masks")
    func sharing() async throws {
        let vocabulary = try SampleVocabulary()
        let constraint = try TokenConstraint(
            try Grammar.jsonObject(), vocabulary: vocabulary.tokens)
        let texts = await withTaskGroup(of: [UInt8]?.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    var random = SeededRandom(seed: 11)
                    return randomWalk(constraint, vocabulary, length: 60, random: &random)
                }
            }
            var texts: [[UInt8]?] = []
            for await text in group { texts.append(text) }
            return texts
        }
        #expect(texts.count == 8)
        #expect(Set(texts).count == 1 && texts.allSatisfy { $0 != nil })
    }
}
