// SPDX-License-Identifier: Apache-2.0
//
// Who may send a request. Lease and budget are one transaction, so that neither several tasks nor
// several processes send a request twice or spend more than there is.

import GRDB

extension RequestCache {
    /// Owners of leases that a batch file holds.
    static let batchPrefix = "batch:"

    /// Asks for the right to send a request; enters it if it is new.
    /// - Parameters:
    ///   - owner: A name that no other process uses.
    ///   - seconds: How long the right lasts unless it is renewed.
    ///   - reserve: What the request may cost at most.
    ///   - cap: What all of the cache's requests may cost.
    public func lease(
        _ key: RequestKey, owner: String, seconds: Double, reserve: Dollars = .zero,
        cap: Dollars? = nil
    ) async throws(DistillationError) -> RequestLease {
        let time = now()
        return try await write { db in
            try Self.lease(
                key, owner: owner, seconds: seconds, reserve: reserve, cap: cap, time: time, db)
        }
    }

    static func lease(
        _ key: RequestKey, owner: String, seconds: Double, reserve: Dollars, cap: Dollars?,
        time: Double, _ db: Database
    ) throws -> RequestLease {
        try endLost(at: time, db)
        let row = try Row.fetchOne(
            db, sql: "SELECT state, owner, lease_until FROM requests WHERE hash = ?",
            arguments: [key.hash])
        if let row {
            switch row["state"] as String? {
            case "done": return .done
            case "failed": return .failed
            default: break
            }
            if let holder = row["owner"] as String? {
                if holder.hasPrefix(batchPrefix) { return .inBatch }
                return .busy(until: row["lease_until"] as Double? ?? time)
            }
        }
        if let cap {
            let spending = try spending(db)
            guard spending.spent + spending.reserved + reserve <= cap else {
                return .overBudget(spending)
            }
        }
        if row == nil {
            try db.execute(
                sql: """
                    INSERT INTO requests (hash, model, sample, request, created)
                    VALUES (?, ?, ?, ?, ?)
                    """,
                arguments: [key.hash, key.model, key.sample, key.canonical, time])
        }
        try db.execute(
            sql: """
                UPDATE requests SET owner = ?, lease_until = ?, reserved = ?, leases = leases + 1
                WHERE hash = ?
                """, arguments: [owner, time + seconds, reserve.picodollars, key.hash])
        return .granted
    }

    /// Takes the right from those who did not renew it: they were killed, perhaps after sending.
    private static func endLost(at time: Double, _ db: Database) throws {
        try endLost("owner IS NOT NULL AND lease_until <= ?", [time], db)
    }

    private static func endLost(
        _ condition: String, _ arguments: StatementArguments, _ db: Database
    ) throws {
        try db.execute(
            sql: """
                UPDATE requests SET uncertain = uncertain + reserved, lost_owner = owner,
                    lost = reserved, owner = NULL, lease_until = NULL, reserved = 0
                WHERE \(condition)
                """, arguments: arguments)
    }

    /// Takes the right from processes of this machine that are gone, without waiting for their leases
    /// to end.
    func endLeasesOfTheGone() async throws(DistillationError) {
        try await write { db in
            let owners = try String.fetchAll(
                db, sql: "SELECT DISTINCT owner FROM requests WHERE owner LIKE ?",
                arguments: ["\(LeaseOwner.prefix)%"])
            for owner in owners where LeaseOwner(name: owner)?.isGone == true {
                try Self.endLost("owner = ?", [owner], db)
            }
        }
    }

    /// Prolongs all of an owner's leases.
    public func renew(owner: String, seconds: Double) async throws(DistillationError) {
        let time = now()
        try await write { db in
            try db.execute(
                sql: "UPDATE requests SET lease_until = ? WHERE owner = ?",
                arguments: [time + seconds, owner])
        }
    }

    /// Gives a lease back; the request stays to be sent.
    /// - Parameter mayBeCharged: Whether what was set aside counts as perhaps spent.
    public func release(_ key: RequestKey, owner: String, mayBeCharged: Bool)
        async throws(DistillationError)
    {
        try await write { db in
            try db.execute(
                sql: """
                    UPDATE requests SET uncertain = uncertain + iif(?, reserved, 0), owner = NULL,
                        lease_until = NULL, reserved = 0
                    WHERE hash = ? AND owner = ?
                    """, arguments: [mayBeCharged, key.hash, owner])
        }
    }

    /// What counting a lost try found.
    enum LostTry: Sendable { case counted, overBudget, leaseLost }

    /// Counts a try that brought no answer but may be charged; the lease stays. Where another try is
    /// not within the budget nothing is counted yet: giving the lease back does.
    func countLostTry(_ key: RequestKey, owner: String, cap: Dollars?)
        async throws(DistillationError) -> LostTry
    {
        try await write { db in
            let reserved = try Int64.fetchOne(
                db, sql: "SELECT reserved FROM requests WHERE hash = ? AND owner = ?",
                arguments: [key.hash, owner])
            guard let reserved else { return .leaseLost }
            if let cap {
                let spending = try Self.spending(db)
                let total = spending.spent + spending.reserved + Dollars(picodollars: reserved)
                guard total <= cap else { return .overBudget }
            }
            try db.execute(
                sql: "UPDATE requests SET uncertain = uncertain + reserved WHERE hash = ?",
                arguments: [key.hash])
            return .counted
        }
    }

    static func spending(_ db: Database) throws -> CacheSpending {
        let row = try Row.fetchOne(db, sql: "SELECT cost, uncertain, reserved FROM ledger")
        func amount(_ name: String) -> Dollars { Dollars(picodollars: row?[name] ?? 0) }
        return CacheSpending(
            cost: amount("cost"), uncertain: amount("uncertain"), reserved: amount("reserved"))
    }
}
