// SPDX-License-Identifier: Apache-2.0

import RetortProvenance
import TestSupport
import Testing

@Suite struct IndexSorterTests {
    @Test("suffixes are in their order", arguments: [1, 2, 3, 26, 255])
    func order(_ letters: UInt8) {
        var random = SeededRandom(seed: UInt64(letters))
        for round in 0..<400 {
            let count = Int.random(in: 0...(round < 350 ? 60 : 900), using: &random)
            let text = (0..<count).map { _ in UInt8.random(in: 0..<letters, using: &random) }
            #expect(SuffixOrder.of(text, alphabet: 256) == sorted(text))
            let wide = text.map { UInt32($0) * 1000 }
            #expect(SuffixOrder.of(wide, alphabet: 300_000) == sorted(text))
        }
    }

    @Test("texts made of repetitions are sorted too")
    func repetitions() {
        var random = SeededRandom(seed: 3)
        for _ in 0..<300 {
            let unit = (0..<Int.random(in: 1...20, using: &random)).map { _ in
                UInt16.random(in: 0..<3, using: &random)
            }
            var text = Array(repeatElement(unit, count: 40).joined())
            text.removeLast(Int.random(in: 0..<20, using: &random))
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                text[Int.random(in: text.indices, using: &random)] = 2
            }
            #expect(SuffixOrder.of(text, alphabet: 3) == sorted(text))
        }
    }

    private func sorted<Symbol: Comparable>(_ text: [Symbol]) -> [Int32] {
        text.indices.sorted { text[$0...].lexicographicallyPrecedes(text[$1...]) }.map(Int32.init)
    }
}
