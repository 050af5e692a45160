// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON
import RetortProvenance
import TestSupport
import Testing

@Suite("MinHash") struct MinHashTests {
    /// The words of a shared part and of a part of each set's own.
    private static func sets(_ shared: Int, _ alone: Int, _ random: inout SeededRandom) -> (
        [UInt64], [UInt64]
    ) {
        func numbers(_ count: Int) -> [UInt64] { (0..<count).map { _ in random.next() } }
        let both = numbers(shared)
        let first = numbers(alone)
        return (both + first, both + numbers(alone))
    }

    @Test("it finds within a point as many pairs as datasketch finds of the same sets")
    func recall() throws {
        let json = try JSONValue(parsing: Data(contentsOf: fixture("minhash.json")))
        let pairs = try #require(json["pairs"]?.intValue)
        let rows = try #require(json["rows"]?.arrayValue)
        var random = SeededRandom(seed: 7)
        var shape: [Int] = []
        var sets: [([UInt64], [UInt64])] = []
        var (found, expected) = (0, 0)
        for row in rows {
            let numbers = try ["shared", "alone", "bands", "rows", "found"].map {
                try #require(row[$0]?.intValue)
            }
            if shape != Array(numbers[..<2]) {
                shape = Array(numbers[..<2])
                sets = (0..<pairs).map { _ in Self.sets(numbers[0], numbers[1], &random) }
            }
            let hasher = try MinHasher(bands: numbers[2], rows: numbers[3])
            let count = sets.count { !Set(hasher.keys($0.0)).isDisjoint(with: hasher.keys($0.1)) }
            // Both are samples: of 4,000 pairs, four standard deviations of a difference.
            let share = Double(numbers[4]) / Double(pairs)
            let deviation = (2 * max(share * (1 - share), 0.001) / Double(pairs)).squareRoot()
            let difference = Double(count - numbers[4]) / Double(pairs)
            #expect(abs(difference) < 4 * deviation, "\(numbers): \(count)")
            // And the chance that both must have.
            let chance = hasher.chanceOfCandidate(
                similarity: Double(numbers[0]) / Double(numbers[0] + 2 * numbers[1]))
            let error = abs(Double(count) / Double(pairs) - chance)
            #expect(error < 4 * (max(chance * (1 - chance), 0.001) / Double(pairs)).squareRoot())
            found += count
            expected += numbers[4]
        }
        #expect(abs(Double(found - expected)) / Double(expected) < 0.01)
    }

    @Test("a signature depends on the set alone, not on order and repeats")
    func order() throws {
        let hasher = try MinHasher(bands: 5, rows: 7)
        var random = SeededRandom(seed: 3)
        let numbers = (0..<100).map { _ in random.next() }
        let signature = hasher.signature(numbers)
        #expect(signature.count == 35)
        #expect(hasher.signature(numbers.reversed() + numbers[..<10]) == signature)
        #expect(hasher.signature(Array(numbers.dropFirst())) != signature)
        #expect(try MinHasher(bands: 5, rows: 7, seed: 2).signature(numbers) != signature)
    }

    @Test("the share of equal least values is the Jaccard index, also of large sets")
    func estimate() throws {
        let hasher = try MinHasher(bands: 256, rows: 16)
        var random = SeededRandom(seed: 11)
        let (a, b) = Self.sets(60_000, 20_000, &random)
        let equal = zip(hasher.signature(a), hasher.signature(b)).count { $0 == $1 }
        // 4,096 permutations: a standard deviation of 0.0077.
        #expect(abs(Double(equal) / 4096 - 0.6) < 0.03)
    }

    @Test("numbers out of range are refused", arguments: [(0, 8), (14, 0), (5000, 8), (14, 257)])
    func refused(bands: Int, rows: Int) {
        #expect(throws: ProvenanceError.self) { try MinHasher(bands: bands, rows: rows) }
    }

    @Test(
        "case, spaces, punctuation and composition make no difference",
        arguments: [
            ("The quick, brown FOX!", "the quick brown fox"),
            ("l’été à Noël", "L'E\u{301}TE\u{301} a\u{300} Noe\u{308}l"),
            ("ΟΔΟΣ", "οδος"), ("İstanbul", "i\u{307}stanbul"),
            ("각", "\u{1100}\u{1161}\u{11A8}"), ("a\u{0}b", "a b"),
        ])
    func normalized(a: String, b: String) {
        #expect(NormalizedWords.hashes(of: a) == NormalizedWords.hashes(of: b))
    }

    @Test(
        "texts have the words that a reader counts",
        arguments: [
            ("", 0), (" \n—!", 0), ("don't", 2), ("a1 2b", 2), ("漢字かな", 4), ("x漢y", 3),
            ("नमस्ते दुनिया", 2), ("\u{301}x", 1), ("𝔘𝔫𝔦 𐐀", 2), ("สวัสดี", 6),
        ])
    func words(text: String, count: Int) {
        #expect(NormalizedWords.hashes(of: text).count == count)
    }

    @Test("bytes that are no UTF-8 separate words and never trap")
    func invalid() {
        func hashes(_ bytes: [UInt8]) -> [UInt64] {
            var hashes: [UInt64] = []
            bytes.withUnsafeBufferPointer { NormalizedWords.append(hashesOf: $0, to: &hashes) }
            return hashes
        }
        let expected = NormalizedWords.hashes(of: "a b")
        for middle: [UInt8] in [
            [0xFF], [0xC0, 0x80], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80],
            [0x80], [0xF0, 0x80, 0x80, 0x80],
        ] {
            #expect(hashes([0x61] + middle + [0x62]) == expected, "\(middle)")
        }
        #expect(hashes([0x61, 0xC3]) == NormalizedWords.hashes(of: "a"))
        var random = SeededRandom(seed: 5)
        for _ in 0..<200 {
            _ = hashes((0..<64).map { _ in UInt8.random(in: 0...255, using: &random) })
        }
    }
}
