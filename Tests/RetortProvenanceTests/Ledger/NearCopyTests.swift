// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON
import RetortProvenance
import TestSupport
import Testing

@Suite("Near copies in takedowns") struct NearCopyTests {
    /// JSON lines, in which each text is a work if `isTold`.
    @discardableResult
    private static func shard(
        _ name: String, _ texts: [String], in files: LedgerFiles, isTold: Bool = true
    ) throws -> String {
        let lines = texts.map { JSONValue.object(JSONObject([("text", .string($0))])).text() }
        let path = try files.write(lines.joined(separator: "\n") + "\n", to: name)
        let shard = try files.ledger.add(RunPlan.Input(path, source: LedgerFiles.ours))
        if isTold {
            let works = try WorkScanner(source: LedgerFiles.ours).works(of: path)
            try files.ledger.record(works: works, in: shard)
        }
        return path
    }

    @Test(
        "a copy is followed to the third generation, with what it shares, told of as a work or not",
        arguments: NearCopyTexts.Edit.allCases, [true, false])
    func generations(_ edit: NearCopyTexts.Edit, isTold: Bool) throws {
        var random = SeededRandom(seed: 7)
        let files = try LedgerFiles()
        let words = NearCopyTexts.words(200, &random)
        let work = words.joined(separator: " ")
        let copy = edit(words, &random)
        let others = (0..<20).map { _ in NearCopyTexts.text(150, &random) }
        let first = try Self.shard("first.jsonl", [work] + others, in: files)
        let second = try Self.shard(
            "second.jsonl", (0..<20).map { $0 == 3 ? copy : NearCopyTexts.text(150, &random) },
            in: files,
            isTold: isTold)
        try files.train("own", on: [first])
        let base = try files.train("base", on: [second])
        let teacher = try files.train("teacher", on: [], verb: "rl", base: base)
        try files.train(
            "student", on: [], verb: "distill", teacher: .local(path: teacher, name: nil))

        let report = try files.ledger.takedown(
            [ContentHash(of: work)], near: NearCopySettings())
        // With the works told, case and marks are found by the letters' hash already.
        let isSame = edit == .caseAndMarks && isTold
        let kind = isSame ? .sameText : edit.kind
        #expect(report.matches.map(\.kind) == [.exact, kind])
        let match = try #require(report.matches.last)
        #expect(match.artefact.name == (isTold ? "second.jsonl#3" : "second.jsonl"))
        let similarity = NearCopyTexts.similarity(of: copy, to: work, edit.kind)
        #expect(match.similarity == similarity)
        #expect(isSame || match.records == RecordRanges([3...3]))
        #expect(isSame || match.file == second)
        let near = isSame ? nil : similarity
        let models = report.touched(.model)
        #expect(models.map(\.artefact.name) == ["own", "base", "teacher", "student"])
        #expect(models.map(\.generation) == [1, 1, 2, 3])
        #expect(models.map(\.near) == [nil, near, near, near])
        #expect(report.searched?.notCompared.isEmpty == true)
        #expect(report.searched?.files == 2)

        // Without near copies, only what has the text's letters.
        let plain = try files.ledger.takedown([ContentHash(of: work)])
        #expect(plain.touched(.model).count == (isSame ? 4 : 1))
        let json = report.json.text()
        #expect(json.contains("\"match\":\"\(kind.rawValue)\""))
        #expect(json.contains("\"near\":") == !isSame)
    }

    @Test("other texts, and turns of phrase that they share, are no copies")
    func unrelated() throws {
        var random = SeededRandom(seed: 8)
        let files = try LedgerFiles()
        let words = NearCopyTexts.words(100, &random)
        let work = words.joined(separator: " ")
        let phrase = words[10..<30].joined(separator: " ")
        let path = try Self.shard(
            "s.jsonl",
            [work, phrase, phrase + " " + NearCopyTexts.text(60, &random)]
                + (0..<100).map { _ in NearCopyTexts.text(60, &random) }, in: files)
        try Self.shard(
            "t.jsonl", [phrase, NearCopyTexts.text(60, &random)], in: files, isTold: false)
        try files.train("model", on: [path])
        let report = try files.ledger.takedown(
            [ContentHash(of: work)], near: NearCopySettings())
        #expect(report.matches.map(\.kind) == [.exact])
        #expect(report.searched?.texts == 105)
        var settings = NearCopySettings()
        settings.leastRuns = 16
        let strict = try files.ledger.takedown([ContentHash(of: work)], near: settings)
        #expect(strict.matches.map(\.kind) == [.exact, .excerpt, .excerpt])
    }

    @Test(
        "a file that is gone, or is something else now, is told and no error",
        arguments: [true, false])
    func missing(_ isGone: Bool) throws {
        var random = SeededRandom(seed: 9)
        let files = try LedgerFiles()
        let work = NearCopyTexts.text(80, &random)
        let first = try Self.shard("first.jsonl", [work], in: files)
        let second = try Self.shard("second.jsonl", [work + " more"], in: files)
        if isGone {
            try FileManager.default.removeItem(atPath: second)
        } else {
            try files.write("{\"text\": \"changed\"}\n", to: "second.jsonl")
        }
        let hash = ContentHash(of: work)
        let report = try files.ledger.takedown([hash], near: NearCopySettings())
        #expect(report.matches.map(\.kind) == [.exact])
        let problem = try #require(report.searched?.notCompared.first)
        #expect(problem.artefact.name == "second.jsonl")
        #expect(problem.reason == "\(second) is \(isGone ? "gone" : "something else now")")
        #expect(report.json["searched"]?["not_compared"]?.arrayValue?.count == 1)

        // The work's own file: there is nothing to compare with.
        try FileManager.default.removeItem(atPath: first)
        let blind = try files.ledger.takedown([hash], near: NearCopySettings())
        #expect(blind.searched?.notCompared.map(\.artefact.hash) == [hash])
        #expect(blind.searched?.texts == 0)
    }

    @Test("works of many short lines, which stand apart, are compared as a whole")
    func severalLines() throws {
        var random = SeededRandom(seed: 10)
        let files = try LedgerFiles()
        func lines(_ words: [String]) -> [String] {
            stride(from: 0, to: words.count, by: 8).map {
                words[$0..<min($0 + 8, words.count)].joined(separator: " ")
            }
        }
        /// Lines of several books by turns, as a shuffled corpus has them.
        func record(_ name: String, _ books: [(title: String, words: [String])]) throws {
            let texts = books.map { lines($0.words) }
            var rows: [String] = []
            for line in 0..<(texts.map(\.count).max() ?? 0) {
                for (book, text) in zip(books, texts) where line < text.count {
                    let row: JSONValue = ["book": .string(book.title), "body": .string(text[line])]
                    rows.append(row.text())
                }
            }
            let path = try files.write(rows.joined(separator: "\n"), to: name)
            let shard = try files.ledger.add(RunPlan.Input(path, source: LedgerFiles.ours))
            let scanner = WorkScanner(
                source: LedgerFiles.ours, textField: "body", workField: "book")
            try files.ledger.record(
                works: try scanner.works(of: path), in: shard, textField: "body")
        }
        let poem = NearCopyTexts.words(120, &random)
        var edited = poem
        edited[60] = "changed"
        let long = NearCopyTexts.words(300, &random) + poem + NearCopyTexts.words(300, &random)
        try record("a.jsonl", [("poem", poem), ("prose", NearCopyTexts.words(90, &random))])
        try record(
            "b.jsonl",
            [
                ("other", NearCopyTexts.words(200, &random)), ("edited", edited),
                ("collection", long),
            ])
        let report = try files.ledger.takedown(named: "poem", near: NearCopySettings())
        #expect(report.matches.map(\.artefact.name) == ["poem", "edited", "collection"])
        #expect(report.matches.map(\.kind) == [.exact, .nearCopy, .contains])
        let joined = { (words: [String]) in words.joined(separator: " ") }
        let similarity = NearCopyTexts.similarity(
            of: joined(edited), to: joined(poem), .nearCopy)
        #expect(report.matches.map(\.similarity) == [1, similarity, 1])
        #expect(report.matches.map { $0.records?.count } == [nil, 15, 90])
    }

    @Test(
        "a text that the ledger does not have is asked for by its file, whatever holds its copies")
    func askedByFile() throws {
        var random = SeededRandom(seed: 11)
        let files = try LedgerFiles()
        let words = NearCopyTexts.words(120, &random)
        let copy = "And " + words.joined(separator: " ")
        try files.write(copy, to: "texts/deep/copy.txt")
        try files.write(NearCopyTexts.text(90, &random), to: "texts/other.md")
        try files.write("\u{0}", to: "texts/picture.png")
        try files.ledger.add(
            RunPlan.Input(files.folder.path("texts"), source: LedgerFiles.ours))
        let chat: JSONValue = [
            "messages": [
                ["role": "user", "content": "Say it"],
                ["role": "assistant", "content": .string(copy)],
            ]
        ]
        let answers = try files.train(
            "student", on: [], answers: "{\"text\": \"no\"}\nbroken\n" + chat.text())
        let asked = try files.write(words.joined(separator: " "), to: "asked.txt")
        let report = try files.ledger.takedown(named: asked, near: NearCopySettings())
        #expect(report.matches.map(\.kind) == [.nearCopy, .nearCopy])
        #expect(
            Set(report.matches.map(\.file)) == [
                files.folder.path("texts/deep/copy.txt"),
                files.folder.path("student/dataset/train.jsonl"),
            ])
        let chats = try #require(report.matches.first { $0.artefact.name == "train.jsonl" })
        #expect(chats.records == RecordRanges([2...2]))
        #expect(
            report.touched(.model).map(\.artefact.path) == [
                URL(fileURLWithPath: answers).standardizedFileURL.path
            ])
        #expect(
            report.searched?.notCompared.map(\.reason) == [
                "files that are no texts: 1",
                "lines of \(files.folder.path("student/dataset/train.jsonl"))"
                    + " that are no JSON: 1",
            ])

        let nobody = try files.write(NearCopyTexts.text(50, &random), to: "nobody.txt")
        let nothing = try files.ledger.takedown(named: nobody, near: NearCopySettings())
        #expect(nothing.matches.isEmpty && nothing.touched.isEmpty)
        #expect(throws: ProvenanceError.self) { try files.ledger.takedown(named: nobody) }
    }

    @Test(
        "what the work itself went into is not said to have a near copy, nor a shard to be its own")
    func exactFirst() throws {
        var random = SeededRandom(seed: 12)
        let files = try LedgerFiles()
        let work = NearCopyTexts.text(100, &random)
        let copy = "And " + work
        // The copy's way is the shorter one.
        let first = try Self.shard("first.jsonl", [work], in: files)
        let base = try files.train("base", on: [first])
        let second = try Self.shard("second.jsonl", [copy], in: files)
        try files.train("both", on: [second], base: base)
        let report = try files.ledger.takedown(
            [ContentHash(of: work)], near: NearCopySettings())
        #expect(report.matches.map(\.kind) == [.exact, .nearCopy])
        let both = try #require(report.touched.first { $0.artefact.name == "both" })
        #expect(both.match == 0 && both.near == nil)
        #expect(report.touched.filter { $0.near != nil }.map(\.artefact.name) == ["second.jsonl"])

        let shard = try files.ledger.takedown(named: first, near: NearCopySettings())
        #expect(shard.matches.map(\.artefact.name) == ["first.jsonl", "second.jsonl#0"])
    }

    @Test("a short work that stands in its shard several times is compared as it stands once")
    func repeated() throws {
        var random = SeededRandom(seed: 13)
        let files = try LedgerFiles()
        let others = (0..<5).map { _ in NearCopyTexts.text(30, &random) }
        let line = NearCopyTexts.text(9, &random)
        let prompt = NearCopyTexts.text(4, &random)
        // Two lines, under two names.
        let poem = [NearCopyTexts.text(6, &random), NearCopyTexts.text(6, &random)]
        let rows = [("a", poem[0]), ("a", poem[1]), ("b", poem[0]), ("c", others[0])]
        let poems = (rows + [("b", poem[1])]).map { work, text -> String in
            let row: JSONValue = ["text": .string(text), "work": .string(work)]
            return row.text()
        }
        let path = try files.write(poems.joined(separator: "\n"), to: "poems.jsonl")
        let shard = try files.ledger.add(RunPlan.Input(path, source: LedgerFiles.ours))
        let scanner = WorkScanner(source: LedgerFiles.ours, workField: "work")
        try files.ledger.record(works: try scanner.works(of: path), in: shard)
        // A line without a text, whose hash is that of its JSON.
        let pair: JSONValue = ["prompt": .string(prompt), "answer": .string(line)]
        let pairs = try files.write(pair.text() + "\n" + pair.text(), to: "pairs.jsonl")
        let answers = try files.ledger.add(RunPlan.Input(pairs, source: LedgerFiles.ours))
        try files.ledger.record(
            works: try WorkScanner(source: LedgerFiles.ours).works(of: pairs), in: answers)
        try Self.shard("a.jsonl", [line, others[2], line, line], in: files)
        try Self.shard(
            "b.jsonl", [others[3], line, poem.joined(separator: " "), prompt + " " + line],
            in: files, isTold: false)

        func records(_ work: ContentHash) throws -> [RecordRanges?] {
            let report = try files.ledger.takedown([work], near: NearCopySettings())
            #expect(report.searched?.notCompared.isEmpty == true)
            return report.matches.filter { $0.artefact.name == "b.jsonl" }.map(\.records)
        }
        #expect(try records(ContentHash(of: line)) == [RecordRanges([1...1])])
        let text = poem.joined(separator: "\n")
        #expect(try records(ContentHash(of: text)) == [RecordRanges([2...2])])
        #expect(try records(ContentHash(of: pair.text())) == [RecordRanges([3...3])])
    }

    @Test(
        "a lineage from elsewhere that claims more records than there are is read to the file's end"
    )
    func absurdRecords() throws {
        var random = SeededRandom(seed: 14)
        let files = try LedgerFiles()
        let lines = (0..<4).map { _ in NearCopyTexts.text(40, &random) }
        let path = try Self.shard("s.jsonl", lines, in: files, isTold: false)
        let shard = try files.ledger.contents(of: path).address
        let works = (0..<2).map { ContentHash(of: "work \($0)") }
        let records: [JSONValue] = [
            [[0, 0], [2, 9_000_000_000_000_000_000]], [[1, 1], [3, 4_000_000_000_000_000_000]],
        ]
        let edges = zip(works, records).map { work, records in
            Edge(
                from: work, to: shard, how: .contained, details: JSONObject([("records", records)]))
        }
        let artefacts =
            works.map { Artefact(hash: $0, kind: .work, name: "w", created: 0) } + [
                Artefact(hash: shard, kind: .shard, name: "s.jsonl", created: 0)
            ]
        let lineage = Lineage(root: shard, artefacts: artefacts, edges: edges)
        try files.ledger.add(try Lineage(lineage.json))
        try Self.shard("t.jsonl", [lines[1], lines[0] + " " + lines[2]], in: files, isTold: false)
        for (work, copy) in zip(works, [1, 0]) {
            let report = try files.ledger.takedown([work], near: NearCopySettings())
            let match = try #require(report.matches.first { $0.artefact.name == "t.jsonl" })
            #expect(match.records == RecordRanges([copy...copy]))
        }
    }

    @Test(
        "the least shares that there are compare with all that has a work's run",
        arguments: [1e-20, 1e-300, .leastNonzeroMagnitude])
    func leastShares(_ share: Double) throws {
        var random = SeededRandom(seed: 15)
        let files = try LedgerFiles()
        let work = NearCopyTexts.text(60, &random)
        try Self.shard("a.jsonl", [work], in: files)
        let long = NearCopyTexts.text(5000, &random)
        try Self.shard("b.jsonl", [long, long + " " + work.prefix(40) + " " + long], in: files)
        for isPart in [true, false] {
            var settings = NearCopySettings()
            if isPart { settings.part = share } else { settings.similarity = share }
            let report = try files.ledger.takedown([ContentHash(of: work)], near: settings)
            // A part is of 20 runs at least; a near copy has as few as one.
            let names = isPart ? ["a.jsonl#0"] : ["a.jsonl#0", "b.jsonl#1"]
            #expect(report.matches.map(\.artefact.name) == names)
        }
    }

    @Test(
        "what is asked for must make sense",
        arguments: [(0, 0.5, 20), (1.1, 0.5, 20), (0.8, 0, 20), (0.8, 2, 20), (0.8, 0.5, 0)])
    func settings(_ similarity: Double, _ part: Double, _ runs: Int) throws {
        let files = try LedgerFiles()
        let shard = try Self.shard("s.jsonl", ["a"], in: files)
        var settings = NearCopySettings()
        settings.similarity = similarity
        settings.part = part
        settings.leastRuns = runs
        #expect(throws: ProvenanceError.self) {
            try files.ledger.takedown(named: shard, near: settings)
        }
    }
}
