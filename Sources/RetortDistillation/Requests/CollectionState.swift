// SPDX-License-Identifier: Apache-2.0

import RetortClient
import Synchronization

/// What the tasks of one collector share.
final class CollectionState: Sendable {
    private struct Content {
        var next = 0
        /// Requests that someone else sends.
        var deferred: [Int] = []
        var underWay = 0
        var end: CollectionReport.End?
        var report: CollectionReport
        var interruptionsInARow = 0
    }

    private let count: Int
    private let content: Mutex<Content>

    init(count: Int, spending: CacheSpending) {
        self.count = count
        content = Mutex(
            Content(report: CollectionReport(planned: count, spending: spending)))
    }

    var report: CollectionReport { content.withLock { $0.report } }
    var hasEnded: Bool { content.withLock { $0.end != nil } }
    /// Whether it is over for a reason that leaves nothing to wait for but what is under way.
    var endsAtOnce: Bool {
        switch content.withLock({ $0.end }) {
        case nil, .finished, .budget: false
        case .cancelled, .endpoint, .outage: true
        }
    }
    /// Requests that were sent and not settled yet.
    var underWay: Int { content.withLock { $0.underWay } }

    /// The next request, and whether it was looked at before; nil when there is none or it is over.
    func next() -> (index: Int, isDeferred: Bool)? {
        content.withLock { content in
            guard content.end == nil else { return nil }
            if content.next < count {
                content.next += 1
                return (content.next - 1, false)
            }
            guard !content.deferred.isEmpty else { return nil }
            return (content.deferred.removeFirst(), true)
        }
    }

    func postpone(_ index: Int) { content.withLock { $0.deferred.append(index) } }

    /// The first reason counts.
    func end(_ end: CollectionReport.End) {
        content.withLock { content in
            guard content.end == nil else { return }
            content.end = end
            content.report.end = end
        }
    }

    func begin() { content.withLock { $0.underWay += 1 } }
    func settle() { content.withLock { $0.underWay -= 1 } }

    func count(_ change: (inout CollectionReport) -> Void) {
        content.withLock { change(&$0.report) }
    }

    func succeed() { content.withLock { $0.interruptionsInARow = 0 } }

    /// - Returns: How many requests in a row used up their tries.
    func interrupt() -> Int {
        content.withLock { content in
            content.interruptionsInARow += 1
            content.report.interrupted += 1
            return content.interruptionsInARow
        }
    }
}
