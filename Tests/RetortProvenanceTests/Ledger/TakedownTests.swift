// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON
import RetortProvenance
import TestSupport
import Testing

@Suite("Takedown") struct TakedownTests {
    /// Two shards of planted works; a base learns from the first alone.
    private struct Generations {
        let files: LedgerFiles
        /// By shard.
        let works: [[WorkEntry]]
        let teacher: String
        let student: String
        let outsider: String

        init() throws {
            let files = try LedgerFiles()
            self.files = files
            var works: [[WorkEntry]] = []
            for shard in 0..<2 {
                let path = try files.write("text of shard \(shard)", to: "shard-\(shard).jsonl")
                let entries = (0..<50).map { number in
                    let text = "Work \(number) of shard \(shard), as its author wrote it."
                    return WorkEntry(
                        hash: ContentHash(of: text), name: "work \(shard)-\(number)",
                        textHash: ContentHash(of: "fingerprint \(shard)-\(number)"),
                        records: RecordRanges([number * 3...number * 3 + 2]))
                }
                let address = try files.ledger.add(
                    RunPlan.Input(path, source: LedgerFiles.ours))
                try files.ledger.record(works: entries, in: address)
                works.append(entries)
            }
            self.works = works
            let base = try files.train("base", on: [files.folder.path("shard-0.jsonl")])
            let prompts = try files.write("prompts", to: "prompts.jsonl")
            teacher = try files.train("teacher", on: [prompts], verb: "rl", base: base)
            student = try files.train(
                "student", on: [prompts], verb: "distill",
                teacher: .local(path: teacher, name: nil), answers: "answers of the teacher")
            outsider = try files.train("outsider", on: [files.folder.path("shard-1.jsonl")])
        }
    }

    @Test("every planted work is found in data, teacher and the student that the teacher taught")
    func generations() throws {
        let made = try Generations()
        let ledger = made.files.ledger
        let models = try [made.teacher, made.student].map { try ledger.contents(of: $0).address }
        for work in made.works[0] {
            let report = try ledger.takedown([work.hash])
            let reached = report.touched.map(\.artefact)
            #expect(Set(models).isSubset(of: Set(reached.map(\.hash))))
            #expect(report.touched(.shard).map(\.artefact.name).contains("shard-0.jsonl"))
            #expect(report.touched(.run).map(\.artefact.name) == ["base", "teacher", "student"])
            #expect(report.touched(.checkpoint).count == 3)
            #expect(report.touched(.dataset).count == 1)
            #expect(report.touched(.model).map(\.generation) == [1, 2, 3])
            #expect(!reached.contains { $0.name == "outsider" || $0.name == "shard-1.jsonl" })
            #expect(report.touched.first?.path.first?.records == work.records)
        }
        let other = try #require(made.works[1].first)
        let report = try ledger.takedown([other.hash])
        #expect(report.touched(.model).map(\.artefact.name) == ["outsider"])
    }

    @Test("each way begins at the work and ends at what was touched")
    func ways() throws {
        let made = try Generations()
        let work = try #require(made.works[0].first)
        let report = try made.files.ledger.takedown([work.hash])
        for touched in report.touched {
            #expect(touched.path.last?.artefact == touched.artefact.hash)
        }
        let student = try #require(report.touched(.model).last)
        #expect(
            student.path.map(\.how) == [
                .contained, .trainedOn, .produced, .initialisedFrom, .produced, .taughtBy,
                .produced,
            ])
        let json = report.json.text()
        #expect(json.contains("\"generation\":3") && json.contains("\"records\":[[0,2]]"))
    }

    @Test("the same words in other letters are followed too")
    func copies() throws {
        let made = try Generations()
        let ledger = made.files.ledger
        let shard = try ledger.add(
            RunPlan.Input(made.files.folder.path("shard-1.jsonl"), source: nil))
        let written = try #require(
            WorkScanner.fingerprint("SHALL i compare thee\nto a summer's day"))
        try ledger.record(
            works: [WorkEntry(hash: ContentHash(of: "x"), name: "sonnet", textHash: written)],
            in: shard)
        let same = try ledger.takedown([], texts: ["Shall I compare thee to a summer’s day?"])
        #expect(same.matches.map(\.kind) == [.sameText])
        #expect(same.touched(.model).map(\.artefact.name) == ["outsider"])
        #expect(same.searched == nil)
    }

    @Test("a work is taken down by its name, and by a file with its text")
    func named() throws {
        let made = try Generations()
        let ledger = made.files.ledger
        #expect(try ledger.takedown(named: "work 0-7").touched(.model).count == 3)
        let shard = try ledger.contents(of: made.files.folder.path("shard-1.jsonl")).address
        try made.files.write(
            "{\"book\": \"b\", \"text\": \"Call me\"}\n\n{\"book\": \"c\", \"text\": \"No\"}\n"
                + "{\"book\": \"b\", \"text\": \"Ishmael.\"}\n", to: "books.jsonl")
        let works = try WorkScanner(source: LedgerFiles.ours, workField: "book").works(
            of: made.files.folder.path("books.jsonl"))
        #expect(works.map(\.name) == ["b", "c"])
        #expect(works[0].records == RecordRanges([0...0, 2...2]))
        try ledger.record(works: works, in: shard)
        let file = try made.files.write("CALL ME\n  Ishmael", to: "asked.txt")
        let report = try ledger.takedown(named: file)
        #expect(report.matches.map(\.artefact.name) == ["b"])
        #expect(report.touched(.model).map(\.artefact.name) == ["outsider"])
        #expect(throws: ProvenanceError.self) { try ledger.takedown(named: "nobody's") }
    }

    @Test(
        "a shard that is no JSONL, or lacks a member, is an error with the line",
        arguments: [
            "{\"text\": 1", "[]", "{\"book\": 5}", "{\"book\": \"b\", \"body\": \"x\"}",
        ])
    func brokenShard(_ line: String) throws {
        let files = try LedgerFiles()
        let path = try files.write("{\"book\": \"a\", \"text\": \"x\"}\n\(line)\n", to: "s.jsonl")
        let scanner = WorkScanner(
            source: LedgerFiles.ours, textField: "text", workField: "book")
        let error = #expect(throws: ProvenanceError.self) { try scanner.works(of: path) }
        #expect(error?.description.contains("line 2") == true)
    }

    @Test("a work that the ledger does not know is an error that says what to do")
    func unknown() throws {
        let files = try LedgerFiles()
        #expect(throws: ProvenanceError.self) {
            try files.ledger.takedown([ContentHash(of: "nothing")])
        }
    }
}
