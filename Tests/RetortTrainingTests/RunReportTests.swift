// SPDX-License-Identifier: Apache-2.0
//
// Reports of made-up runs: what their files hold, and that it is well-formed.

import Foundation
import RetortJSON
import RetortTraining
import TestSupport
import Testing

/// A run's directory with metrics of `steps` steps.
private func makeRun(
    _ folder: TemporaryFolder, name: String = "run", steps: Int, hasExperts: Bool = false,
    extra: String = ""
) throws -> String {
    let path = folder.path(name)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let facts = """
        {"version": 1, "kind": "pretrain", "architecture": "llama", "parameters": 1000,
         "trained_parameters": 1000, "active_parameters": 900, "total_steps": 100,
         "tokens_per_step": 64, "operations_per_token": 6000.0, "peak_flops": 1e6,
         "compute": "f32", "kernels": "<avx2>", "threads": 2, "ranks": 1, "price_per_hour": 0.5,
         "currency": "E&R", "watts": 100.0, "measures_energy": false}
        """
    try Data(facts.utf8).write(to: URL(fileURLWithPath: path + "/run.json"))
    var lines = ""
    for step in 1...steps {
        let validation =
            step % 10 == 0
            ? ", \"validation_loss\": \(3 + 1 / Double(step)), \"bits_per_byte\": 1.5" : ""
        let experts = hasExperts ? ", \"expert_load\": [[0.5, 0.25, 0.25], [0.1, 0.2, 0.7]]" : ""
        let loss = step == 7 ? "null" : String(2 + 8 / Double(step))
        lines +=
            "{\"step\": \(step), \"loss\": \(loss), \"learning_rate\": 1e-3, \"gradient_norm\": 1.5, \"tokens\": \(step * 64), \"tokens_per_second\": 32, \"seconds\": \(step * 2)\(validation)\(experts)}\n"
    }
    try Data((lines + extra).utf8).write(to: URL(fileURLWithPath: path + "/metrics.jsonl"))
    return path
}

/// Checks that a page or a chart is well-formed.
private func expectWellFormed(_ markup: String, _ voids: Set<String> = []) {
    #expect(markupProblems(markup, voids: voids) == [])
}

@Suite struct RunReportTests {
    private static func written(_ path: String) throws -> (page: String, chart: String) {
        try RunReport(run: path).write(run: path)
        return (
            try String(contentsOfFile: path + "/report.html", encoding: .utf8),
            try String(contentsOfFile: path + "/report.svg", encoding: .utf8)
        )
    }

    @Test("a report is well-formed, escaped, without NaN and needs nothing else")
    func page() throws {
        let folder = try TemporaryFolder()
        let path = try makeRun(folder, name: "a <b> & \"c\"", steps: 60, hasExperts: true)
        let (page, chart) = try Self.written(path)
        expectWellFormed(page, ["meta", "input"])
        expectWellFormed(chart)
        for text in [page, chart] {
            #expect(!text.contains("nan") && !text.contains("inf,") && !text.contains("NaN"))
            #expect(!text.contains("<b>") && text.contains("a &lt;b&gt; &amp; &quot;c&quot;"))
            #expect(!text.contains("<script") && !text.contains("src=") && !text.contains("url("))
            #expect(text.contains("<title") && text.contains("<desc"))
            #expect(text.contains("prefers-color-scheme:dark"))
        }
        #expect(page.contains("Load of the experts") && page.contains("2.1 of the mean"))
        #expect(page.contains("&lt;avx2&gt;") && page.contains("E&amp;R"))
        #expect(page.contains("60 of 100"))
        let names = try FileManager.default.contentsOfDirectory(atPath: path)
        #expect(names.sorted() == ["metrics.jsonl", "report.html", "report.svg", "run.json"])
    }

    @Test("a run of one step, and one of none, have reports")
    func short() throws {
        let folder = try TemporaryFolder()
        let one = try makeRun(folder, name: "one", steps: 1)
        expectWellFormed(try Self.written(one).chart)
        let none = try makeRun(folder, name: "none", steps: 1)
        try FileManager.default.removeItem(atPath: none + "/metrics.jsonl")
        let (page, chart) = try Self.written(none)
        expectWellFormed(page, ["meta", "input"])
        expectWellFormed(chart)
        #expect(page.contains("0 of 100"))
    }

    @Test("a cut last line and lines that are none are passed over")
    func cut() throws {
        let folder = try TemporaryFolder()
        let whole = try makeRun(folder, name: "whole", steps: 20)
        let cut = try makeRun(
            folder, name: "cut", steps: 20,
            extra: "[]\n{\"step\": \"x\"}\n{\"step\": 21, \"loss\": 99, \"tokens\": 5")
        #expect(try RunReport(run: whole).cost == RunReport(run: cut).cost)
        #expect(try Self.written(cut).page.contains("20 of 100"))
        // Without its line feed even a whole object may be a part of another.
        let number = try makeRun(folder, name: "number", steps: 20, extra: "{\"step\": 21}")
        #expect(try Self.written(number).page.contains("20 of 100"))
    }

    @Test("a directory that is no run is told so")
    func noRun() throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: TrainingError.self) { try RunReport(run: folder.path("x")) }
        #expect(error?.description.contains("run.json") ?? false)
        let path = try makeRun(folder, steps: 1)
        try Data("{".utf8).write(to: URL(fileURLWithPath: path + "/run.json"))
        #expect(throws: TrainingError.self) { try RunReport(run: path) }
    }
}
