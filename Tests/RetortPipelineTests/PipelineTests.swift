// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON
import RetortPipeline
import Synchronization
import TestSupport
import Testing

@Suite("Pipelines") struct PipelineTests {
    /// A folder with a plan whose stages are shell commands.
    private final class Desk {
        let folder: TemporaryFolder
        var seen: [String] { log.names.withLock { $0 } }
        private let log = Log()

        private final class Log: Sendable {
            let names = Mutex<[String]>([])
        }

        init() throws { folder = try TemporaryFolder() }

        func plan(_ text: String, changes: [(name: String, value: String)] = []) throws
            -> PipelinePlan
        {
            var object = try JSONValue(parsing: Array(text.utf8)).objectValue ?? JSONObject()
            object["output"] = .string(folder.path("out"))
            return try PipelinePlan(
                .object(object), folder: folder.path("plan"), changes: changes)
        }

        /// - Returns: What happened to each stage.
        func run(
            _ plan: PipelinePlan, until last: String? = nil, jobs: Int = 1,
            environment: [String: String] = [:]
        ) async throws -> [String] {
            log.names.withLock { $0 = [] }
            let log = self.log
            let runner = PipelineRunner(
                plan, program: "/bin/sh", jobs: jobs, environment: environment)
            _ = try await runner.run(until: last) { event in
                switch event {
                case .began(let stage, _, _, _):
                    log.names.withLock { $0.append("run \(stage.name)") }
                case .skipped(let stage, _, _):
                    log.names.withLock { $0.append("skip \(stage.name)") }
                case .finished, .failed, .expected: break
                }
            }
            return seen
        }

        func write(_ text: String, to name: String) throws {
            try text.write(toFile: folder.path(name), atomically: true, encoding: .utf8)
        }

        func read(_ name: String) throws -> String {
            try String(contentsOfFile: folder.path("out/\(name)"), encoding: .utf8)
        }
    }

    private static let twoStages = """
        {"title": "Test", "variables": {"word": "one"}, "stages": [
          {"name": "first", "run": ["-c", "echo {word} >> {output}/first.txt"], "makes": "first.txt"},
          {"name": "second", "run": ["-c", "cat {output}/first.txt; echo note >&2"], "stdout": "second.txt"}
        ]}
        """

    @Test("each stage runs once, and again when it or one before it has changed")
    func once() async throws {
        let desk = try Desk()
        let plan = try desk.plan(Self.twoStages)
        #expect(try await desk.run(plan) == ["run first", "run second"])
        #expect(try desk.read("second.txt") == "one\n")
        #expect(try desk.read("logs/second.log") == "note\n")
        #expect(try await desk.run(plan) == ["skip first", "skip second"])
        let changed = try desk.plan(Self.twoStages, changes: [("word", "two")])
        #expect(try await desk.run(changed) == ["run first", "run second"])
        // What the first had made went before.
        #expect(try desk.read("second.txt") == "two\n")
        let report = try desk.read("report.html")
        #expect(report.contains("2 of 2") && report.contains("second"))
    }

    @Test("what stood on a changed stage is made anew, also when it was not reached at once")
    func behind() async throws {
        let desk = try Desk()
        _ = try await desk.run(desk.plan(Self.twoStages))
        let changed = try desk.plan(Self.twoStages, changes: [("word", "two")])
        #expect(try await desk.run(changed, until: "first") == ["run first"])
        #expect(try await desk.run(changed) == ["skip first", "run second"])
        #expect(try desk.read("second.txt") == "two\n")

        // A stage that was stopped half-way does not go on from what another input had made.
        let half = """
            {"variables": {"word": "one"}, "stages": [
              {"name": "first", "run": ["-c", "echo {word} > {output}/word"], "makes": "word"},
              {"name": "second", "run": ["-c", "mkdir -p {output}/s; cat {output}/word >> {output}/s/seen; touch {output}/s/paid.sqlite; false"],
               "makes": "s", "resume": true}]}
            """
        await #expect(throws: PipelineError.self) { _ = try await desk.run(desk.plan(half)) }
        await #expect(throws: PipelineError.self) { _ = try await desk.run(desk.plan(half)) }
        #expect(try desk.read("s/seen") == "one\none\n")
        await #expect(throws: PipelineError.self) {
            _ = try await desk.run(desk.plan(half, changes: [("word", "two")]))
        }
        #expect(try desk.read("s/seen") == "two\n")
        // Answers may have been paid for.
        #expect(try desk.read("s/paid.sqlite") == "")
    }

    @Test("stages that need nothing of each other run side by side", .timeLimit(.minutes(1)))
    func jobs() async throws {
        let desk = try Desk()
        // Each of the first two ends when the other has begun.
        let meeting = desk.folder.path("meeting")
        func wait(_ own: String, _ other: String) -> String {
            "touch \(meeting)-\(own); until [ -e \(meeting)-\(other) ]; do sleep 0.01; done; sleep 0.4; echo \(own) $WHO > {output}/\(own)"
        }
        let text = """
            {"stages": [
              {"name": "a", "run": ["-c", "\(wait("a", "b"))"]},
              {"name": "b", "run": ["-c", "\(wait("b", "a"))"], "makes": "b"},
              {"name": "both", "run": ["-c", "cat {output}/a {output}/b > {output}/both"]},
              {"name": "last", "run": ["-c", "cat {output}/both"], "stdout": "last"}]}
            """
        let plan = try desk.plan(text)
        let start = ContinuousClock.now
        let seen = try await desk.run(plan, jobs: 2, environment: ["WHO": "x"])
        #expect(seen == ["run a", "run b", "run both", "run last"])
        #expect(try desk.read("last") == "a x\nb x\n")
        let state = try PipelineState(output: desk.folder.path("out"))
        // What ran at the same time is counted once.
        let shared = state.stages.values.reduce(0) { $0 + $1.machineSeconds }
        #expect(shared <= (ContinuousClock.now - start) / .seconds(1))
    }

    @Test("names of any spelling are found, and what a stage makes anew waits for who reads it")
    func spelling() async throws {
        let desk = try Desk()
        let text = """
            {"variables": {"word": "one"}, "stages": [
              {"name": "a", "run": ["-c", "mkdir -p {output}/lr=0.1; echo {word} > '{output}/lr=0.1/x'"], "makes": "./lr=0.1"},
              {"name": "b", "run": ["-c", "cat '{output}/lr=0.1/x' > {output}/b"], "makes": "b"},
              {"name": "c", "run": ["-c", "cat {output}/b"]},
              {"name": "d", "run": ["-c", "echo d > {output}/bb"], "makes": "bb"}]}
            """
        _ = try await desk.run(desk.plan(text))
        let changed = try desk.plan(text, changes: [("word", "two")])
        #expect(try await desk.run(changed, jobs: 2) == ["run a", "skip d", "run b", "run c"])
    }

    @Test("what needs nothing of a changed stage is not run again") func apart() async throws {
        let desk = try Desk()
        let text = """
            {"variables": {"word": "one"}, "stages": [
              {"name": "a", "run": ["-c", "echo {word} > {output}/a/x"], "makes": "a/x"},
              {"name": "b", "run": ["-c", "echo b > {output}/b"]},
              {"name": "c", "run": ["-c", "ls {output}/a"]},
              {"name": "d", "run": ["-c", "true"], "after": "c"},
              {"name": "e", "run": ["-c", "true"], "after": ["b"]}]}
            """
        try FileManager.default.createDirectory(
            atPath: desk.folder.path("out/a"), withIntermediateDirectories: true)
        _ = try await desk.run(desk.plan(text))
        let changed = try desk.plan(text, changes: [("word", "two")])
        #expect(try await desk.run(changed) == ["run a", "skip b", "skip e", "run c", "run d"])
    }

    @Test("when a stage fails, the one beside it is waited for and no other is begun")
    func beside() async throws {
        let desk = try Desk()
        let text = """
            {"stages": [
              {"name": "bad", "run": ["-c", "exit 3"]},
              {"name": "good", "run": ["-c", "sleep 0.2; echo done"], "stdout": "good"},
              {"name": "later", "run": ["-c", "true"]}]}
            """
        await #expect(throws: PipelineError.self) {
            _ = try await desk.run(desk.plan(text), jobs: 2)
        }
        #expect(desk.seen == ["run bad", "run good"])
        #expect(try desk.read("good") == "done\n")
    }

    @Test("where a plan and its output lie does not change what is done") func moved() async throws
    {
        let desk = try Desk()
        #expect(try await desk.run(desk.plan(Self.twoStages)) == ["run first", "run second"])
        let (old, new) = (desk.folder.path("out"), desk.folder.path("elsewhere"))
        try FileManager.default.moveItem(atPath: old, toPath: new)
        let plan = try desk.plan(Self.twoStages, changes: [("output", new)])
        #expect(try await desk.run(plan) == ["skip first", "skip second"])
    }

    @Test("a stage that failed is tried again from what it left") func again() async throws {
        let desk = try Desk()
        let text = """
            {"stages": [
              {"name": "grow", "run": ["-c", "echo x >> {output}/grown; test $(wc -l < {output}/grown) -ge 3"],
               "makes": "grown", "resume": true},
              {"name": "end", "run": ["-c", "true"]}
            ]}
            """
        let plan = try desk.plan(text)
        for _ in 0..<2 {
            await #expect(throws: PipelineError.self) { _ = try await desk.run(plan) }
            #expect(desk.seen == ["run grow"])
        }
        #expect(try await desk.run(plan) == ["run grow", "run end"])
        let state = try PipelineState(output: desk.folder.path("out"))
        #expect(state.stages["grow"]?.tries == 3)
    }

    @Test("a file beside the plan is part of the stages that name it") func recipes() async throws {
        let desk = try Desk()
        try FileManager.default.createDirectory(
            atPath: desk.folder.path("plan"), withIntermediateDirectories: true)
        try desk.write("a", to: "plan/recipe.txt")
        let text = #"{"stages": [{"name": "copy", "run": "{here}/recipe.txt"}]}"#
        let plan = try desk.plan(text)
        await #expect(throws: PipelineError.self) { _ = try await desk.run(plan) }
        try desk.write("exit 0", to: "plan/recipe.txt")
        #expect(try await desk.run(plan) == ["run copy"])
        #expect(try await desk.run(plan) == ["skip copy"])
        try desk.write("exit 0 ", to: "plan/recipe.txt")
        #expect(try await desk.run(plan) == ["run copy"])
    }

    @Test("what is required must hold") func required() async throws {
        let desk = try Desk()
        let text = """
            {"stages": [
              {"name": "measure", "run": ["-c", "echo '{open}\\"a\\": {open}\\"b\\": 0.5{close}{close}' > {output}/m.json"],
               "expect": [{"file": "m.json", "key": "a.b", "at_least": 0.4, "at_most": 0.6},
                          {"file": "m.json", "key": "a.b", "at_least": 0.9, "required": true}]},
              {"name": "never", "run": ["-c", "true"]}],
             "expect": [{"file": "m.json", "key": "a.b", "at_most": 0.1}],
             "variables": {"open": "{", "close": "}"},
             "report": {"tables": [{"title": "Found", "columns": [{"title": "b", "key": "a.b", "format": "percent"}],
                        "rows": [{"name": "it", "file": "m.json"}, {"name": "none", "file": "n.json"}], "bars": "a.b"}]}}
            """
        await #expect(throws: PipelineError.self) { _ = try await desk.run(desk.plan(text)) }
        #expect(desk.seen == ["run measure"])
        let report = try desk.read("report.md")
        #expect(report.contains("| it | 50.0 % |") && report.contains("| none | – |"))
        #expect(report.contains("holds") && report.contains("does not hold"))
        #expect(report.contains("| all stages | m.json: a.b ≤ 0.1 | 0.5 | does not hold |"))
    }

    @Test("a stage for each value, and a chart of what they write") func each() async throws {
        let desk = try Desk()
        let text = """
            {"stages": [{"name": "seed-{seed}", "each": {"seed": [1, 2]},
               "run": ["-c", "for i in 1 2 3; do echo '{open}\\"step\\": '$i', \\"loss\\": {seed}.'$i'{close}'; done"],
               "stdout": "run-{seed}/metrics.jsonl"}],
             "variables": {"open": "{", "close": "}"}, "cost": {"price_per_hour": 2},
             "report": {"charts": [{"name": "loss", "title": "Loss", "series": [
                 {"name": "1", "file": "run-1/metrics.jsonl", "key": "loss"},
                 {"name": "2", "file": "run-2/metrics.jsonl", "key": "loss"}]}],
               "tables": [{"title": "Last", "name": "last", "columns": [{"title": "loss", "key": "loss"}], "bars": "loss",
                 "rows": [{"name": "both", "file": ["run-1/metrics.jsonl", "run-2/metrics.jsonl"]},
                          {"name": "one", "file": "run-1/metrics.jsonl"}]}]}}
            """
        #expect(try await desk.run(desk.plan(text)) == ["run seed-1", "run seed-2"])
        #expect(try desk.read("charts/loss.svg").contains("polyline"))
        #expect(try desk.read("charts/last.svg").contains("<style>"))
        let report = try desk.read("report.md")
        #expect(report.contains("| both | 1.8 (1.3 to 2.3) |"))
        #expect(report.contains("USD"))
    }

    @Test("what a point costs stands in the report") func gains() async throws {
        let desk = try Desk()
        let text = """
            {"stages": [{"name": "{what}", "each": {"what": [before, after]},
               "run": ["-c", "echo '{open}\\"a\\": '$(cat {here}/{what})'{close}'"], "stdout": "{what}.json"}],
             "variables": {"open": "{", "close": "}"}, "cost": {"price_per_hour": 3600},
             "report": {"gains": [{"title": "Gain", "key": "a", "rows": [
                 {"name": "up", "file": "after.json", "baseline": "before.json", "stages": "after"},
                 {"name": "down", "file": "before.json", "baseline": "after.json", "stages": ["before", "after"]},
                 {"name": "unknown", "file": "none.json", "baseline": "after.json", "stages": "after"}]}]}}
            """.replacing("[before, after]", with: #"["before", "after"]"#)
        try FileManager.default.createDirectory(
            atPath: desk.folder.path("plan"), withIntermediateDirectories: true)
        try desk.write("0.25", to: "plan/before")
        try desk.write("0.75", to: "plan/after")
        _ = try await desk.run(desk.plan(text))
        let report = try desk.read("report.md")
        func row(_ name: String) -> [Substring] {
            report.split(separator: "\n").first { $0.hasPrefix("| \(name) |") }?
                .split(separator: "|") ?? []
        }
        #expect(row("up")[1] == " 50.0 " && row("up").count == 7)
        #expect(row("up")[6].contains("USD"))
        #expect(row("down")[1] == " -50.0 " && row("down")[6] == " – ")
        #expect(row("unknown")[1] == " – ")
    }

    @Test("stopping ends the stage that runs") func stopped() async throws {
        let desk = try Desk()
        let plan = try desk.plan(
            """
            {"stages": [{"name": "wait", "run": ["-c", "trap 'exit 130' TERM; touch {output}/there; while true; do sleep 0.05; done"]}]}
            """)
        let running = Task {
            try await PipelineRunner(plan, program: "/bin/sh").run { _ in }
        }
        while !FileManager.default.fileExists(atPath: desk.folder.path("out/there")) {
            try await Task.sleep(for: .milliseconds(20))
        }
        running.cancel()
        #expect(try await running.value == .stopped)
        let state = try PipelineState(output: desk.folder.path("out"))
        #expect(state.stages["wait"]?.isDone == false)
    }

    @Test(
        "a plan that makes no sense is refused",
        arguments: [
            "{}", #"{"stages": []}"#, #"{"stages": [{"name": "a"}]}"#,
            #"{"stages": [{"run": "x"}]}"#,
            #"{"stages": [{"name": "a", "run": "x"}, {"name": "a", "run": "y"}]}"#,
            #"{"stages": [{"name": "a", "run": "x"}], "report": {"gains": [{"title": "g", "key": "k", "rows": [{"name": "r", "file": "f", "baseline": "f", "stages": "none"}]}]}}"#,
            #"{"stages": [{"name": "a", "run": "x"}], "report": {"gains": [{"title": "g", "key": "k", "rows": [{"name": "r"}]}]}}"#,
            #"{"stages": [{"name": "a", "run": "x"}], "report": {"charts": [{"name": "n", "title": "t"}, {"name": "n", "title": "u"}]}}"#,
            #"{"stages": [{"name": "a", "run": "x", "after": "b"}, {"name": "b", "run": "y"}]}"#,
            #"{"stages": [{"name": "a/b", "run": "x"}]}"#,
            #"{"stages": [{"name": "a", "run": "{nothing}"}]}"#,
            #"{"stages": [{"name": "a", "run": "x", "makes": "../y"}]}"#,
            #"{"stages": [{"name": "a", "run": "x", "makes": "/etc"}]}"#,
            #"{"stages": [{"name": "a", "run": "x", "makes": "."}]}"#,
            #"{"stages": [{"name": "a", "run": "x", "makes": ""}]}"#,
            #"{"stages": [{"name": "a", "run": "x", "each": {"b": []}}]}"#,
            #"{"stages": [{"name": "a", "run": "x", "each": {"b": [1, [2]]}}]}"#,
            #"{"stages": [{"name": "a", "run": "x", "colour": 1}]}"#,
            #"{"stages": [{"name": "a", "run": "x"}], "report": {"tables": [{"title": "t", "bars": "x"}]}}"#,
        ])
    func refused(text: String) throws {
        let desk = try Desk()
        #expect(throws: PipelineError.self) { _ = try desk.plan(text) }
    }
}
