// SPDX-License-Identifier: Apache-2.0
//
// Pages for those who run: first free ones, then those kept for later prompts, then another's.

import RetortModels

extension EngineLoop {
    /// Makes room for `count` more tokens.
    /// - Returns: Whether the sequence can be computed now; if not, it waits or has failed.
    func reserve(_ count: Int, _ sequence: EngineSequence) -> Bool {
        guard let cache = sequence.cache else { return false }
        while !cache.reserve(count) {
            if prefix.dropOldest(in: pool) { continue }
            guard let id = scheduler.preempt(for: sequence.id), sequences[id] != nil else {
                fail(
                    sequence,
                    EngineError(
                        "\(cache.count + count) tokens do not fit the cache of \(pool.pageCount) pages"
                    ))
                return false
            }
            giveWay(id)
        }
        return true
    }

    /// A sequence that lost its place waits without memory.
    func giveWay(_ id: Scheduler.ID) {
        guard let sequence = sequences[id] else { return }
        release(sequence)
        scheduler.setUnread(id, sequence.unread)
        statistics.preemptions += 1
    }

    /// Hands the pages that a sequence has filled to the prefix cache.
    func keepPages(of sequence: EngineSequence) {
        guard let cache = sequence.cache else { return }
        let size = KVPool.pageTokens
        while (sequence.keptPages + 1) * size <= cache.count {
            let start = sequence.keptPages * size
            sequence.node = prefix.insert(
                cache.pages[sequence.keptPages],
                tokens: sequence.tokens[start..<(start + size)], after: sequence.node, in: pool)
            sequence.keptPages += 1
        }
    }

    /// Hands the page that a sequence has begun to the prefix cache, too.
    private func keepLastPage(of sequence: EngineSequence) {
        guard granularity == 1, let cache = sequence.cache else { return }
        let start = sequence.keptPages * KVPool.pageTokens
        guard start < cache.count, sequence.keptPages < cache.pageCount else { return }
        _ = prefix.insert(
            cache.pages[sequence.keptPages], tokens: sequence.tokens[start..<cache.count],
            after: sequence.node, in: pool)
    }

    /// Takes a sequence's memory away; what it computed may still be found in the prefix cache.
    private func release(_ sequence: EngineSequence) {
        keepLastPage(of: sequence)
        // A step under way may still hold the cache, which must not hold the pages.
        sequence.cache?.truncate(to: 0)
        sequence.cache = nil
        sequence.node = PrefixCache.root
        sequence.keptPages = 0
    }

    func end(_ sequence: EngineSequence, _ reason: FinishReason) {
        forget(sequence)
        statistics.finished[reason, default: 0] += 1
        if reason != .cancelled, let seconds = sequence.seconds { mailbox.tookSeconds(seconds) }
        // Whoever hears of the end finds it counted.
        publish()
        sequence.finish(reason)
    }

    func fail(_ sequence: EngineSequence, _ error: any Error) {
        forget(sequence)
        statistics.failures += 1
        publish()
        sequence.fail(error as? EngineError ?? EngineError("\(error)"))
    }

    private func forget(_ sequence: EngineSequence) {
        scheduler.remove(sequence.id)
        sequences[sequence.id] = nil
        release(sequence)
    }
}
