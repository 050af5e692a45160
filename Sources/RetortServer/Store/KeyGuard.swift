// SPDX-License-Identifier: Apache-2.0
//
// Keys are looked up and requests are counted in memory. What was counted is written every second,
// and what other processes changed (`retort keys revoke`) is read then.

import Crypto
import Foundation
import RetortEngine
import Synchronization

/// Tells valid keys of the store and keeps to their budgets.
public final class KeyGuard: KeyVerifier {
    /// Requests that a key may make now; it fills up with time.
    private struct Bucket {
        var level: Double
        var time: Double
    }

    private struct State {
        var keys: [StoredKey] = []
        var buckets: [String: Bucket] = [:]
        /// Of `day`, as written.
        var written: [String: KeyUsage] = [:]
        var day = 0
        var counted: [ServerStore.UsageEntry: KeyUsage] = [:]
        /// What is being written.
        var inFlight: [ServerStore.UsageEntry: KeyUsage] = [:]
        var lastUsed: [String: Double] = [:]
        var isBusy = false

        /// Takes what was counted to write it, unless it is being done.
        mutating func take() -> Bool {
            guard !isBusy else { return false }
            isBusy = true
            swap(&inFlight, &counted)
            return true
        }

        func used(_ key: String, on day: Int) -> Int {
            let entry = ServerStore.UsageEntry(key: key, day: day)
            let written = day == self.day ? written[key]?.tokens ?? 0 : 0
            return written + (counted[entry]?.tokens ?? 0) + (inFlight[entry]?.tokens ?? 0)
        }
    }

    private let store: ServerStore
    private let state = Mutex(State())

    /// Reads the keys.
    public init(_ store: ServerStore) throws {
        self.store = store
        let keys = try store.keys()
        state.withLock { $0.keys = keys }
    }

    private static let secondsOfDay = 86_400.0
    private var day: Int { Int(store.now() / Self.secondsOfDay) }

    /// Whether there ever was a key: the last one's end does not open the server to all.
    public func needsKey() -> Bool { state.withLock { !$0.keys.isEmpty } }

    public func verify(_ key: String) -> ClientIdentity? {
        let hash = SHA256.hash(data: Data(key.utf8))
        let keys = state.withLock { $0.keys }
        // Each comparison takes the same time, and all are made.
        var found: StoredKey?
        for stored in keys where hash == stored.hash { found = stored }
        guard let found, found.revoked == nil else { return nil }
        var client = ClientIdentity(id: found.id, label: found.name)
        client.isAdministrator = found.scopes.contains(.admin)
        client.scopes = found.scopes
        return client
    }

    // Asynchronous as the protocol's: its default would be taken before a synchronous one.
    public func admit(_ client: ClientIdentity) async -> Admission {
        let time = store.now()
        let day = day
        return state.withLock { state in
            guard let key = state.keys.first(where: { $0.id == client.id }) else {
                return .admitted
            }
            if let limit = key.tokensPerDay, state.used(key.id, on: day) >= limit {
                let rest = Double(day + 1) * Self.secondsOfDay - time
                return .refused(retryAfter: max(1, Int(rest.rounded(.up))))
            }
            if let limit = key.requestsPerMinute {
                let rate = Double(limit) / 60
                var bucket = state.buckets[key.id] ?? Bucket(level: Double(limit), time: time)
                let refill = max(0, time - bucket.time) * rate
                bucket = Bucket(level: min(Double(limit), bucket.level + refill), time: time)
                defer { state.buckets[key.id] = bucket }
                guard bucket.level >= 1 - 1e-6 else {
                    return .refused(
                        retryAfter: max(1, Int(((1 - bucket.level) / rate - 1e-6).rounded(.up))))
                }
                bucket.level -= 1
            }
            state.counted[.init(key: key.id, day: day), default: KeyUsage()].requests += 1
            state.lastUsed[key.id] = time
            return .admitted
        }
    }

    /// Counts the tokens of an answer.
    public func record(_ usage: GenerationUsage, client: String) {
        let day = day
        state.withLock { state in
            guard state.keys.contains(where: { $0.id == client }) else { return }
            var tokens = KeyUsage()
            tokens.promptTokens = usage.promptTokens
            tokens.cachedTokens = usage.cachedTokens
            tokens.completionTokens = usage.completionTokens
            state.counted[.init(key: client, day: day), default: KeyUsage()].add(tokens)
        }
    }

    /// Writes what was counted and reads the keys again.
    /// - Throws: The database's error; what was counted is kept for the next time.
    public func synchronize() async throws {
        let day = day
        // One at a time.
        while !state.withLock({ $0.take() }) { try await Task.sleep(for: .milliseconds(5)) }
        let (counted, lastUsed) = state.withLock { ($0.inFlight, $0.lastUsed) }
        do {
            let result = try await store.synchronizeKeys(counted, lastUsed: lastUsed, day: day)
            state.withLock { state in
                state.inFlight = [:]
                state.keys = result.keys
                state.written = result.used
                state.day = day
                for (key, time) in lastUsed where state.lastUsed[key] == time {
                    state.lastUsed[key] = nil
                }
                state.isBusy = false
            }
        } catch {
            state.withLock { state in
                for (entry, usage) in state.inFlight {
                    state.counted[entry, default: KeyUsage()].add(usage)
                }
                state.inFlight = [:]
                state.isBusy = false
            }
            throw error
        }
    }

    /// Does this every so often until the task is cancelled, and once more then.
    public func watch(
        every interval: Duration = .seconds(1), _ report: @Sendable (any Error) -> Void
    )
        async
    {
        while !Task.isCancelled {
            do { try await Task.sleep(for: interval) } catch { break }
            do { try await synchronize() } catch { report(error) }
        }
        // A cancelled task's writes are refused.
        let last = Task { try await self.synchronize() }
        do { try await last.value } catch { report(error) }
    }
}
