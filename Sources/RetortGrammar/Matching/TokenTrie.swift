// SPDX-License-Identifier: Apache-2.0
//
// A trie as flat arrays in preorder: walking it is a loop, leaving a subtree out is one jump.

/// Byte strings and the tokens that end at each of them. Node 0 is the empty string.
struct TokenTrie: Sendable {
    /// The last byte of a node's string.
    private(set) var byte: [UInt8] = [0]
    /// Its length.
    private(set) var depth: [Int32] = [0]
    /// The node after its subtree.
    private(set) var end: [Int32] = [0]
    /// The tokens of node n are tokens[firstToken[n]..<firstToken[n + 1]].
    private(set) var tokens: [Int32] = []
    private(set) var firstToken: [Int32] = [0]
    private(set) var longest = 0
    /// For each node how many bytes its strings go on at most, if all of those are plain text;
    /// otherwise -1. Only of a vocabulary's trie.
    private(set) var plainHeight: [Int32] = []

    /// ASCII that stands for itself in a JSON string.
    static let plainBytes = (UInt8(0x20)...0x7E).filter { $0 != 0x22 && $0 != 0x5C }

    var count: Int { byte.count }

    init() {
        end = [1]
        firstToken = [0, 0]
    }

    init(_ tokens: [Int32], bytes: [UInt8], offsets: [Int]) {
        let sorted = bytes.withUnsafeBufferPointer { bytes in
            tokens.sorted { a, b in
                let first = bytes[offsets[Int(a)]..<offsets[Int(a) + 1]]
                let second = bytes[offsets[Int(b)]..<offsets[Int(b) + 1]]
                return first.lexicographicallyPrecedes(second)
            }
        }
        self.tokens.reserveCapacity(sorted.count)
        var open = [0]
        for token in sorted {
            let text = bytes[offsets[Int(token)]..<offsets[Int(token) + 1]]
            var shared = 0
            while shared < open.count - 1, shared < text.count,
                byte[open[shared + 1]] == text[text.startIndex + shared]
            {
                shared += 1
            }
            close(&open, keeping: shared + 1)
            for index in text.indices.dropFirst(shared) {
                firstToken.append(Int32(self.tokens.count))
                byte.append(text[index])
                depth.append(Int32(open.count))
                end.append(0)
                open.append(byte.count - 1)
            }
            self.tokens.append(token)
            longest = max(longest, text.count)
        }
        close(&open, keeping: 0)
        firstToken.append(Int32(self.tokens.count))
        measurePlainText()
    }

    private mutating func measurePlainText() {
        var isPlain = [Bool](repeating: false, count: 256)
        for letter in Self.plainBytes { isPlain[Int(letter)] = true }
        plainHeight = Array(repeating: 0, count: count)
        // Children come after their parents in preorder.
        for node in stride(from: count - 1, through: 0, by: -1) {
            var child = node + 1
            while child < Int(end[node]) {
                let below = plainHeight[child]
                if below < 0 || !isPlain[Int(byte[child])] {
                    plainHeight[node] = -1
                    break
                }
                plainHeight[node] = max(plainHeight[node], below + 1)
                child = Int(end[child])
            }
        }
    }

    private mutating func close(_ open: inout [Int], keeping count: Int) {
        while open.count > count { end[open.removeLast()] = Int32(byte.count) }
    }

    /// The trie of what follows the strings of `roots`, from which the tokens that end at a root
    /// itself are left out.
    init(suffixesOf roots: [Int32], in trie: TokenTrie) {
        self.init()
        end = [0]
        firstToken = [0]
        merge(roots, in: trie, level: 0, keepsTokens: false)
        firstToken.append(Int32(tokens.count))
    }

    /// Fills in the last node, which stands for all of `nodes`, and its subtree.
    private mutating func merge(
        _ nodes: [Int32], in trie: TokenTrie, level: Int32, keepsTokens: Bool
    ) {
        let own = byte.count - 1
        longest = max(longest, Int(level))
        if keepsTokens {
            for node in nodes {
                let node = Int(node)
                tokens +=
                    trie.tokens[
                        Int(trie.firstToken[node])..<Int(trie.firstToken[node + 1])]
            }
        }
        if nodes.count == 1, let only = nodes.first {
            copy(below: Int(only), in: trie, levels: level - trie.depth[Int(only)])
            end[own] = Int32(byte.count)
            return
        }
        var children: [(byte: UInt8, node: Int32)] = []
        for node in nodes {
            var child = node + 1
            while child < trie.end[Int(node)] {
                children.append((trie.byte[Int(child)], child))
                child = trie.end[Int(child)]
            }
        }
        children.sort { $0.byte < $1.byte }
        var index = 0
        while index < children.count {
            let letter = children[index].byte
            var group: [Int32] = []
            while index < children.count, children[index].byte == letter {
                group.append(children[index].node)
                index += 1
            }
            append(letter, level: level + 1)
            merge(group, in: trie, level: level + 1, keepsTokens: true)
        }
        end[own] = Int32(byte.count)
    }

    private mutating func append(_ letter: UInt8, level: Int32) {
        byte.append(letter)
        depth.append(level)
        end.append(0)
        firstToken.append(Int32(tokens.count))
    }

    /// Appends what is below a node of another trie as it is, some levels higher.
    private mutating func copy(below root: Int, in trie: TokenTrie, levels: Int32) {
        let shift = Int32(byte.count - root - 1)
        for node in root + 1..<Int(trie.end[root]) {
            append(trie.byte[node], level: trie.depth[node] + levels)
            end[end.count - 1] = trie.end[node] + shift
            tokens += trie.tokens[Int(trie.firstToken[node])..<Int(trie.firstToken[node + 1])]
            longest = max(longest, Int(depth[depth.count - 1]))
        }
    }
}
