// SPDX-License-Identifier: Apache-2.0
//
// Answers of a model in this process: nobody is asked and nothing is paid, so that there is no lease.

import Foundation
import GRDB
import RetortClient

extension RequestCache {
    /// The requests that have no answer yet.
    /// - Returns: Their hashes.
    func missing(_ keys: [RequestKey]) async throws(DistillationError) -> Set<String> {
        let hashes = keys.map(\.hash)
        return try await read { db in
            var missing = Set(hashes)
            let statement = try db.cachedStatement(
                sql: "SELECT 1 FROM requests WHERE hash = ? AND state = 'done'")
            for hash in hashes {
                if try Bool.fetchOne(statement, arguments: [hash]) == true { missing.remove(hash) }
            }
            return missing
        }
    }

    /// Keeps answers, all or none of them. An answer that there is already stays.
    func store(_ answers: [(key: RequestKey, completion: ChatCompletion)])
        async throws(DistillationError)
    {
        let time = now()
        try await write { db in
            for (key, completion) in answers {
                let lease = try Self.lease(
                    key, owner: "local", seconds: 60, reserve: .zero, cap: nil, time: time, db)
                guard lease == .granted else { continue }
                _ = try Self.finish(
                    key.hash, owner: "local", completion, price: nil, source: .online, time: time,
                    db)
            }
        }
    }
}
