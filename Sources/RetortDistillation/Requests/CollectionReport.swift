// SPDX-License-Identifier: Apache-2.0

import RetortClient

/// What a collector did.
public struct CollectionReport: Sendable, Equatable {
    /// Why it ended.
    public enum End: Sendable, Equatable {
        /// Every request was answered or cannot be, or is someone else's.
        case finished
        /// The next request could have cost more than is left.
        case budget
        case cancelled
        /// No request would have been answered.
        case endpoint(ClientError)
        /// Too many requests in a row used up their tries.
        case outage(ClientError)
    }

    public var end = End.finished
    public var planned = 0
    /// Answers that this run got.
    public var answered = 0
    /// Answers that were there already.
    public var cached = 0
    /// Requests that this run found cannot be answered.
    public var failed = 0
    /// Requests of which that was known.
    public var knownFailures = 0
    /// Requests whose tries were used up; the next run sends them again.
    public var interrupted = 0
    /// Requests that wait in a batch.
    public var inBatch = 0
    /// Tries that failed and were repeated, by reason.
    public var retries: [ClientError.Kind: Int] = [:]
    /// Answers of this run whose tokens the endpoint did not count.
    public var withoutUsage = 0
    /// Of the cache, earlier runs included.
    public var spending: CacheSpending

    /// Requests of the plan that are neither answered nor known to be unanswerable.
    public var open: Int { planned - answered - cached - failed - knownFailures }
}

/// What happens while a collector works.
public enum CollectionEvent: Sendable {
    /// An answer was kept.
    case answered(hash: String, usage: TokenUsage?)
    case cached(hash: String)
    case failed(hash: String, ClientError)
    case retrying(hash: String, ChatClient.Retry)
    /// The tries of a request were used up.
    case interrupted(hash: String, ClientError)
}
