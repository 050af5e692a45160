// SPDX-License-Identifier: Apache-2.0
//
// OpenAI's batch files: requests out, results in. They share the cache with what is sent online.

import Foundation
import RetortClient
import RetortJSON

/// Writes requests to batch files and reads results back.
public struct BatchFile: Sendable {
    public struct Limits: Sendable {
        public var requests: Int
        public var bytes: Int

        /// OpenAI's.
        public init(requests: Int = 50_000, bytes: Int = 200_000_000) {
            self.requests = requests
            self.bytes = bytes
        }
    }

    /// What was written.
    public struct Export: Sendable, Equatable {
        /// The batch's name in the cache.
        public var batch: String
        public var requests = 0
        public var bytes = 0
        /// What the batch costs at most.
        public var reserved = Dollars.zero
        /// Requests of the plan that were left out: answered, unanswerable or under way.
        public var skipped = 0
        /// Requests of the plan that the limits or the budget leave for another file.
        public var left = 0
        public var endedByBudget = false
    }

    let cache: RequestCache
    let budget: Budget

    public init(cache: RequestCache, budget: Budget = Budget()) {
        self.cache = cache
        self.budget = budget
    }

    /// Writes the plan's open requests, each with its hash as `custom_id`. Nothing else sends them
    /// until the results are read, `seconds` passed or ``abandon(_:)`` was called.
    /// - Throws: ``DistillationError``; the requests are then free again. `invalidInput` if there is
    ///   a file already.
    public func write(
        _ plan: CollectionPlan, to path: String, limits: Limits = Limits(),
        seconds: Double = 36 * 3600
    ) async throws(DistillationError) -> Export {
        guard !FileManager.default.fileExists(atPath: path) else {
            throw DistillationError(.invalidInput, "\(path) exists; name a new file")
        }
        var export = Export(batch: RequestCache.batchPrefix + UUID().uuidString)
        let partial = "\(path).partial-\(ProcessInfo.processInfo.processIdentifier)"
        do throws(DistillationError) {
            let writer = try LineWriter(path: partial, isPrivate: true)
            try await write(plan, to: writer, limits, seconds, &export)
            if export.requests > 0 {
                try writer.finish(renamingTo: path)
            } else {
                writer.discard()
            }
            return export
        } catch {
            try? FileManager.default.removeItem(atPath: partial)
            // The first error is the one that helps.
            _ = try? await cache.abandonBatch(export.batch, mayBeCharged: false)
            throw error
        }
    }

    private func write(
        _ plan: CollectionPlan, to writer: LineWriter, _ limits: Limits, _ seconds: Double,
        _ export: inout Export
    ) async throws(DistillationError) {
        for index in 0..<plan.count {
            let planned = plan[index]
            let line = Array(Self.line(planned).utf8)
            guard export.requests < limits.requests, export.bytes + line.count < limits.bytes
            else {
                export.left = plan.count - index
                return
            }
            let reserve = try budget.reservation(for: planned.request, inBatch: true)
            let lease = try await cache.lease(
                planned.key, owner: export.batch, seconds: seconds, reserve: reserve,
                cap: budget.cap)
            switch lease {
            case .granted:
                try writer.write(line)
                export.requests += 1
                export.bytes += line.count + 1
                export.reserved = export.reserved + reserve
            case .overBudget:
                export.left = plan.count - index
                export.endedByBudget = true
                return
            case .done, .failed, .busy, .inBatch: export.skipped += 1
            }
        }
    }

    private static func line(_ planned: PlannedRequest) -> String {
        let line: JSONValue = [
            "custom_id": .string(planned.key.hash), "method": "POST",
            "url": "/v1/chat/completions", "body": .object(planned.request.body),
        ]
        return line.text()
    }

    /// Frees the requests of a batch that was not sent.
    /// - Parameter batch: ``Export/batch``.
    /// - Returns: How many.
    @discardableResult
    public func abandon(_ batch: String) async throws(DistillationError) -> Int {
        try await cache.abandonBatch(batch, mayBeCharged: false)
    }
}
