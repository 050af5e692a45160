// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a JSON Schema or, after a leading slash, as a regular expression. What compiles must
// lead to a whole text: from every state that is reached some token is legal, and what the mask
// allows is accepted.

import RetortGrammar

private let limits: GrammarLimits = {
    var limits = GrammarLimits()
    limits.sourceBytes = 1 << 14
    limits.nondeterministicStates = 20_000
    limits.states = 5_000
    limits.documentDepth = 16
    return limits
}()

private let vocabulary: TokenVocabulary? = {
    let pieces = [
        "{\"", "\":", "\",", "\"}", "[[", "]}", "null", "true", "12", "\\u00", "a\"", "ab",
    ]
    let tokens = (UInt8.min...UInt8.max).map { [$0] } + pieces.map { Array($0.utf8) } + [[]]
    return try? TokenVocabulary(tokens: tokens, endOfSequence: [tokens.count - 1])
}()

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    let source: GrammarSource =
        text.hasPrefix("/") ? .regex(String(text.dropFirst())) : .jsonSchema(text)
    guard let vocabulary, let grammar = try? source.grammar(limits: limits),
        let constraint = try? TokenConstraint(grammar, vocabulary: vocabulary)
    else { return 0 }
    let matcher = GrammarMatcher(constraint)
    var mask = [UInt32](repeating: 0, count: vocabulary.maskWordCount)
    var seed = UInt32(truncatingIfNeeded: count)
    for _ in 0..<40 where !matcher.state.isEnded {
        mask.withUnsafeMutableBufferPointer { matcher.fillMask(into: $0) }
        let legal = (0..<vocabulary.count).filter { mask[$0 >> 5] >> ($0 & 31) & 1 == 1 }
        precondition(!legal.isEmpty, "a dead end")
        _ = matcher.forcedBytes()
        seed = seed &* 1_664_525 &+ 1_013_904_223
        let token = legal[Int(seed >> 8) % legal.count]
        precondition(matcher.accept(token: token), "a legal token was refused")
    }
    return 0
}
