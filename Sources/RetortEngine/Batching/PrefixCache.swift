// SPDX-License-Identifier: Apache-2.0
//
// What prompts have in common is read once: pages of keys and values stay after their sequence is
// gone, found again by the tokens that led to them, until others need the room.

import RetortModels

/// A tree of pages: each edge is the tokens of one page, fewer than a page has at a sequence's end.
/// Belongs to one ``KVPool``.
package struct PrefixCache {
    private struct Edge: Hashable {
        let parent: Int
        let tokens: ArraySlice<Int32>
    }

    private struct Node {
        let edge: Edge
        let page: Int32
        var children: [Int] = []
        var lastUse = 0
    }

    /// The known beginning of a text.
    package struct Match: Equatable {
        /// The pages of the beginning, the last of which may be used in part.
        package var pages: [Int32] = []
        package var tokens = 0
        /// Where the whole pages end.
        package var node = PrefixCache.root
        /// Whole pages.
        package var wholePages = 0
    }

    package static let root = -1

    package init() {}

    private var children: [Edge: Int] = [:]
    private var rootChildren: [Int] = []
    private var nodes: [Int: Node] = [:]
    private var nextNode = 0
    private var clock = 0

    /// Pages that are kept.
    package var pageCount: Int { nodes.count }

    /// The longest known beginning of `tokens`.
    /// - Parameters:
    ///   - granularity: The beginning has a multiple of so many tokens: 1, or a multiple of a page.
    ///   - most: The most tokens to find.
    package mutating func match(_ tokens: [Int32], granularity: Int, most: Int) -> Match {
        let size = KVPool.pageTokens
        let most = min(most, tokens.count)
        var path: [Int] = []
        var node = Self.root
        while (path.count + 1) * size <= most {
            let start = path.count * size
            let edge = Edge(parent: node, tokens: tokens[start..<(start + size)])
            guard let child = children[edge] else { break }
            node = child
            path.append(child)
        }
        if granularity > 1 { path.removeLast(path.count % max(granularity / size, 1)) }
        clock += 1
        for node in path { nodes[node]?.lastUse = clock }
        var match = Match(
            pages: path.compactMap { nodes[$0]?.page }, tokens: path.count * size,
            node: path.last ?? Self.root, wholePages: path.count)
        if granularity == 1 { addPart(to: &match, tokens[match.tokens..<most]) }
        return match
    }

    /// Adds the page that goes on with the most of `tokens`, if only for a part of it.
    private mutating func addPart(to match: inout Match, _ tokens: ArraySlice<Int32>) {
        var best: (node: Int, count: Int)?
        for child in children(of: match.node) {
            guard let edge = nodes[child]?.edge else { continue }
            let count = zip(edge.tokens, tokens).prefix { $0 == $1 }.count
            if count > best?.count ?? 0 { best = (child, count) }
        }
        guard let best, let page = nodes[best.node]?.page else { return }
        nodes[best.node]?.lastUse = clock
        match.pages.append(page)
        match.tokens += best.count
    }

    private func children(of node: Int) -> [Int] {
        node == Self.root ? rootChildren : nodes[node]?.children ?? []
    }

    /// Keeps a page of `tokens`, as many as a page has or fewer, that follow those of `parent`.
    /// - Returns: The node of these tokens, which may be an older one with a page of its own.
    package mutating func insert(
        _ page: Int32, tokens: ArraySlice<Int32>, after parent: Int, in pool: KVPool
    ) -> Int {
        clock += 1
        let edge = Edge(parent: parent, tokens: tokens)
        if let known = children[edge] {
            nodes[known]?.lastUse = clock
            return known
        }
        // What a node hangs on may have been dropped: then it could not be found.
        guard parent == Self.root || nodes[parent] != nil else { return parent }
        if tokens.count < KVPool.pageTokens,
            let longer = children(of: parent).first(where: { begins(nodes[$0], tokens) })
        {
            nodes[longer]?.lastUse = clock
            return longer
        }
        // Ends of sequences that went on are of no use any more.
        for child in children(of: parent) where isBeginning(nodes[child], of: tokens) {
            drop(child, in: pool)
        }
        let node = nextNode
        nextNode += 1
        // A slice would keep the whole sequence of tokens.
        let owned = Edge(parent: parent, tokens: ArraySlice(Array(tokens)))
        children[owned] = node
        nodes[node] = Node(edge: owned, page: page, lastUse: clock)
        if parent == Self.root {
            rootChildren.append(node)
        } else {
            nodes[parent]?.children.append(node)
        }
        pool.retain(page)
        return node
    }

    private func begins(_ node: Node?, _ tokens: ArraySlice<Int32>) -> Bool {
        node?.edge.tokens.starts(with: tokens) ?? false
    }

    private func isBeginning(_ node: Node?, of tokens: ArraySlice<Int32>) -> Bool {
        guard let known = node?.edge.tokens, known.count < KVPool.pageTokens else { return false }
        return tokens.starts(with: known)
    }

    /// Lets go of the page that was not used for the longest time and that no sequence holds.
    /// - Returns: Whether there was one, and so a page is free now.
    package mutating func dropOldest(in pool: KVPool) -> Bool {
        var oldest: (node: Int, use: Int)?
        for (key, node) in nodes
        where node.children.isEmpty && node.lastUse < (oldest?.use ?? .max)
            && pool.isHeldOnce(node.page)
        {
            oldest = (key, node.lastUse)
        }
        guard let oldest else { return false }
        drop(oldest.node, in: pool)
        return true
    }

    /// Lets go of a page that no other follows.
    private mutating func drop(_ key: Int, in pool: KVPool) {
        guard let node = nodes.removeValue(forKey: key) else { return }
        children[node.edge] = nil
        if node.edge.parent == Self.root {
            rootChildren.removeAll { $0 == key }
        } else {
            nodes[node.edge.parent]?.children.removeAll { $0 == key }
        }
        pool.release(node.page)
    }

    /// Lets go of all pages.
    package mutating func removeAll(in pool: KVPool) {
        for node in nodes.values { pool.release(node.page) }
        nodes = [:]
        children = [:]
        rootChildren = []
    }
}
