// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortPipeline
import RetortTensor

struct PipelineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pipeline",
        abstract: "Run the commands of a plan, each once.",
        discussion: """
            A plan is a YAML file, or a directory with pipeline.yaml (and quick.yaml for --quick). What is \
            done is in OUTPUT/pipeline.json: the same command goes on where it was stopped, here or on another \
            machine with a copy of OUTPUT. A stage is run again if its command or a recipe beside the plan \
            has changed, and so are those that need it (docs/pipelines.md).
            """)

    @Argument(help: "A plan, or a directory that has one.", completion: .file())
    var plan: String

    @Flag(help: "Take the directory's quick.yaml.")
    var quick = false

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp(
            "Change a variable of the plan, or its output. May be repeated.",
            valueName: "name=value"))
    var assignments: [String] = []

    @Option(help: ArgumentHelp("End with this stage.", valueName: "stage"))
    var until: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Run up to this many stages side by side, each with its share of the processors.",
            valueName: "count"))
    var jobs = 1

    @Flag(help: "Print the stages and run none.")
    var list = false

    func validate() throws {
        guard (1...256).contains(jobs) else { throw ValidationError("--jobs is from 1 to 256.") }
    }

    func run() async throws {
        let changes = try assignments.map { text in
            guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
                throw ValidationError("--set takes NAME=VALUE.")
            }
            return (
                name: String(text[..<equals]), value: String(text[text.index(after: equals)...])
            )
        }
        var isDirectory: ObjCBool = false
        _ = FileManager.default.fileExists(atPath: plan, isDirectory: &isDirectory)
        guard isDirectory.boolValue || !quick else {
            throw ValidationError("--quick is for a directory with a quick.yaml.")
        }
        let path =
            isDirectory.boolValue
            ? "\(plan.hasSuffix("/") ? String(plan.dropLast()) : plan)/\(quick ? "quick" : "pipeline").yaml"
            : plan
        let folder = (path as NSString).deletingLastPathComponent
        let read = try PipelinePlan(
            try YAMLFile.read(path), folder: folder.isEmpty ? "." : folder, changes: changes)
        if list {
            for stage in read.stages {
                Output.line("\(stage.name): retort \(stage.arguments.joined(separator: " "))")
            }
            return
        }
        guard let program = Bundle.main.executablePath else {
            throw CommandError("the path of this program is not known")
        }
        let share = max(1, Processors.usable / jobs)
        try await run(
            PipelineRunner(
                read, program: program, jobs: jobs,
                environment: jobs > 1 ? [Processors.variable: "\(share)"] : [:]))
    }

    private func run(_ runner: PipelineRunner) async throws {
        let display = PipelineDisplay()
        let last = until
        let running = Task { try await runner.run(until: last, observe: display.show) }
        let interruption = Interruption(others: [SIGTERM]) { running.cancel() }
        defer { interruption.end() }
        let end: PipelineRunner.End
        do { end = try await running.value } catch {
            display.end()
            throw error
        }
        display.end()
        guard end == .finished else {
            Output.note("stopped; the same command goes on")
            throw ExitCode(130)
        }
        Output.note("\(runner.plan.output)/report.html")
    }
}

/// Shows the stages, and of the one that runs what it said last.
private final class PipelineDisplay: @unchecked Sendable {
    // Safety: all that changes is touched only while `lock` is held.
    private let lock = NSLock()
    private let moves = Terminal.errorIsTerminal
    /// Of the stages that run, in their order.
    private var logs: [(stage: String, path: String)] = []
    private var shown = ""
    private var watch: Task<Void, Never>?

    @Sendable func show(_ event: PipelineRunner.Event) {
        lock.withLock {
            switch event {
            case .began(let stage, let index, let count, let log):
                note(
                    "\(index + 1)/\(count) \(stage.name): retort \(stage.arguments.joined(separator: " "))"
                )
                logs.append((stage.name, log))
                if watch == nil, moves { watch = Task { [weak self] in await self?.follow() } }
            case .skipped(let stage, let index, let count):
                note("\(index + 1)/\(count) \(stage.name): done before")
            case .finished(let stage, let seconds):
                logs.removeAll { $0.stage == stage.name }
                note("\(stage.name): \(TrainingDisplay.duration(seconds))")
            case .failed(let stage, let error):
                logs.removeAll { $0.stage == stage.name }
                note("\(error)")
            case .expected(let expectation, let found):
                let holds = found.map { expectation.holds($0) } ?? false
                note(
                    "\(expectation.file): \(expectation.text): \(found.map { String(format: "%.4g", $0) } ?? "no number")\(holds ? "" : ", which does not hold")"
                )
            }
        }
    }

    private func follow() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(500))
            lock.withLock {
                let line = logs.compactMap { log in
                    PipelineRunner.lastLine(log.path).map {
                        logs.count > 1 ? "\(log.stage): \($0.trimmingPrefix(" "))" : $0
                    }
                }.joined(separator: " | ")
                guard !line.isEmpty, line != shown else { return }
                shown = line
                Output.moving("  \(line)")
            }
        }
    }

    /// Under `lock`.
    private func note(_ text: String) {
        if moves { Output.clearLine() }
        Output.note(text)
    }

    func end() {
        lock.withLock {
            watch?.cancel()
            if moves { Output.clearLine() }
        }
    }
}
