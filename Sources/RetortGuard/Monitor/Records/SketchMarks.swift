// SPDX-License-Identifier: Apache-2.0
//
// Scores from the distances between marked words. The weights are judgement, not fitted: "show your work step by step" gives
// 1 to 3, as tutors and test harnesses ask; "write out your internal reasoning" 5.

/// How plainly hidden reasoning is asked for.
struct TraceMarks {
    private var best = 0
    private var hasStep = false
    private var verb = Int.min / 2
    private var soft = Int.min / 2
    private var hard = Int.min / 2
    private var noun = Int.min / 2

    mutating func add(_ kinds: Lexicon.Kinds, at index: Int) {
        if kinds.contains(.traceVerb) { verb = index }
        if kinds.contains(.traceSoft) { soft = index }
        if kinds.contains(.traceHard) { hard = index }
        if kinds.contains(.step) { hasStep = true }
        if kinds.contains(.traceNoun) { noun = index }
        guard index - noun <= 5, !kinds.isDisjoint(with: [.traceNoun, .traceHard, .traceVerb])
        else { return }
        var score = 0
        if noun - verb <= 14 { score += 1 }
        if noun - soft <= 5 { score += 1 }
        if noun - hard <= 5 { score += 3 }
        if score > 0 { best = max(best, score + 1) }
    }

    var score: UInt8 { UInt8(min(15, best + (hasStep ? 1 : 0))) }
}

/// How plainly new instructions are asked for.
struct SynthesisMarks {
    private var best = 0
    private var verb = Int.min / 2
    private var new = Int.min / 2
    private var newBefore = Int.min / 2
    private var number = Int.min / 2
    private var object = Int.min / 2
    private var weight = 0

    mutating func add(_ kinds: Lexicon.Kinds, at index: Int) {
        if kinds.contains(.synthesisVerb) { verb = index }
        if kinds.contains(.synthesisNew) {
            newBefore = new
            new = index
        }
        if !kinds.isDisjoint(with: [.synthesisHard, .synthesisSoft]) {
            object = index
            weight = kinds.contains(.synthesisHard) ? 2 : 1
        }
        update(index)
    }

    mutating func addNumber(at index: Int) {
        number = index
        update(index)
    }

    private mutating func update(_ index: Int) {
        guard index - object <= 10, abs(object - verb) <= 10 else { return }
        var score = weight
        if abs(object - new) <= 10 { score += 1 }
        if abs(object - newBefore) <= 10 { score += 1 }
        if abs(object - number) <= 8 { score += 1 }
        best = max(best, score)
    }

    var score: UInt8 { UInt8(best) }
}

/// Guesses a language: by script, else by frequent words.
struct LanguageVotes {
    private var scripts = SIMD16<UInt16>()
    private var words = SIMD16<UInt16>()
    private var count: UInt16 = 0

    mutating func add(_ word: WordScanner.Word) {
        guard count < 400, let first = word.bytes.first else { return }
        count += 1
        if first < 0x80 || first < 0xCD {
            var bits = word.entry.languages
            while bits != 0 {
                words[bits.trailingZeroBitCount & 15] &+= 1
                bits &= bits - 1
            }
            return
        }
        if let script = Self.script(first, word.bytes.count > 1 ? word.bytes[1] : 0) {
            scripts[script - Lexicon.firstByScript] &+= 1
        }
    }

    /// Of UTF-8's first two bytes.
    private static func script(_ first: UInt8, _ second: UInt8) -> Int? {
        switch first {
        case 0xD0...0xD2: return 13
        case 0xE4...0xE9: return 14
        case 0xE3: return second <= 0x83 ? 15 : 14
        case 0xEA...0xED: return 16
        case 0xD8...0xDB: return 17
        case 0xE0: return second >= 0xB8 ? 19 : 18
        case 0xCD...0xCF: return 20
        case 0xD6...0xD7: return 21
        default: return nil
        }
    }

    var winner: UInt8 {
        let most = scripts.max()
        if most * 3 >= count, most > 0 {
            // Kana beside Chinese signs are Japanese.
            if scripts[1] == most, scripts[2] * 5 >= most { return 15 }
            for index in 0..<16 where scripts[index] == most {
                return UInt8(index + Lexicon.firstByScript)
            }
        }
        let votes = words.max()
        guard votes > 0 else { return 0 }
        for index in 0..<16 where words[index] == votes { return UInt8(index) }
        return 0
    }
}
