// SPDX-License-Identifier: Apache-2.0
//
// Keys and values of the tokens of one sequence seen so far: which pages they are in.

import RetortFormats
import RetortTensor

/// The attention cache of one sequence. Takes pages from its pool as it grows and gives them back
/// when it is cut or goes away.
public final class KVCache {
    struct Layer {
        let keys: CachedHeads
        let values: CachedHeads
    }

    public let pool: KVPool
    /// Tokens that fit.
    public let capacity: Int
    /// Tokens seen so far.
    public private(set) var count = 0
    /// Pages held, in the order of the tokens.
    public private(set) var pageCount = 0
    let layers: [Layer]
    private let table: UnsafeMutablePointer<Int32>

    /// An empty cache for up to `capacity` tokens.
    init(pool: KVPool, capacity: Int) {
        self.pool = pool
        self.capacity = capacity
        // Only the places of pages held are ever read.
        table = .allocate(capacity: max(Self.pages(for: capacity), 1))
        layers = pool.layers(pages: table)
    }

    deinit {
        for index in 0..<pageCount { pool.release(table[index]) }
        table.deallocate()
    }

    public var dtype: DType { pool.dtype }

    /// Pages that `tokens` tokens lie in.
    public static func pages(for tokens: Int) -> Int {
        tokens / KVPool.pageTokens + (tokens % KVPool.pageTokens == 0 ? 0 : 1)
    }

    /// The page of each ``KVPool/pageTokens`` tokens.
    public var pages: UnsafeBufferPointer<Int32> {
        UnsafeBufferPointer(start: table, count: pageCount)
    }

    /// Makes sure that the next `tokens` tokens can be written.
    /// - Returns: Whether the pool had the pages; if not, those taken so far are kept.
    public func reserve(_ tokens: Int) -> Bool {
        guard tokens <= capacity - count else { return false }
        // The page that is written to next may be shared with a sequence that goes on otherwise.
        let place = count / KVPool.pageTokens
        if tokens > 0, place < pageCount, pool.isShared(table[place]) {
            guard let copy = pool.take() else { return false }
            pool.copy(table[place], to: copy)
            pool.release(table[place])
            table[place] = copy
        }
        while pageCount < Self.pages(for: count + tokens) {
            guard let page = pool.take() else { return false }
            table[pageCount] = page
            pageCount += 1
        }
        return true
    }

    /// Begins an empty cache with pages of another sequence of the same pool, which are shared from
    /// now on; the last one is copied before it is written to.
    /// - Parameter tokens: How many tokens of them, all if nil.
    public func adopt(_ shared: some Collection<Int32>, tokens: Int? = nil) {
        let held = shared.count * KVPool.pageTokens
        guard count == 0, pageCount == 0, shared.count <= Self.pages(for: capacity),
            Self.pages(for: min(tokens ?? held, capacity)) == shared.count
        else { return }
        for page in shared {
            pool.retain(page)
            table[pageCount] = page
            pageCount += 1
        }
        count = min(tokens ?? held, capacity)
    }

    func advance(by tokens: Int) { count += tokens }

    /// Forgets all but the first `length` tokens.
    public func truncate(to length: Int) {
        count = min(count, max(length, 0))
        while pageCount > Self.pages(for: count) {
            pageCount -= 1
            pool.release(table[pageCount])
        }
    }
}
