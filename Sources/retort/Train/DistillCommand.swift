// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortClient
import RetortDistillation
import RetortJSON
import RetortTraining

struct DistillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "distill",
        abstract: "Train a student on what a teacher says or expects.",
        discussion: """
            The recipe's 'distill.method' says how: 'traces' asks a teacher (an OpenAI-compatible API or a \
            local model), keeps what is right and trains on it; 'logits' trains towards a local teacher's \
            distributions; 'on_policy' does so on what the student itself writes. Answers are kept in \
            OUTPUT/requests.sqlite, so that none is asked for twice (docs/distillation.md).
            """)

    enum Stage: String, ExpressibleByArgument, CaseIterable {
        case answers, dataset, student
    }

    @OptionGroup var options: RecipeOptions

    @Option(help: "Stop when this is there: answers, dataset or student.")
    var until = Stage.student

    @Option(
        help: ArgumentHelp(
            "Write the open requests as a batch file for OpenAI's batch API, and do nothing else.",
            valueName: "file"), completion: .file())
    var writeBatch: String?

    @Option(
        help: ArgumentHelp("Take a batch's results first. May be repeated.", valueName: "file"),
        completion: .file())
    var readBatch: [String] = []

    @Flag(help: "Ask again what could not be answered.")
    var retryFailures = false

    func run() async throws {
        let recipe = try options.load(.distill)
        guard let settings = recipe.distillation else {
            throw CommandError("\(options.recipe) has no 'distill'")
        }
        let ledger = try options.begin(recipe)
        var student = recipe
        if DistillationJob.isNeeded(recipe) {
            let job = try DistillationJob(recipe, prices: try prices(settings))
            student = job.student(recipe)
            if try await !settle(job) { return }
            try await prepare(job)
            if until != .answers { try ledger.collected(job.datasetDirectory) }
        } else {
            let given = [
                until == .student ? nil : "--until \(until.rawValue)",
                writeBatch.map { _ in "--write-batch" }, readBatch.isEmpty ? nil : "--read-batch",
                retryFailures ? "--retry-failures" : nil,
            ].compactMap { $0 }
            guard given.isEmpty else {
                throw CommandError(
                    "the recipe asks no teacher for answers: leave \(given.joined(separator: ", ")) out"
                )
            }
        }
        guard until == .student else { return }
        if settings.method == .onPolicy {
            try ReinforceCommand.run(student, options, ledger)
        } else {
            try options.run(student, ledger)
        }
    }

    /// The prices that come along, and those of the recipe's table.
    private func prices(_ settings: DistillationSettings) throws -> PriceTable {
        let bundled = try PriceTable.bundled()
        guard let path = try CollectionSettings(settings.collect).pricesPath else { return bundled }
        return bundled.overridden(by: try PriceTable(try YAMLFile.read(path)))
    }

    // MARK: Answers and dataset

    /// What is done with the cache before anybody is asked.
    /// - Returns: Whether to go on.
    private func settle(_ job: DistillationJob) async throws -> Bool {
        for path in readBatch {
            let found = try await job.readBatch(path)
            Output.note(
                "\(path): \(found.answered) answers, \(found.known) were there, \(found.failed) cannot be answered, \(found.freed) may be sent again"
            )
            for error in found.errors.prefix(10) {
                Output.note("\(path):\(error.line): \(error.reason)")
            }
            if found.errors.count > 10 {
                Output.note("\(path): \(found.errors.count - 10) more lines that brought nothing")
            }
        }
        if retryFailures {
            Output.note("\(try await job.cache.retryFailures()) requests are asked again")
        }
        guard let path = writeBatch else { return true }
        let written = try await job.writeBatch(to: path)
        Output.note(
            written.requests == 0
                ? "nothing is open: no batch was written"
                : "\(written.requests) requests in \(path), at most \(written.reserved); read the results with --read-batch within 36 hours"
        )
        if written.left > 0 {
            Output.note(
                "\(written.left) are left \(written.endedByBudget ? "for want of budget" : "for another file")"
            )
        }
        return false
    }

    private func prepare(_ job: DistillationJob) async throws {
        // What a student has begun to learn from stays as it is.
        let checkpoints = try? FileManager.default.contentsOfDirectory(
            atPath: "\(job.directory)/checkpoints")
        if until != .answers, !(checkpoints ?? []).isEmpty {
            guard options.resume, until == .student else {
                throw CommandError(
                    "\(job.directory) holds the checkpoints of a run; go on with --resume or choose another output"
                )
            }
            if FileManager.default.fileExists(atPath: job.datasetDirectory) { return }
        }
        if let cap = job.budget.cap, let price = job.budget.prices[job.plan.template.model] {
            Output.note(
                "at most \(cap) in all; prices of \(price.date) from \(price.source)")
        }
        let stop = StopFlag()
        let display = DistillDisplay(job, isQuiet: options.json)
        let running = Task {
            try await job.collect(shouldStop: { stop.isRaised }, onEvent: display.show)
        }
        let interruption = Interruption(others: [SIGTERM]) {
            stop.raise()
            running.cancel()
        }
        let report: CollectionReport
        do {
            defer { interruption.end() }
            report = try await running.value
        }
        display.end(report)
        switch report.end {
        case .cancelled:
            Output.note("stopped; the same command goes on")
            throw ExitCode(130)
        case .endpoint(let error):
            throw CommandError("the endpoint answers no request: \(error)")
        case .outage(let error):
            throw CommandError(
                "too many requests in a row got no answer, the last with: \(error); the same command goes on"
            )
        case .budget:
            Output.note(
                "the budget is used up: \(report.open) of \(report.planned) answers were not asked for"
            )
        case .finished:
            if report.open > 0 {
                throw CommandError(
                    "\(report.open) of \(report.planned) answers are still open; the same command goes on"
                )
            }
        }
        guard until != .answers else { return }
        let statistics = try await job.writeDataset()
        if options.json {
            // Behind it come the student's steps, unless this is all.
            if until == .dataset { Output.json(statistics.json) }
        } else {
            DistillDisplay.lines(statistics).forEach(Output.note)
            Output.note("\(job.datasetDirectory)/README.md")
        }
    }
}
