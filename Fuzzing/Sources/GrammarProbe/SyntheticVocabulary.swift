// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortGrammar

/// SplitMix64 (Steele et al. 2014).
struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// The tokens of a byte-level vocabulary: made up, or read from a file with one token a line in
/// hexadecimal (an empty line is a special token). The end of sequence comes last.
func vocabularyTokens(count: Int, file: String?) throws -> [[UInt8]] {
    if let file {
        let text = try String(contentsOfFile: file, encoding: .utf8)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.dropLast(text.hasSuffix("\n") ? 1 : 0).map { line in
            let digits = Array(line.utf8)
            return stride(from: 0, to: digits.count - 1, by: 2).map {
                UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16) ?? 0
            }
        } + [[]]
    }
    var random = SeededRandom(state: 42)
    var seen = Set<[UInt8]>()
    var tokens = (UInt8.min...UInt8.max).map { [$0] }
    func add(_ token: [UInt8]) {
        if token.count > 1, seen.insert(token).inserted { tokens.append(token) }
    }
    for number in 10..<1000 { add(Array(String(number).utf8)) }
    for length in 1...128 {
        add(Array(repeating: 0x20, count: length))
        add([0x0A] + Array(repeating: 0x20, count: length))
    }
    let punctuation = Array(#"{}[]":,.;()<>/\=+-*_'#@!?&|"#.utf8)
    for _ in 0..<6000 {
        let length = Int.random(in: 2...4, using: &random)
        add((0..<length).map { _ in punctuation.randomElement(using: &random) ?? 0x2C })
    }
    let syllables = [
        "a", "e", "i", "o", "er", "in", "st", "re", "ti", "on", "al", "the", "com", "pro", "ing",
    ]
    let others = ["é", "ü", "ж", "д", "日", "本", "語", "한", "国", "ع", "🦙"]
    while tokens.count < count {
        var word: [UInt8] = Int.random(in: 0..<2, using: &random) == 0 ? [0x20] : []
        let pool = Int.random(in: 0..<4, using: &random) == 0 ? others : syllables
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            word += Array((pool.randomElement(using: &random) ?? "a").utf8)
            if Bool.random(using: &random) {
                word.append(UInt8.random(in: 97...122, using: &random))
            }
        }
        if Int.random(in: 0..<30, using: &random) == 0 {
            word.append(punctuation.randomElement(using: &random) ?? 0x2C)
        }
        add(word)
    }
    return tokens + [[]]
}
