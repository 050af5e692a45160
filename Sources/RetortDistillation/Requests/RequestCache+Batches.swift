// SPDX-License-Identifier: Apache-2.0

import GRDB
import RetortClient

/// A batch whose results were not all read.
public struct OpenBatch: Sendable, Equatable {
    public var batch: String
    public var requests: Int
    /// Seconds since 1970 when its requests may be sent otherwise.
    public var until: Double
}

extension RequestCache {
    enum BatchEffect: Sendable { case answered, known, failed, freed, unknown }

    /// Takes one result of a batch.
    func take(_ line: BatchFile.Line, _ prices: PriceTable)
        async throws(DistillationError) -> BatchEffect
    {
        let time = now()
        return try await write { db in
            let row = try Row.fetchOne(
                db, sql: "SELECT state, model, owner, lost_owner FROM requests WHERE hash = ?",
                arguments: [line.hash])
            guard let row else { return .unknown }
            let owners = [row["owner"] as String?, row["lost_owner"] as String?].compactMap { $0 }
            let batch = owners.first { $0.hasPrefix(Self.batchPrefix) } ?? ""
            let isOpen = (row["state"] as String?) != "done"
            switch line.outcome {
            case .success(let completion):
                guard isOpen else { return .known }
                let price = prices[row["model"] ?? ""]
                return try Self.finish(
                    line.hash, owner: batch, completion, price: price, source: .batch, time: time,
                    db) ? .answered : .known
            case .failure(let error):
                guard isOpen else { return .known }
                if !error.mayPassLater, !error.concernsEveryRequest {
                    return try Self.fail(line.hash, error, time: time, owner: batch, db)
                        ? .failed : .known
                }
                try db.execute(
                    sql: """
                        UPDATE requests SET owner = NULL, lease_until = NULL, reserved = 0
                        WHERE hash = ? AND owner = ?
                        """, arguments: [line.hash, batch])
                return .freed
            }
        }
    }

    /// Frees what a batch holds.
    @discardableResult
    func abandonBatch(_ batch: String, mayBeCharged: Bool) async throws(DistillationError) -> Int {
        try await write { db in
            try db.execute(
                sql: """
                    UPDATE requests SET uncertain = uncertain + iif(?, reserved, 0), owner = NULL,
                        lease_until = NULL, reserved = 0
                    WHERE owner = ?
                    """, arguments: [mayBeCharged, batch])
            return db.changesCount
        }
    }

    /// Batches whose results were not all read, the oldest first.
    public func openBatches() async throws(DistillationError) -> [OpenBatch] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT owner, count(*) AS number, max(lease_until) AS until FROM requests
                    WHERE owner LIKE '\(Self.batchPrefix)%' GROUP BY owner ORDER BY min(sequence)
                    """
            ).map { OpenBatch(batch: $0["owner"], requests: $0["number"], until: $0["until"]) }
        }
    }
}
