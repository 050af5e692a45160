// SPDX-License-Identifier: Apache-2.0
//
// Small corpora, and what an index says about them found by looking at every position.

import Foundation
import RetortProvenance
import TestSupport
import Testing

/// A corpus in memory.
struct TinyCorpus: Sendable {
    var name: String
    var documents: [[UInt8]]
    /// Of the build: small, so that there are several shards.
    var memory: Int

    func index(in folder: String, named: Bool = false) throws -> CorpusIndex {
        let builder = try CorpusIndexBuilder(path: folder, options: .init(memory: memory))
        for (number, document) in documents.enumerated() {
            try builder.add(
                document,
                CorpusDocument(path: "\(number).txt", name: named ? "document \(number)" : nil))
        }
        _ = try builder.finish()
        return try CorpusIndex(path: folder)
    }

    func count(of pattern: [UInt8]) -> Int { occurrences(of: pattern).count }

    func occurrences(of pattern: [UInt8]) -> [Occurrence] {
        documents.enumerated().flatMap { number, document in
            document.indices.filter { document[$0...].starts(with: pattern) }
                .map { Occurrence(document: number, offset: $0) }
        }
    }

    /// Part of a document, whole documents and beyond, and bytes that occur nowhere.
    func patterns(_ random: inout SeededRandom) -> [[UInt8]] {
        var patterns: [[UInt8]] = []
        for _ in 0..<150 {
            let length = Int.random(in: 1...24, using: &random)
            if Bool.random(using: &random), let document = documents.randomElement(using: &random),
                document.count > length
            {
                let start = Int.random(in: 0..<document.count - length, using: &random)
                var part = Array(document[start..<start + length])
                if Int.random(in: 0..<4, using: &random) == 0 {
                    part[length - 1] = UInt8.random(in: 0...255, using: &random)
                }
                patterns.append(part)
            } else {
                let tops: [UInt8] = [1, 3, 255]
                let top = tops[Int.random(in: 0..<3, using: &random)]
                patterns.append(
                    (0..<min(length, 6)).map { _ in UInt8.random(in: 0...top, using: &random) })
            }
        }
        return patterns
    }

    static func random(
        _ name: String, documents: Int, length: ClosedRange<Int>, alphabet: [UInt8],
        memory: Int = 16 << 20, seed: UInt64
    ) -> TinyCorpus {
        var random = SeededRandom(seed: seed)
        return TinyCorpus(
            name: name,
            documents: (0..<documents).map { _ -> [UInt8] in
                let count = Int.random(in: length, using: &random)
                return (0..<count).map { _ in
                    alphabet[Int.random(in: alphabet.indices, using: &random)]
                }
            }, memory: memory)
    }

    /// Random and adversarial.
    static let all: [TinyCorpus] = [
        random(
            "two letters", documents: 40, length: 0...300, alphabet: [97, 98], seed: 1),
        random(
            "two letters in many shards", documents: 60, length: 0...400, alphabet: [97, 98],
            memory: 6 << 10, seed: 2),
        random(
            "all byte values", documents: 30, length: 0...800, alphabet: Array(0...255), seed: 3),
        random(
            "all byte values in many shards", documents: 30, length: 0...1000,
            alphabet: Array(0...255), memory: 12 << 10, seed: 4),
        random("zero and 255", documents: 30, length: 0...200, alphabet: [0, 255], seed: 5),
        random(
            "ten letters", documents: 200, length: 0...90, alphabet: Array(65...74),
            memory: 9 << 10, seed: 6),
        TinyCorpus(
            name: "all equal", documents: [Array(repeating: 97, count: 3000)], memory: 1 << 20),
        TinyCorpus(
            name: "all equal in several documents",
            documents: (0..<40).map { Array(repeating: 0, count: $0 * 7) }, memory: 12 << 10),
        TinyCorpus(
            name: "only empty documents", documents: [[], [], []], memory: 1 << 20),
        TinyCorpus(name: "no documents", documents: [], memory: 1 << 20),
        TinyCorpus(name: "one byte", documents: [[], [42], []], memory: 1 << 20),
        TinyCorpus(
            name: "Fibonacci", documents: [fibonacci(18), [], fibonacci(12)], memory: 1 << 20),
        TinyCorpus(
            name: "equal documents",
            documents: Array(repeating: Array("to be or not to be, ".utf8), count: 100),
            memory: 6 << 10),
    ]

    private static func fibonacci(_ count: Int) -> [UInt8] {
        var (a, b): ([UInt8], [UInt8]) = ([97], [97, 98])
        for _ in 0..<count { (a, b) = (b, b + a) }
        return a
    }
}

extension TinyCorpus: CustomTestStringConvertible {
    var testDescription: String { name }
}
