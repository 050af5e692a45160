// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import RetortClient

/// An answer as the cache keeps it.
public struct StoredAnswer: Sendable, Equatable {
    public var completion: ChatCompletion
    /// nil if the model's price was not known.
    public var cost: Dollars?
    /// Whether `cost` is what the request might cost at most, as the endpoint counted no tokens.
    public var costIsBound: Bool
    /// Seconds since 1970.
    public var finished: Double
}

/// A request that cannot be answered, and why.
public struct StoredFailure: Sendable, Equatable {
    public var hash: String
    public var model: String
    public var sample: Int
    public var kind: String
    public var reason: String
    /// Seconds since 1970.
    public var time: Double
}

/// How many requests of each kind a cache holds.
public struct CacheSummary: Sendable, Equatable {
    public var done = 0
    public var failed = 0
    /// Not answered, and sent by nobody now.
    public var pending = 0
    /// Being sent, or in a batch.
    public var leased = 0
    public var spending: CacheSpending
}

extension RequestCache {
    enum Source: String, Sendable { case online, batch }

    /// Keeps an answer. It is on the disk when this returns.
    /// - Parameter price: nil if not known; the answer then costs nothing in the sums.
    /// - Returns: false if there was an answer already, which stays.
    @discardableResult
    public func finish(
        _ key: RequestKey, owner: String, _ completion: ChatCompletion, price: ModelPrice?
    ) async throws(DistillationError) -> Bool {
        let time = now()
        let hash = key.hash
        return try await write { db in
            try Self.finish(
                hash, owner: owner, completion, price: price, source: .online, time: time, db)
        }
    }

    static func finish(
        _ hash: String, owner: String, _ completion: ChatCompletion, price: ModelPrice?,
        source: Source, time: Double, _ db: Database
    ) throws -> Bool {
        guard
            let row = try Row.fetchOne(
                db,
                sql: "SELECT state, owner, reserved, lost_owner, lost FROM requests WHERE hash = ?",
                arguments: [hash])
        else {
            throw DistillationError(
                .invalidInput, "the cache has no request \(hash); lease it before it is answered")
        }
        // A lease that ran out meanwhile was counted as perhaps spent; what it cost is known now.
        let wasLost = (row["lost_owner"] as String?) == owner
        let isHeld = (row["owner"] as String?) == owner
        let recovered: Int64 = wasLost && !isHeld ? row["lost"] ?? 0 : 0
        let reserved: Int64 = isHeld ? row["reserved"] ?? 0 : recovered
        let usage = completion.usage
        let counted = usage.flatMap { usage in price?.cost(of: usage, inBatch: source == .batch) }
        let cost = counted ?? Dollars(picodollars: price == nil ? 0 : reserved)
        let basis = price.map { _ in counted == nil ? "bound" : "usage" }
        if (row["state"] as String?) == "done" {
            // Paid for twice: a lease was not renewed in time.
            try db.execute(
                sql: """
                    UPDATE requests SET uncertain = uncertain - ? + ?, lost_owner = NULL, lost = 0
                    WHERE hash = ?
                    """, arguments: [recovered, cost.picodollars, hash])
            return false
        }
        try db.execute(
            sql: """
                UPDATE requests SET state = 'done', response = ?, finish_reason = ?,
                    prompt_tokens = ?, cached_tokens = ?, completion_tokens = ?,
                    reasoning_tokens = ?, source = ?, finished = ?, cost = ?, cost_basis = ?,
                    uncertain = uncertain - ?, lost_owner = NULL, lost = 0,
                    owner = NULL, lease_until = NULL, reserved = 0,
                    failure = NULL, failure_kind = NULL
                WHERE hash = ?
                """,
            arguments: [
                Data(completion.body), completion.choices.first?.finishReason,
                usage?.promptTokens, usage?.cachedTokens, usage?.completionTokens,
                usage?.reasoningTokens, source.rawValue, time, cost.picodollars, basis, recovered,
                hash,
            ])
        return true
    }

    /// The answer to a request, if it has one.
    /// - Throws: ``DistillationError`` of kind `damaged` if what is kept is no answer.
    public func answer(_ key: RequestKey) async throws(DistillationError) -> StoredAnswer? {
        let hash = key.hash
        let kept = try await read {
            db -> (body: Data, cost: Int64, basis: String?, time: Double)? in
            let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT response, cost, cost_basis, finished FROM requests
                    WHERE hash = ? AND state = 'done'
                    """, arguments: [hash])
            guard let row else { return nil }
            return (
                row["response"] ?? Data(), row["cost"] ?? 0,
                row["cost_basis"], row["finished"] ?? 0
            )
        }
        guard let kept else { return nil }
        let completion: ChatCompletion
        do throws(ClientError) {
            completion = try ChatCompletion(parsing: Array(kept.body))
        } catch {
            throw DistillationError(
                .damaged, "the answer to \(hash) in \(path) is damaged: \(error.description)")
        }
        return StoredAnswer(
            completion: completion, cost: kept.basis.map { _ in Dollars(picodollars: kept.cost) },
            costIsBound: kept.basis == "bound", finished: kept.time)
    }

    // MARK: Failures

    /// Notes that a request cannot be answered.
    public func fail(_ key: RequestKey, owner: String, _ error: ClientError)
        async throws(DistillationError)
    {
        let time = now()
        let hash = key.hash
        try await write { db in
            _ = try Self.fail(hash, error, time: time, owner: owner, db)
        }
    }

    /// - Returns: false if it is not the owner's to say, or was settled before.
    static func fail(
        _ hash: String, _ error: ClientError, time: Double, owner: String?, _ db: Database
    ) throws -> Bool {
        try db.execute(
            sql: """
                UPDATE requests SET state = 'failed', failure_kind = ?, failure = ?, finished = ?,
                    uncertain = uncertain + iif(?, reserved, 0), owner = NULL, lease_until = NULL,
                    reserved = 0
                WHERE hash = ? AND state = 'pending' AND (owner IS NULL OR owner = ?)
                """,
            arguments: [
                error.kind.rawValue, error.description, time, error.mayBeCharged, hash, owner,
            ])
        return db.changesCount > 0
    }

    /// The requests that cannot be answered, the oldest first.
    public func failures() async throws(DistillationError) -> [StoredFailure] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT hash, model, sample, failure_kind, failure, finished FROM requests
                    WHERE state = 'failed' ORDER BY sequence
                    """
            ).map { row in
                StoredFailure(
                    hash: row["hash"], model: row["model"], sample: row["sample"],
                    kind: row["failure_kind"] ?? "", reason: row["failure"] ?? "",
                    time: row["finished"] ?? 0)
            }
        }
    }

    /// Why a request cannot be answered, if it is known that it cannot.
    public func failure(_ key: RequestKey) async throws(DistillationError) -> ClientError.Kind? {
        let hash = key.hash
        let kind = try await read { db in
            try String.fetchOne(
                db, sql: "SELECT failure_kind FROM requests WHERE hash = ? AND state = 'failed'",
                arguments: [hash])
        }
        return kind.flatMap { ClientError.Kind(rawValue: $0) }
    }

    /// Lets the requests that could not be answered be sent again.
    /// - Parameter kinds: Of these failures only; nil for all.
    /// - Returns: How many.
    @discardableResult
    public func retryFailures(_ kinds: Set<ClientError.Kind>? = nil)
        async throws(DistillationError) -> Int
    {
        let kinds = (kinds ?? Set(ClientError.Kind.allCases)).map(\.rawValue)
        return try await write { db in
            let marks = databaseQuestionMarks(count: kinds.count)
            try db.execute(
                sql: """
                    UPDATE requests SET state = 'pending', failure = NULL, failure_kind = NULL,
                        finished = NULL
                    WHERE state = 'failed' AND failure_kind IN (\(marks))
                    """, arguments: StatementArguments(kinds))
            return db.changesCount
        }
    }

    /// Counts and sums.
    public func summary() async throws(DistillationError) -> CacheSummary {
        try await read { db in
            var summary = CacheSummary(spending: try Self.spending(db))
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT state, owner IS NOT NULL AS leased, count(*) AS number FROM requests
                    GROUP BY 1, 2
                    """)
            for row in rows {
                let number: Int = row["number"]
                switch (row["state"] as String?, row["leased"] as Bool?) {
                case ("done", _): summary.done += number
                case ("failed", _): summary.failed += number
                case (_, true): summary.leased += number
                default: summary.pending += number
                }
            }
            return summary
        }
    }
}
