// SPDX-License-Identifier: Apache-2.0
//
// Writes an answer: to those who listen as it comes, to the database every second and at its end.

import Logging
import RetortEngine
import RetortJSON
import RetortTemplates

actor RunWriter {
    private let run: LiveRun
    /// As it was at the beginning.
    private let message: StoredMessage
    private let store: ServerStore
    private let interval: Duration
    private let price: MachinePrice?
    private let logger: Logger
    private let start = ContinuousClock.now
    private var clock: AnswerClock
    private var tally: RunTally
    private var loadSeconds = 0.0
    /// Whether there is text that was not saved.
    private var isDirty = false
    private var ticks = 0

    init(
        run: LiveRun, message: StoredMessage, store: ServerStore, metrics: ServerMetrics,
        interval: Duration, price: MachinePrice?, logger: Logger
    ) {
        self.run = run
        self.message = message
        self.store = store
        self.interval = interval
        self.price = price
        self.logger = logger
        clock = AnswerClock(metrics)
        tally = RunTally(reasoning: message.reasoning ?? "", content: message.content)
    }

    private var elapsed: Double { (ContinuousClock.now - start) / .seconds(1) }

    /// Writes the whole answer. Returns when it is in the database and the events have ended.
    /// - Parameters:
    ///   - bytes: Of the model's file, if it is known.
    ///   - ready: The engine's work if it was taken already.
    ///   - submit: Loads the model and hands it the work.
    func write(
        model: String, bytes: Int?, _ ready: EngineRun?,
        _ submit: @Sendable () async throws -> EngineRun
    ) async {
        run.append(
            "started",
            [
                "message": .string(message.id), "model": .string(model),
                "base": ["reasoning": .string(tally.reasoning), "content": .string(tally.content)],
            ])
        let engine: EngineRun
        if let ready {
            engine = ready
        } else {
            if let bytes { run.append("loading", ["done": 0, "total": .count(bytes)]) }
            do {
                engine = try await submit()
            } catch {
                await fail(error)
                return
            }
            loadSeconds = elapsed
        }
        run.drive(
            engine.task, thinks: engine.plan.requests.first?.reasoning.marksThoughts ?? false)
        let ticker = Task { await tick() }
        await follow(engine)
        ticker.cancel()
    }

    private func follow(_ engine: EngineRun) async {
        var reader = engine.plan.makeReplyReader(0)
        tally.promptTokens = engine.plan.promptTokens
        for await event in engine.task.events {
            switch event {
            case .promptToken: break
            case .queued(let ahead): run.append("queued", ["position": .count(ahead + 1)])
            case .prompt(let processed, let total, let cached):
                run.append(
                    "prefill",
                    [
                        "done": .count(processed), "total": .count(total),
                        "cached": .count(cached),
                        "seconds": .double(tally.promptSeconds(at: elapsed)),
                    ])
            case .token(let token):
                clock.token()
                tally.token(isReasoning: token.isReasoning, at: elapsed)
                send(reader.append(token.text))
                if !token.isReasoning, tally.reasoningTokens > 0 { endThought() }
            case .rest(let text): send(reader.append(text))
            case .finished(let reason, let usage):
                send(reader.finish())
                clock.finish(reason, usage)
                await end(reason, usage, engine)
                return
            case .failed(let error):
                send(reader.finish())
                clock.fail()
                await fail(error)
                return
            }
        }
        clock.fail()
        await fail(ServerError("the answer was broken off"))
    }

    private func send(_ events: [ResponseParser.Event]) {
        for event in events {
            switch event {
            case .reasoning(let text):
                tally.reasoning += text
                run.append("reasoning", ["text": .string(text)])
            case .content(let text):
                endThought()
                tally.content += text
                run.append("content", ["text": .string(text)])
            // No tools are offered, so none is called.
            case .toolCallStart, .toolCallArguments, .toolCallEnd, .toolCallAbandoned: continue
            }
            isDirty = true
        }
    }

    private func endThought() {
        guard tally.endThought(at: elapsed) else { return }
        run.answers()
        guard tally.reasoningTokens > 0 else { return }
        run.append(
            "reasoning_end",
            [
                "seconds": .double(tally.reasoningSeconds(at: elapsed)),
                "tokens": .count(tally.reasoningTokens),
            ])
    }

    // MARK: - Now and then

    private func tick() async {
        while true {
            do { try await Task.sleep(for: interval) } catch { return }
            ticks += 1
            if let progress = tally.progress(at: elapsed) { run.append("progress", progress) }
            guard ticks % 2 == 0, isDirty else { continue }
            isDirty = false
            do {
                try await store.saveRun(
                    run.id, content: tally.content, reasoning: tally.reasoning)
            } catch is CancellationError {
                return
            } catch {
                // The next time may succeed; the end is written in any case.
                isDirty = true
                logger.error("an answer in the making cannot be saved: \(error)")
            }
        }
    }

    // MARK: - The end

    private func end(_ reason: FinishReason, _ usage: GenerationUsage, _ engine: EngineRun) async {
        var end = RunEnd(.complete, content: tally.content, reasoning: tally.reasoning)
        switch reason {
        case .stop: end.finishReason = "stop"
        case .length: end.finishReason = tally.lengthReason(usage, engine.plan)
        case .filtered: end.finishReason = reason.rawValue
        case .cancelled where run.isStopped:
            end.status = .stopped
            end.finishReason = "stopped"
        case .cancelled:
            end.status = .error
            end.failure = .serverRestarted
        }
        end.model = engine.plan.lease.id
        end.usage = tally.usage(usage, before: message.usage)
        end.timings = tally.timings(
            usage, loadSeconds: loadSeconds, at: elapsed, before: message.timings)
        end.cost = tally.cost(usage, price: price, before: message.cost)
        await close(end)
    }

    private func fail(_ error: any Error) async {
        if run.isStopped {
            var end = RunEnd(.stopped, content: tally.content, reasoning: tally.reasoning)
            end.finishReason = "stopped"
            await close(end)
            return
        }
        var end = RunEnd(.error, content: tally.content, reasoning: tally.reasoning)
        let known = error as? APIError
        end.failure = .init(
            message: known?.message ?? "\(error)", code: known?.code ?? "generation_failed")
        await close(end, type: known?.type ?? "server_error", param: known?.param)
    }

    private func close(_ end: RunEnd, type: String = "server_error", param: String? = nil) async {
        do {
            let result = try await store.endRun(run.id, end)
            var data = JSONObject([
                ("message", result.message.json), ("revision", .count(result.revision)),
            ])
            if let failure = end.failure {
                data["error"] = [
                    "message": .string(failure.message), "type": .string(type),
                    "param": .text(param), "code": .string(failure.code),
                ]
            }
            run.append(end.failure == nil ? "done" : "error", .object(data))
        } catch {
            // The conversation was removed for good meanwhile, or the disk is full. The stream ends
            // without an end; the app reads the message then.
            logger.error("an answer cannot be saved: \(error)")
        }
        run.end()
    }
}
