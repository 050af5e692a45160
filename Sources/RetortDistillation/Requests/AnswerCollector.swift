// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortClient

/// Gets the answers of a plan into a cache, each paid for once.
///
/// Cancelling the task stops it: nothing more is sent, and answers under way are waited for and kept.
public struct AnswerCollector: Sendable {
    public struct Options: Sendable {
        public var budget: Budget
        /// How long answers under way may still come after the task was cancelled.
        public var drain: Duration
        /// How long a killed run's requests are left alone.
        public var lease: Duration
        /// Requests in a row that use up their tries until the run ends.
        public var maximumInterruptions: Int
        /// How often it is looked whether a request that another process sends was answered.
        public var pollInterval: Duration

        public init(
            budget: Budget = Budget(), drain: Duration = .seconds(600),
            lease: Duration = .seconds(120), maximumInterruptions: Int = 10,
            pollInterval: Duration = .seconds(1)
        ) {
            self.budget = budget
            self.drain = drain
            self.lease = lease
            self.maximumInterruptions = maximumInterruptions
            self.pollInterval = pollInterval
        }
    }

    private let client: ChatClient
    private let cache: RequestCache
    private let options: Options
    private let owner: String
    private var leaseSeconds: Double { options.lease / .seconds(1) }

    public init(client: ChatClient, cache: RequestCache, options: Options = Options()) {
        self.client = client
        self.cache = cache
        self.options = options
        owner = LeaseOwner().name
    }

    /// Works until every request is settled or something ends it; see ``CollectionReport/end``.
    /// - Throws: ``DistillationError`` if the budget cannot be kept to or the cache fails.
    public func run(
        _ plan: CollectionPlan, onEvent: @escaping @Sendable (CollectionEvent) -> Void = { _ in }
    ) async throws(DistillationError) -> CollectionReport {
        // Said before anything is sent, and the same for all prompts but for their length.
        _ = try options.budget.reservation(for: plan.template)
        try await cache.endLeasesOfTheGone()
        let state = CollectionState(
            count: plan.count, spending: try await cache.summary().spending)
        // Goes on while cancelled tasks wait for what is under way.
        let heartbeat = Task { [cache, owner, leaseSeconds] in
            while !Task.isCancelled {
                do { try await Task.sleep(for: .seconds(leaseSeconds / 4)) } catch { return }
                // A write that fails shows at the next answer.
                try? await cache.renew(owner: owner, seconds: leaseSeconds)
            }
        }
        defer { heartbeat.cancel() }
        let tasks = max(1, min(client.configuration.limits.maximumConcurrency, plan.count))
        let failure = await withTaskGroup(of: DistillationError?.self) { group in
            for _ in 0..<tasks {
                group.addTask {
                    do throws(DistillationError) {
                        try await work(plan, state, onEvent)
                        return nil
                    } catch {
                        // The others only finish what they have sent.
                        state.end(.cancelled)
                        return error
                    }
                }
            }
            var failure: DistillationError?
            while let result = await group.next() {
                failure = failure ?? result
                // Whoever waits to try again need not; what is under way still comes.
                if state.endsAtOnce { group.cancelAll() }
            }
            return failure
        }
        if let failure { throw failure }
        let spending = try await cache.summary().spending
        state.count { $0.spending = spending }
        return state.report
    }

    /// One of the tasks that work side by side.
    private func work(
        _ plan: CollectionPlan, _ state: CollectionState,
        _ onEvent: @Sendable (CollectionEvent) -> Void
    ) async throws(DistillationError) {
        while let (index, isDeferred) = state.next() {
            if isDeferred { try? await client.configuration.clock.sleep(options.pollInterval) }
            if Task.isCancelled { state.end(.cancelled) }
            guard !state.hasEnded else { return }
            let planned = plan[index]
            let reserve = try options.budget.reservation(for: planned.request)
            let othersUnderWay = state.underWay > 0
            // Counted before, so that whoever finds the budget taken sees that some may come back.
            state.begin()
            let lease = try await leaseCounted(planned, reserve, state)
            switch lease {
            case .granted:
                defer { state.settle() }
                try await ask(planned, state, onEvent)
            case .done:
                state.count { $0.cached += 1 }
                onEvent(.cached(hash: planned.key.hash))
            case .failed: state.count { $0.knownFailures += 1 }
            case .inBatch: state.count { $0.inBatch += 1 }
            case .busy: state.postpone(index)
            case .overBudget(let spending):
                // What is set aside for requests under way is more than they will cost.
                guard othersUnderWay || state.underWay > 0, let cap = options.budget.cap,
                    spending.spent + reserve <= cap
                else {
                    state.end(.budget)
                    return
                }
                state.postpone(index)
            }
        }
    }

    /// Leases; what is not granted is not under way.
    private func leaseCounted(
        _ planned: PlannedRequest, _ reserve: Dollars, _ state: CollectionState
    ) async throws(DistillationError) -> RequestLease {
        do throws(DistillationError) {
            let lease = try await cache.lease(
                planned.key, owner: owner, seconds: leaseSeconds, reserve: reserve,
                cap: options.budget.cap)
            if lease != .granted { state.settle() }
            return lease
        } catch {
            state.settle()
            throw error
        }
    }

    /// Sends a leased request and settles the lease, whatever comes.
    private func ask(
        _ planned: PlannedRequest, _ state: CollectionState,
        _ onEvent: @Sendable (CollectionEvent) -> Void
    ) async throws(DistillationError) {
        let key = planned.key
        let answer: ChatCompletion
        do throws(ClientError) {
            answer = try await client.complete(planned.request, drain: options.drain) { retry in
                state.count { $0.retries[retry.error.kind, default: 0] += 1 }
                onEvent(.retrying(hash: key.hash, retry))
                return await mayRetry(key, retry, state)
            }
        } catch {
            try await settle(key, error, state, onEvent)
            return
        }
        let price = options.budget.prices[planned.request.model]
        let isFirst = try await cache.finish(key, owner: owner, answer, price: price)
        state.succeed()
        guard isFirst else {
            // The lease was lost, and someone else's answer stays.
            state.count { $0.cached += 1 }
            onEvent(.cached(hash: key.hash))
            return
        }
        state.count { report in
            report.answered += 1
            if answer.usage == nil { report.withoutUsage += 1 }
        }
        onEvent(.answered(hash: key.hash, usage: answer.usage))
    }

    /// Whether a failed try is within the budget once more.
    private func mayRetry(
        _ key: RequestKey, _ retry: ChatClient.Retry, _ state: CollectionState
    ) async -> Bool {
        guard !state.hasEnded else { return false }
        guard retry.error.mayBeCharged else { return true }
        do throws(DistillationError) {
            switch try await cache.countLostTry(key, owner: owner, cap: options.budget.cap) {
            case .counted: return true
            case .overBudget:
                state.end(.budget)
                return false
            case .leaseLost: return false
            }
        } catch {
            // The same shows when the lease is given back.
            return false
        }
    }

    private func settle(
        _ key: RequestKey, _ error: ClientError, _ state: CollectionState,
        _ onEvent: @Sendable (CollectionEvent) -> Void
    ) async throws(DistillationError) {
        if !error.mayPassLater, !error.concernsEveryRequest {
            try await cache.fail(key, owner: owner, error)
            state.succeed()
            state.count { $0.failed += 1 }
            onEvent(.failed(hash: key.hash, error))
            return
        }
        try await cache.release(key, owner: owner, mayBeCharged: error.mayBeCharged)
        if error.kind == .cancelled {
            state.end(.cancelled)
        } else if error.concernsEveryRequest {
            state.end(.endpoint(error))
        } else {
            onEvent(.interrupted(hash: key.hash, error))
            if state.interrupt() >= options.maximumInterruptions { state.end(.outage(error)) }
        }
    }
}
