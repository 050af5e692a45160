// SPDX-License-Identifier: Apache-2.0
//
// What prompts have in common is read once: whole pages of keys and values stay after their sequence
// is gone, found again by the tokens that led to them, until others need the room.

import RetortModels

/// A tree of pages: each edge is the tokens of one page. Belongs to one ``KVPool``.
package struct PrefixCache {
    private struct Edge: Hashable {
        let parent: Int
        let tokens: ArraySlice<Int32>
    }

    private struct Node {
        let edge: Edge
        let page: Int32
        var children = 0
        var lastUse = 0
    }

    package static let root = -1

    package init() {}

    private var children: [Edge: Int] = [:]
    private var nodes: [Int: Node] = [:]
    private var nextNode = 0
    private var clock = 0

    /// Pages that are kept.
    package var pageCount: Int { nodes.count }

    /// The pages of the longest known beginning of `tokens`, with the node that it ends at.
    /// - Parameters:
    ///   - granularity: The number of pages is a multiple of it.
    ///   - most: The most tokens to find.
    package mutating func match(_ tokens: [Int32], granularity: Int, most: Int) -> (
        pages: [Int32], node: Int
    ) {
        let size = KVPool.pageTokens
        var path: [Int] = []
        var node = Self.root
        while (path.count + 1) * size <= min(most, tokens.count) {
            let start = path.count * size
            let edge = Edge(parent: node, tokens: tokens[start..<(start + size)])
            guard let child = children[edge] else { break }
            node = child
            path.append(child)
        }
        path.removeLast(path.count % granularity)
        clock += 1
        for node in path { nodes[node]?.lastUse = clock }
        return (path.compactMap { nodes[$0]?.page }, path.last ?? Self.root)
    }

    /// Keeps a page of `tokens` that follow those of `parent`.
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
        let node = nextNode
        nextNode += 1
        // A slice would keep the whole sequence of tokens.
        let owned = Edge(parent: parent, tokens: ArraySlice(Array(tokens)))
        children[owned] = node
        nodes[node] = Node(edge: owned, page: page, lastUse: clock)
        nodes[parent]?.children += 1
        pool.retain(page)
        return node
    }

    /// Lets go of the page that was not used for the longest time and that no sequence holds.
    /// - Returns: Whether there was one, and so a page is free now.
    package mutating func dropOldest(in pool: KVPool) -> Bool {
        var oldest: (node: Int, use: Int)?
        for (key, node) in nodes
        where node.children == 0 && node.lastUse < (oldest?.use ?? .max)
            && pool.isHeldOnce(node.page)
        {
            oldest = (key, node.lastUse)
        }
        guard let oldest, let node = nodes.removeValue(forKey: oldest.node) else { return false }
        children[node.edge] = nil
        nodes[node.edge.parent]?.children -= 1
        pool.release(node.page)
        return true
    }

    /// Lets go of all pages.
    package mutating func removeAll(in pool: KVPool) {
        for node in nodes.values { pool.release(node.page) }
        nodes = [:]
        children = [:]
    }
}
