// SPDX-License-Identifier: Apache-2.0

/// Which tokens a place of the network allows, whatever is on the stack.
final class PlaceMask: Sendable {
    /// Tokens that end within the place's rule, or exactly where it ends. Few of them are a list,
    /// many a bit mask.
    let tokens: [Int32]
    let words: [UInt32]
    /// What is left of the tokens that go on after the rule has ended, merged into one trie.
    let suffixes: TokenTrie?
    /// Nodes of the vocabulary's trie with so much below them that merging would cost more than it
    /// saves.
    let largeRemainders: [Int32]
    /// The deepest stack that any of its tokens needs, counted from the place.
    let reach: Int32

    var wordCount: Int { tokens.count + words.count + (suffixes?.count ?? 0) * 4 }

    init(_ place: Int32, vocabulary: TokenVocabulary, arena: inout StateArena) {
        let walk = TrieWalk(
            vocabulary.trie, from: arena.isolated(place), in: &arena, collectsRemainders: true)
        reach = walk.reach
        let trie = vocabulary.trie
        let bySize = walk.remainders.sorted {
            trie.end[Int($0)] - $0 > trie.end[Int($1)] - $1
        }
        let large = bySize.prefix(64).prefix { trie.end[Int($0)] - $0 > 512 }
        largeRemainders = Array(large)
        let small = Array(bySize.dropFirst(large.count))
        suffixes = small.isEmpty ? nil : TokenTrie(suffixesOf: small, in: trie)
        if walk.tokens.count <= vocabulary.maskWordCount {
            tokens = walk.tokens
            words = []
        } else {
            var bits = [UInt32](repeating: 0, count: vocabulary.maskWordCount)
            for token in walk.tokens { bits[Int(token) >> 5] |= 1 << (UInt32(token) & 31) }
            tokens = []
            words = bits
        }
    }

    /// Adds its tokens to a mask.
    func formUnion(into mask: UnsafeMutableBufferPointer<UInt32>) {
        for index in words.indices { mask[index] |= words[index] }
        for token in tokens { mask[Int(token) >> 5] |= 1 << (UInt32(token) & 31) }
    }
}

/// A walk through what is below a node of a trie, together with the automaton.
struct TrieWalk {
    private(set) var tokens: [Int32] = []
    /// Nodes at which the automaton may end and from which the trie goes on.
    private(set) var remainders: [Int32] = []
    private(set) var reach: Int32 = 0

    init(
        _ trie: TokenTrie, below root: Int32 = 0, from start: StateArena.State,
        in arena: inout StateArena, collectsRemainders: Bool = false
    ) {
        var states = [StateArena.State](repeating: start, count: trie.longest + 1)
        var node = Int(root) + 1
        let count = Int(trie.end[Int(root)])
        let hasPlainText = !trie.plainHeight.isEmpty
        trie.byte.withUnsafeBufferPointer { bytes in
            trie.depth.withUnsafeBufferPointer { depths in
                trie.end.withUnsafeBufferPointer { ends in
                    while node < count {
                        let depth = Int(depths[node])
                        let state = arena.next(states[depth - 1], bytes[node])
                        if state == StateArena.dead {
                            node = Int(ends[node])
                            continue
                        }
                        states[depth] = state
                        reach = max(reach, arena.reach(state))
                        if hasPlainText, trie.plainHeight[node] > 0,
                            let deepest = arena.reachOfPlainText(
                                trie.plainHeight[node], from: state)
                        {
                            reach = max(reach, deepest)
                            let next = Int(ends[node])
                            tokens +=
                                trie.tokens[
                                    Int(trie.firstToken[node])..<Int(trie.firstToken[next])]
                            node = next
                            continue
                        }
                        let first = Int(trie.firstToken[node])
                        let last = Int(trie.firstToken[node + 1])
                        for index in first..<last { tokens.append(trie.tokens[index]) }
                        if collectsRemainders, arena.isFinal(state), node + 1 < Int(ends[node]) {
                            remainders.append(Int32(node))
                        }
                        node += 1
                    }
                }
            }
        }
    }
}
