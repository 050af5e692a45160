// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortClient
import RetortEvaluation
import RetortGuard
import RetortJSON

struct EvalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval",
        abstract: "Measure how often a model's answers are right.",
        discussion: """
            Tasks: multiplication and addition (--digits), countdown (--numbers), gsm8k (--data), and \
            file:PATH with problems of your own, a JSON object a line. One sample of each problem is \
            taken greedily; with --samples K each is drawn at temperature 0.6 and top-p 0.95, and \
            pass@1 is the mean over samples. An answer that is cut off is wrong.
            """)

    @Argument(help: "A GGUF file, a Hugging Face directory, a name in the store, or 'bundled'.")
    var model = "bundled"

    @Option(
        help: ArgumentHelp(
            "\(TaskCatalog.names.joined(separator: ", ")).", valueName: "name"))
    var task: String

    @Option(
        help: ArgumentHelp("Digits of the operands, such as 3, or 3x2.", valueName: "n"),
        transform: EvalCommand.parsedDigits)
    var digits = (3, 3)

    @Option(help: ArgumentHelp("Numbers of a Countdown problem.", valueName: "k"))
    var numbers = 3

    @Option(help: ArgumentHelp("Answers to each problem.", valueName: "k"))
    var samples = 1

    @Option(
        help: ArgumentHelp(
            "The most problems; by default all of a file, 200 of a generated task.", valueName: "n")
    )
    var limit: Int?

    @Option(help: "Which problems of a generated task: held_out or train.")
    var split = Split.heldOut

    @Option(help: ArgumentHelp("Of the choice of problems and of the samples.", valueName: "n"))
    var seed: UInt64 = 0

    @Option(
        help: ArgumentHelp(
            "0 takes the most likely token; by default 0 for one sample, 0.6 for several.",
            valueName: "f"))
    var temperature: Double?

    @Option(
        name: .customLong("top-p"),
        help: ArgumentHelp(
            "Keep the likeliest tokens up to this probability; by default 0.95 if the temperature is above 0.",
            valueName: "f"))
    var topP: Double?

    @Option(
        help: ArgumentHelp(
            "The most tokens of an answer, its thought included; by default what the context holds.",
            valueName: "n"))
    var maxTokens: Int?

    @Option(help: ArgumentHelp("Answers under way at a time.", valueName: "n"))
    var concurrency = 8

    @Option(
        help: ArgumentHelp(
            "Write samples.jsonl, summary.json and report.html here; an interrupted run goes on from them.",
            valueName: "directory"))
    var output: String?

    @Option(
        help: ArgumentHelp("The problems of gsm8k, as published.", valueName: "file"),
        completion: .file())
    var data: String?

    @Option(
        help: ArgumentHelp(
            "The --output of another run to compare with, over the problems of both.",
            valueName: "directory"))
    var baseline: String?

    @Flag(help: "Run the programs that grade problems of a file. They run on this machine.")
    var allowPrograms = false

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup(title: "Watermark") var watermark: WatermarkOptions
    @OptionGroup(title: "Endpoint") var endpointOptions: EndpointOptions
    @OptionGroup(title: "Model") var modelOptions: ModelOptions

    func validate() throws {
        guard (1...10_000).contains(samples), (1...4096).contains(concurrency), limit ?? 1 > 0,
            maxTokens ?? 1 > 0
        else {
            throw ValidationError(
                "--samples must lie between 1 and 10000, --concurrency between 1 and 4096, --limit and --max-tokens must be at least 1."
            )
        }
        guard (0...100).contains(temperature ?? 0), (0...1).contains(topP ?? 1) else {
            throw ValidationError(
                "--temperature must lie between 0 and 100, --top-p between 0 and 1.")
        }
        guard samples == 1 || temperature != 0 else {
            throw ValidationError(
                "--samples \(samples) at --temperature 0 would all be the same answer.")
        }
    }

    func run() async throws {
        var options = TaskCatalog.Options()
        options.digits = digits
        options.numbers = numbers
        options.path = data
        options.allowsPrograms = allowPrograms
        let task = try TaskCatalog.task(task, options)
        let settings = settings(task)
        // Before the model is opened, which may take a while: a bad file should not wait for it.
        _ = try task.problems(settings.split, seed: settings.seed, limit: settings.limit)
        let earlier = try baseline.map { try EvaluationResult.accuracies(directory: $0) }
        guard let configuration = try endpointOptions.configuration(concurrency: concurrency)
        else {
            let key = try watermark.key()
            var source = try EngineResponseSource(
                try modelOptions.open(model), concurrency: concurrency)
            source.watermark = key?.parameters
            return try await run(Evaluation(task, source: source, options: settings), earlier)
        }
        try await ChatClient.withClient(configuration) { client in
            let source = EndpointResponseSource(client: client, model: model)
            try await run(Evaluation(task, source: source, options: settings), earlier)
        }
    }

    private func run(_ evaluation: Evaluation, _ earlier: [String: Double]?) async throws {
        let display = EvalDisplay(isQuiet: json)
        let running = Task { try await evaluation.run(progress: display.show) }
        let interruption = Interruption(others: [SIGTERM]) { running.cancel() }
        defer { interruption.end() }
        let result: EvaluationResult
        do {
            result = try await running.value
        } catch is CancellationError {
            display.end()
            Output.note(
                output == nil
                    ? "stopped; with --output a run can go on"
                    : "stopped; the same command goes on")
            throw ExitCode(130)
        }
        display.end()
        try report(result, earlier)
    }

    private func settings(_ task: any EvaluationTask) -> Evaluation.Options {
        var options = Evaluation.Options()
        options.split = split
        options.seed = seed
        options.limit = limit ?? (task.isGenerated ? 200 : nil)
        options.samplesPerProblem = samples
        options.concurrency = concurrency
        options.model = model
        options.outputPath = output
        options.sampling = .usual(samples: samples)
        options.sampling.temperature = temperature ?? options.sampling.temperature
        options.sampling.topP = (options.sampling.temperature ?? 0) > 0 ? topP ?? 0.95 : nil
        options.sampling.maximumTokens = maxTokens
        return options
    }

    private func report(_ result: EvaluationResult, _ earlier: [String: Double]?) throws {
        let summary = result.summary
        let difference = earlier.map { result.difference(from: $0) } ?? nil
        if earlier != nil, difference == nil {
            Output.note("the two runs have no problem in common")
        }
        if json {
            var object = summary.json.objectValue ?? JSONObject()
            if let (difference, problems) = difference {
                object["difference_from_baseline"] = [
                    "n": .integer(Int64(problems)), "mean": .number(difference.mean),
                    "confidence_interval": [
                        .number(difference.interval.lowerBound),
                        .number(difference.interval.upperBound),
                    ],
                    "p_value": .number(difference.pValue),
                ]
            }
            Output.json(.object(object))
        } else {
            EvalDisplay.lines(summary).forEach(Output.line)
            if let (difference, problems) = difference {
                Output.line(EvalDisplay.line(difference, problems))
            }
            if let output { Output.note("\(output)/report.html") }
        }
        if let error = result.records.lazy.compactMap(\.error).first {
            throw CommandError(
                "\(summary.errors) of \(result.records.count) samples failed and are not counted, the first with: \(error)\(output == nil ? "" : "; the same command tries them again")"
            )
        }
    }

    /// `3`, or `3x2`.
    @Sendable private static func parsedDigits(_ text: String) throws -> (Int, Int) {
        guard let digits = ArithmeticTask.digits(text),
            (1...ArithmeticTask.mostDigits).contains(digits.0),
            (1...ArithmeticTask.mostDigits).contains(digits.1)
        else {
            throw ValidationError(
                "--digits wants a count from 1 to \(ArithmeticTask.mostDigits), or two such as 3x2."
            )
        }
        return digits
    }
}

extension Split: ExpressibleByArgument {}
