// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON
import TestSupport
import Testing

@Suite("Provenance on the command line") struct ProvenanceCommandTests {
    private static let work =
        "The lighthouse keeper wrote down every ship that passed, and the weather, and what he had for supper."

    private func write(_ text: String, _ folder: TemporaryFolder, _ name: String) throws -> String {
        let path = folder.path(name)
        try FileManager.default.createDirectory(
            at: URL(fileURLWithPath: path).deletingLastPathComponent(),
            withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    @Test("what a site reserves is told with its evidence, recorded, and refused by the gate")
    func optOut() throws {
        let folder = try TemporaryFolder()
        let ledger = folder.path("ledger.sqlite")
        let texts = try write(#"{"text": "a page of it"}"# + "\n", folder, "site.jsonl")
        let robots = try write("User-agent: *\nDisallow: /essays/\n", folder, "robots.txt")
        let added = try CommandRun([
            "provenance", "add", texts, "--name", "site", "--licence", "CC-BY-4.0",
            "--acquisition", "crawled", "--text-field", "text", "--ledger", ledger,
        ])
        #expect(added.status == 0, "\(added.errors)")
        let free = try CommandRun([
            "provenance", "optout", "https://example.org/news/1", "--robots", robots,
        ])
        #expect(free.status == 0 && free.output.contains("silent: https://example.org/news/1"))
        let run = try CommandRun([
            "provenance", "optout", "https://example.org/essays/1", "--robots", robots,
            "--fetched", "2026-11-30", "--source", "site", "--ledger", ledger, "--json",
        ])
        #expect(run.status == 1, "\(run.errors)")
        let json = try JSONValue(parsing: run.output)
        #expect(json["verdict"] == "reserved")
        let evidence = try #require(json["evidence"]?.arrayValue?.first)
        #expect(
            evidence["protocol"] == "robots.txt"
                && evidence["fetched"]?.doubleValue == 1_795_996_800)
        #expect(evidence["url"] == "https://example.org/robots.txt")
        let unknown = try CommandRun([
            "provenance", "optout", "https://example.org/", "--robots", robots, "--source",
            "another", "--ledger", ledger,
        ])
        #expect(unknown.status == 2 && unknown.errors.contains("another"))
    }

    @Test("that it is not known what a site says has another exit status than a reservation")
    func undecidedOptOut() throws {
        let folder = try TemporaryFolder()
        let nowhere = folder.path("nowhere")
        for arguments in [
            ["https://example.org/", "--robots", nowhere], ["example.org"],
            // Nobody listens there.
            ["http://127.0.0.1:1/"],
        ] {
            let run = try CommandRun(["provenance", "optout"] + arguments)
            #expect(run.status == 2 && run.output.isEmpty, "\(run.errors)")
            #expect(run.errors.hasPrefix("retort: ") && run.errors.hasSuffix("\n"))
        }
        let silent = try CommandRun(["provenance", "optout", "http://127.0.0.1:1/"])
        #expect(silent.errors.contains("--robots"), "\(silent.errors)")
    }

    @Test("an answer that cannot be read leaves the others; no place of this machine is kept")
    func unreadableAnswer() throws {
        let folder = try TemporaryFolder()
        let robots = try write(
            "License: /l.xml\nUser-agent: *\nDisallow: /b\n", folder, "robots.txt")
        let tdmrep = try write("<!doctype html><p>Home", folder, "tdmrep.json")
        let rsl = try write("<rsl>", folder, "saved/rsl.xml")
        let run = try CommandRun([
            "provenance", "optout", "https://ann:secret@example.org/a", "--robots", robots,
            "--tdmrep", tdmrep, "--rsl", rsl, "--json",
        ])
        #expect(run.status == 1 && !run.output.contains("secret"), "\(run.errors)")
        let json = try JSONValue(parsing: run.output)
        let evidence = try #require(json["evidence"]?.arrayValue)
        #expect(json["url"] == "https://example.org/a")
        #expect(evidence.map { $0["verdict"]?.stringValue } == ["silent", "reserved"])
        #expect(evidence.last?["url"] == "https://example.org/l.xml")
        let alone = try CommandRun([
            "provenance", "optout", "https://example.org/a", "--rsl", rsl, "--json",
        ])
        let item = try JSONValue(parsing: alone.output)["evidence"]?.arrayValue?.first
        #expect(alone.status == 1 && item?["url"] == "rsl.xml")
    }

    @Test(
        "a text that repeats a protected one is found by the filter, changed or not; others are not"
    )
    func match() throws {
        let folder = try TemporaryFolder()
        let filter = folder.path("filter")
        _ = try write(Self.work, folder, "texts/keeper.txt")
        let made = try CommandRun([
            "provenance", "protect", folder.path("texts"), "-o", filter, "--licence", "CC-BY-4.0",
        ])
        #expect(made.status == 0, "\(made.errors)")
        let copy = try write(
            "He said: \(Self.work.uppercased().replacing(",", with: " -"))", folder, "copy.txt")
        let run = try CommandRun(["provenance", "match", filter, "--file", copy, "--json"])
        #expect(run.status == 1, "\(run.errors)")
        let json = try JSONValue(parsing: run.output)
        #expect(json["repeating"] == 1)
        let match = try #require(json["matches"]?.arrayValue?.first)
        #expect(match["document"] == "keeper.txt" && match["licence"] == "CC-BY-4.0")
        #expect(match["output_start"] == 9 && match["start"] == 0)
        let other = try CommandRun(
            ["provenance", "match", filter, "--file", "-"],
            input: Array("The keeper wrote down what he had for supper.".utf8))
        #expect(other.status == 0 && other.output.contains("0 of 1"))
        let missing = try CommandRun([
            "provenance", "match", folder.path("nowhere"), "--file", copy,
        ])
        #expect(missing.status == 2 && missing.errors.hasPrefix("retort: cannot read"))
    }

    @Test("what stands in a corpus is counted and traced, as one JSON object too")
    func corpus() throws {
        let folder = try TemporaryFolder()
        let index = folder.path("index")
        _ = try write(Self.work, folder, "texts/keeper.txt")
        let built = try CommandRun([
            "provenance", "index", folder.path("texts"), "-o", index, "--licence", "MIT",
        ])
        #expect(built.status == 0, "\(built.errors)")
        let found = try CommandRun([
            "provenance", "search", index, "--text", "and", "--json",
        ])
        let json = try JSONValue(parsing: found.output)
        #expect(json["count"] == 2 && json["documents"]?.arrayValue?.first?["licence"] == "MIT")
        let traced = try CommandRun(
            ["provenance", "trace", index, "--file", "-", "--json"],
            input: Array("I, too, wrote down every ship that passed the pier.".utf8))
        let spans = try JSONValue(parsing: traced.output)["spans"]?.arrayValue
        #expect(spans?.count == 1)
        #expect(
            spans?.first?["text"]?.stringValue?.contains("wrote down every ship that passed")
                == true)
    }
}
