// SPDX-License-Identifier: Apache-2.0

import RetortDistillation
import TestSupport
import Testing

@Suite("Finding what repeats and what leaks")
struct ComparisonTests {
    @Test(
        "Texts become words whatever their case, signs and script",
        arguments: [
            ("What is 2+2?", ["what", "is", "2", "2"]),
            ("  ÄPFEL,Über—x ", ["äpfel", "über", "x"]),
            ("don't", ["don", "t"]), ("数学问题 AB", ["数", "学", "问", "题", "ab"]), ("…", []), ("", []),
            ("e\u{301}te\u{301}", ["e\u{301}te\u{301}"]),
        ])
    func words(text: String, expected: [String]) { #expect(Words.of(text) == expected) }

    @Test("With signs, sums are told from products")
    func signs() {
        #expect(Words.withSigns("2 * 3 − 1") == ["2", "*", "3", "−", "1"])
        #expect(Words.withSigns("a, b.") == ["a", "b"])
    }

    @Test("Hashes of words are the same in every process")
    func stableHashes() {
        // As computed apart from this code: data sets of earlier builds keep their duplicates.
        #expect(Words.grams(["foo", "bar"], 2) == [0x23AC_D817_1CD4_34A1])
        #expect(Words.grams(["a", "b", "c"], 2).count == 2)
        #expect(Words.grams(["a", "b"], 5).count == 1)
        #expect(Words.grams([], 5).isEmpty)
    }

    private static func text(_ words: Int, seed: UInt64) -> [String] {
        var random = SeededRandom(seed: seed)
        return (0..<words).map { _ in "w\(Int.random(in: 0..<5000, using: &random))" }
    }

    @Test("Pairs above the threshold are found, whatever they are", arguments: 1...30)
    func nearDuplicates(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var index = NearDuplicates(shingleLength: 3)
        let original = Self.text(300, seed: seed &+ 1000)
        let shingles = index.shingles(original.joined(separator: " "))
        index.insert(index.signature(shingles), number: 7)
        var changed = original
        for _ in 0..<8 {
            changed[Int.random(in: 0..<300, using: &random)] = "changed"
        }
        let other = index.shingles(changed.joined(separator: " "))
        #expect(NearDuplicates.similarity(shingles, other) > 0.8)
        #expect(index.candidates(index.signature(other)) == [7])
        let unrelated = index.shingles(
            Self.text(300, seed: seed &+ 2000).joined(separator: " "))
        #expect(index.candidates(index.signature(unrelated)) == [])
    }

    @Test("Similarity is shared shingles over all shingles")
    func similarity() {
        let index = NearDuplicates(shingleLength: 2)
        let a = index.shingles("a b c d")
        let b = index.shingles("A b, c e")
        #expect(NearDuplicates.similarity(a, b) == 0.5)
        #expect(NearDuplicates.similarity(a, a) == 1)
        #expect(NearDuplicates.similarity([], []) == 0)
        #expect(index.signature([]).isEmpty)
    }

    // MARK: Evaluation sets

    private static let sets = [
        EvaluationSet(
            name: "gsm",
            items: [
                .init(
                    id: "1",
                    text:
                        "Natalia sold clips to 48 of her friends in April, and then half as many in May."
                ),
                .init(id: "2", text: "What is 417 * 386?"),
                .init(id: "3", text: ""),
            ]),
        EvaluationSet(
            name: "copy",
            items: [.init(id: "1", text: "she sold clips to 48 of her friends in April and ran")]),
    ]

    @Test("A shared run of eight words is found, with who shares it and what it says")
    func shared() throws {
        let index = try ContaminationIndex(Self.sets)
        let matches = index.matches(
            "Rewrite: \"SOLD clips to 48 of her friends, in April and then half\" – in French.")
        #expect(matches.map { "\($0.set) \($0.item)" } == ["gsm 1", "copy 1"])
        #expect(
            matches.map(\.text) == [
                "sold clips to 48 of her friends in april and then half",
                "sold clips to 48 of her friends in april and",
            ])
        #expect(matches.map(\.words) == [12, 10])
    }

    @Test(
        "Fewer words, and short items unless they are the whole, do not match",
        arguments: [
            ("clips to 48 of her friends in", 0), ("clips to 48 of her friends in april", 2),
            ("what is 417 * 386", 1), ("What is 417 + 386?", 0), ("Tell me: what is 417 * 386?", 0),
            ("", 0), ("…", 0),
        ])
    func boundaries(text: String, count: Int) throws {
        #expect(try ContaminationIndex(Self.sets).matches(text).count == count)
    }

    @Test("The length of a run can be chosen, within reason")
    func lengths() throws {
        #expect(
            try ContaminationIndex(Self.sets, length: 13).matches(
                "natalia sold clips to 48 of her friends in april and then"
            ).isEmpty)
        for length in [0, 3, 65] {
            #expect(throws: DistillationError.self) {
                _ = try ContaminationIndex(Self.sets, length: length)
            }
        }
    }

    @Test("Evaluation sets are read from the fields that they use")
    func files() throws {
        let desk = try Desk()
        let path = try desk.write(
            "{\"question\": \"q\", \"id\": 5}\n{\"problem\": \"p\"}\n", to: "math-500.jsonl")
        let set = try EvaluationSet(path: path)
        #expect(set.name == "math-500")
        #expect(set.items == [.init(id: "5", text: "q"), .init(id: "line 2", text: "p")])
        #expect(try EvaluationSet(path: path, name: "x").name == "x")
        #expect(throws: DistillationError.self) {
            _ = try EvaluationSet(path: path, field: "question")
        }
        let empty = try desk.write("\n", to: "empty.jsonl")
        #expect(throws: DistillationError.self) { _ = try EvaluationSet(path: empty) }
    }
}
