// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient

extension ChatClient {
    /// Asks until there is an answer, there cannot be one, or the tries are used up.
    ///
    /// - Parameters:
    ///   - drain: How long a request that is under way may go on after this task was cancelled. It
    ///     is paid for already, so its answer is worth waiting for. nil ends it at once.
    ///   - beforeRetry: Told of each failure that is to be tried again; false gives up.
    /// - Throws: ``ClientError``.
    public func complete(
        _ request: ChatCompletionRequest, drain: Duration? = nil,
        beforeRetry: @Sendable (Retry) async -> Bool = { _ in true }
    ) async throws(ClientError) -> ChatCompletion {
        try request.check()
        let estimate = request.estimatedPromptTokens + (request.maximumTokens ?? 0)
        let policy = configuration.retry
        var attempt = 0
        var badAnswers = 0
        while true {
            attempt += 1
            let outcome = try await admitted(request, estimate: estimate, drain: drain)
            let failure: AttemptFailure
            switch outcome {
            case .success(let completion): return completion
            case .failure(let error): failure = error
            }
            let error = failure.error
            guard error.mayPassLater, error.kind != .cancelled else { throw error }
            if Task.isCancelled {
                throw ClientError(
                    .cancelled, Self.cancelled.description, mayBeCharged: error.mayBeCharged)
            }
            if error.kind == .badAnswer { badAnswers += 1 }
            guard attempt < policy.maximumAttempts, badAnswers < policy.maximumBadAnswers else {
                throw error.saying(
                    "\(configuration.endpoint.host): \(error.description), after \(attempt) tries")
            }
            if let asked = failure.retryAfter, asked > policy.maximumDelay {
                throw error.saying(
                    "\(error.description) and asks to wait \(asked.components.seconds) s; go on then"
                )
            }
            let delay = policy.delay(
                afterAttempt: attempt, random: configuration.clock.random(),
                retryAfter: failure.retryAfter)
            // All of this client's requests are meant, not only the one that was refused.
            if error.kind == .rateLimited, failure.retryAfter != nil { limiter.pause(for: delay) }
            guard await beforeRetry(Retry(error: error, delay: delay, attempt: attempt)) else {
                throw error
            }
            do { try await configuration.clock.sleep(delay) } catch { throw Self.cancelled }
        }
    }

    private static let cancelled = ClientError(.cancelled, "the request was cancelled")

    /// One try, when gate and limiter let it through.
    private func admitted(
        _ request: ChatCompletionRequest, estimate: Int, drain: Duration?
    ) async throws(ClientError) -> Result<ChatCompletion, AttemptFailure> {
        let ticket: ConcurrencyGate.Ticket
        do { ticket = try await gate.enter() } catch { throw Self.cancelled }
        do {
            try await limiter.acquire(tokens: estimate)
        } catch {
            gate.leave(ticket, .other)
            throw Self.cancelled
        }
        let outcome = await shielded(for: drain) { await self.attempt(request) }
        switch outcome {
        case .success(let completion):
            if let usage = completion.usage {
                limiter.correct(estimate: estimate, actual: usage.totalTokens)
            }
            gate.leave(ticket, .success)
        case .failure(let failure):
            gate.leave(ticket, failure.error.kind == .rateLimited ? .throttled : .other)
        }
        return outcome
    }

    /// Runs `body` so that the end of this task reaches it only after a while.
    private func shielded<Value: Sendable>(
        for drain: Duration?, _ body: @escaping @Sendable () async -> Value
    ) async -> Value {
        let task = Task { await body() }
        let clock = configuration.clock
        return await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            guard let drain else {
                task.cancel()
                return
            }
            Task {
                try? await clock.sleep(drain)
                task.cancel()
            }
        }
    }
}
