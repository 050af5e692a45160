// SPDX-License-Identifier: Apache-2.0
//
// Runs the stages that are not done. A stage counts as done when its process has ended well and its digest
// is in pipeline.json; until then it is tried again, from where it was if it can go on.

import Crypto
import Foundation
import RetortFormats
import RetortJSON
import Subprocess

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// Runs a plan.
public struct PipelineRunner: Sendable {
    public enum Event: Sendable {
        case began(PipelineStage, index: Int, count: Int, log: String)
        case skipped(PipelineStage, index: Int, count: Int)
        case finished(PipelineStage, seconds: Double)
        /// Stages that run beside it go on to their end.
        case failed(PipelineStage, any Error)
        case expected(PipelineStage.Expectation, found: Double?)
    }

    public enum End: Sendable, Equatable {
        case finished
        /// A stage's process was stopped; the same command goes on.
        case stopped
    }

    public let plan: PipelinePlan
    /// The program whose subcommands the stages are.
    private let program: String
    private let jobs: Int
    private let environment: [String: String]

    /// - Parameters:
    ///   - jobs: How many stages may run side by side.
    ///   - environment: Variables of the stages beside this process's.
    public init(
        _ plan: PipelinePlan, program: String, jobs: Int = 1, environment: [String: String] = [:]
    ) {
        self.plan = plan
        self.program = program
        self.jobs = max(1, jobs)
        self.environment = environment
    }

    private func path(_ name: String) -> String { "\(plan.output)/\(name)" }

    /// Runs the stages that are not done.
    /// - Parameter last: The stage to end with; nil runs all.
    /// - Throws: ``PipelineError`` if a stage fails or a number is not what is required; stages that run
    ///   beside it are waited for.
    public func run(
        until last: String? = nil, observe: @escaping @Sendable (Event) -> Void
    ) async throws -> End {
        guard
            let end = last.map({ name in plan.stages.firstIndex { $0.name == name } })
                ?? plan.stages.indices.last
        else { throw PipelineError("there is no stage '\(last ?? "")'") }
        try FileManager.default.createDirectory(
            atPath: path("logs"), withIntermediateDirectories: true)
        let lock = try PipelineLock(output: plan.output)
        defer { withExtendedLifetime(lock) {} }
        var progress = try PipelineProgress(plan, upTo: end) { try digest($0) }
        var failure: (any Error)?
        try await withThrowingTaskGroup(of: Outcome.self) { group in
            while true {
                while failure == nil, !Task.isCancelled, let next = progress.next(atMost: jobs) {
                    do {
                        if let outcome = try start(next, &progress, observe) {
                            group.addTask { await outcome() }
                        }
                    } catch { failure = error }
                }
                guard let outcome = try await group.next() else { return }
                do { try finish(outcome, &progress, observe) } catch {
                    observe(.failed(plan.stages[outcome.index], error))
                    failure = failure ?? error
                }
            }
        }
        if let failure { throw failure }
        if progress.wasStopped || Task.isCancelled { return .stopped }
        try PipelineReport(plan, progress.state).write()
        if last == nil { try check(plan.expectations, after: "all stages", observe) }
        return .finished
    }

    /// What came of a stage's process.
    private struct Outcome: Sendable {
        let index: Int
        let result: Result<Int, any Error>
        let seconds: Double
    }

    /// - Returns: The stage's process; nil if it was done before.
    private func start(
        _ index: Int, _ progress: inout PipelineProgress, _ observe: (Event) -> Void
    ) throws -> (@Sendable () async -> Outcome)? {
        let stage = plan.stages[index]
        let count = plan.stages.count
        guard !progress.isDone(index) else {
            observe(.skipped(stage, index: index, count: count))
            progress.end(index)
            try check(stage.expectations, after: "the stage '\(stage.name)'", observe)
            return nil
        }
        if !progress.isCurrent(index) { try remove(stage) }
        progress.begin(index)
        try progress.state.write(output: plan.output)
        let log = path("logs/\(stage.name).log")
        observe(.began(stage, index: index, count: count, log: log))
        return {
            let start = ContinuousClock.now
            let result: Result<Int, any Error>
            do { result = .success(try await launch(stage, log: log)) } catch {
                result = .failure(error)
            }
            return Outcome(
                index: index, result: result,
                seconds: (ContinuousClock.now - start) / .seconds(1))
        }
    }

    private func finish(
        _ outcome: Outcome, _ progress: inout PipelineProgress, _ observe: (Event) -> Void
    ) throws {
        let stage = plan.stages[outcome.index]
        let status = try? outcome.result.get()
        let seconds = progress.end(outcome.index, status: status, seconds: outcome.seconds)
        try progress.state.write(output: plan.output)
        if status == PipelineProgress.stopped || Task.isCancelled { return }
        guard try outcome.result.get() == 0 else {
            let log = path("logs/\(stage.name).log")
            throw PipelineError(
                "the stage '\(stage.name)' failed (status \(status ?? -1)): \(Self.lastLine(log) ?? "see its log"); \(log) has all it said"
            )
        }
        observe(.finished(stage, seconds: seconds))
        try PipelineReport(plan, progress.state).write()
        try check(stage.expectations, after: "the stage '\(stage.name)'", observe)
    }

    private func check(
        _ expectations: [PipelineStage.Expectation], after: String, _ observe: (Event) -> Void
    ) throws(PipelineError) {
        for expectation in expectations {
            let found = ReportValue.read(path(expectation.file), key: expectation.key)
            observe(.expected(expectation, found: found))
            let holds = found.map { expectation.holds($0) } ?? false
            guard holds || !expectation.isRequired else {
                throw PipelineError(
                    "after \(after): \(expectation.text) was required and \(found.map { "\($0)" } ?? "no number") found in \(path(expectation.file)); change the recipe and run it again"
                )
            }
        }
    }

    /// Removes what a stage has made, but for databases: answers in them may have been paid for.
    private func remove(_ stage: PipelineStage) throws {
        let manager = FileManager.default
        for name in stage.makes {
            var isDirectory: ObjCBool = false
            guard manager.fileExists(atPath: path(name), isDirectory: &isDirectory) else {
                continue
            }
            let names =
                isDirectory.boolValue ? try manager.contentsOfDirectory(atPath: path(name)) : []
            let kept = names.filter { $0.contains(".sqlite") }
            guard !kept.isEmpty else {
                try manager.removeItem(atPath: path(name))
                continue
            }
            for child in names where !kept.contains(child) {
                try manager.removeItem(atPath: path("\(name)/\(child)"))
            }
        }
    }

    /// Of the arguments and of the plan's own files among them, and what it must have.
    private func digest(_ stage: PipelineStage) throws -> String {
        var hash = SHA256()
        for (argument, pattern) in zip(stage.arguments, stage.pattern) {
            hash.update(data: Data("\(pattern)\n".utf8))
            // A file may also stand behind a key: --set data.chat_template={here}/x.jinja
            for path in [argument[...], argument.drop { $0 != "=" }.dropFirst()]
            where path.hasPrefix("\(plan.folder)/") {
                if let bytes = FileManager.default.contents(atPath: String(path)) {
                    hash.update(data: bytes)
                }
            }
        }
        hash.update(data: Data("\(stage.output ?? "") \(stage.makes)".utf8))
        return String(hexadecimal: hash.finalize())
    }

    /// - Returns: The exit status; of a process that a signal ended, 128 and its number.
    private func launch(_ stage: PipelineStage, log: String) async throws -> Int {
        let arguments = stage.arguments + (stage.resumes ? ["--resume"] : [])
        let partial = stage.output.map { path("\($0).partial") }
        let printed = partial ?? log
        try FileManager.default.createDirectory(
            atPath: (printed as NSString).deletingLastPathComponent,
            withIntermediateDirectories: true)
        let errors = try FileDescriptor.open(
            FilePath(log), .writeOnly, options: [.create, .append],
            permissions: [.ownerReadWrite, .groupRead, .otherRead])
        let output = try FileDescriptor.open(
            FilePath(printed), .writeOnly,
            options: partial == nil ? [.create, .append] : [.create, .truncate],
            permissions: [.ownerReadWrite, .groupRead, .otherRead])
        var options = PlatformOptions()
        // A training writes its checkpoint behind the present step; a collection waits up to ten minutes
        // for answers that are being paid for.
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(660))]
        let result = try await Subprocess.run(
            .path(FilePath(program)), arguments: Arguments(arguments),
            environment: .inherit.updating(
                Dictionary(
                    environment.map { (Environment.Key(rawValue: $0) ?? "", $1) },
                    uniquingKeysWith: { $1 })),
            platformOptions: options,
            output: .fileDescriptor(output, closeAfterSpawningProcess: true),
            error: .fileDescriptor(errors, closeAfterSpawningProcess: true))
        switch result.terminationStatus {
        case .exited(let code):
            if code == 0, let partial, let name = stage.output {
                guard rename(partial, path(name)) == 0 else {
                    throw PipelineError("\(path(name)) cannot be written")
                }
            }
            return Int(code)
        case .signaled(let signal): return 128 + Int(signal)
        }
    }

    /// The last line of a log that says something.
    public static func lastLine(_ log: String) -> String? {
        guard let file = FileHandle(forReadingAtPath: log) else { return nil }
        defer { try? file.close() }
        let size = (try? file.seekToEnd()) ?? 0
        try? file.seek(toOffset: size > 4096 ? size - 4096 : 0)
        let text = String(decoding: (try? file.readToEnd()) ?? Data(), as: UTF8.self)
        return text.split(whereSeparator: \.isNewline).last { !$0.allSatisfy(\.isWhitespace) }
            .map { String($0) }
    }
}

/// Held while a pipeline runs: two of them would write the same files.
private final class PipelineLock {
    private let descriptor: Int32

    init(output: String) throws(PipelineError) {
        descriptor = open("\(output)/pipeline.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0, FileLock.take(descriptor) else {
            throw PipelineError(
                "another process runs the pipeline of \(output); wait for it or choose another output"
            )
        }
    }

    deinit { close(descriptor) }
}
