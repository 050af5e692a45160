// SPDX-License-Identifier: Apache-2.0
//
// Tokens that are found in the text before anything else is done to it: control tokens, and words
// that a user added. Texts rarely hold one, so a table of first bytes decides nearly everything.

/// A token that is matched as a whole.
struct AddedToken: Sendable, Equatable {
    var id: Int32
    /// UTF-8.
    var content: [UInt8]
    var isSpecial = false
    /// Matched in the normalised text.
    var isNormalized = false
    /// Takes the white space before it along.
    var stripsLeft = false
    var stripsRight = false
    /// Only where no word character is next to it.
    var isSingleWord = false
}

/// A match of an added token, in bytes of the text.
struct AddedTokenMatch {
    var start: Int
    var end: Int
    var id: Int32
}

/// Finds added tokens, leftmost first, then longest.
struct AddedTokenMatcher: Sendable {
    private struct Node: Sendable {
        var byte: UInt8
        /// Index into `tokens`, or -1.
        var token: Int32 = -1
        var firstChild: Int32 = -1
        var nextSibling: Int32 = -1
    }

    private let tokens: [AddedToken]
    private var nodes: [Node] = [Node(byte: 0)]
    /// By first byte: the node, or -1.
    private var roots = [Int32](repeating: -1, count: 256)

    var isEmpty: Bool { tokens.isEmpty }

    /// - Parameter patterns: What each token looks like in the text; of equal ones the last counts.
    init(_ tokens: [AddedToken], patterns: [[UInt8]]) {
        self.tokens = tokens
        // A broken token would cut a text in the middle of a character.
        for (index, pattern) in patterns.enumerated()
        where String(validating: pattern, as: UTF8.self) != nil {
            insert(pattern, Int32(index))
        }
    }

    private mutating func insert(_ pattern: [UInt8], _ token: Int32) {
        guard let first = pattern.first else { return }
        var node = roots[Int(first)]
        if node < 0 {
            node = append(first)
            roots[Int(first)] = node
        }
        for byte in pattern.dropFirst() {
            var child = nodes[Int(node)].firstChild
            while child >= 0, nodes[Int(child)].byte != byte {
                child = nodes[Int(child)].nextSibling
            }
            if child < 0 {
                child = append(byte)
                nodes[Int(child)].nextSibling = nodes[Int(node)].firstChild
                nodes[Int(node)].firstChild = child
            }
            node = child
        }
        nodes[Int(node)].token = token
    }

    private mutating func append(_ byte: UInt8) -> Int32 {
        nodes.append(Node(byte: byte))
        return Int32(nodes.count - 1)
    }

    /// All matches from left to right.
    /// - Parameter parsesSpecial: Whether special tokens count; the others always do.
    func matches(_ text: UnsafeBufferPointer<UInt8>, parsesSpecial: Bool) -> [AddedTokenMatch] {
        var result: [AddedTokenMatch] = []
        guard !tokens.isEmpty, let base = text.baseAddress else { return result }
        roots.withUnsafeBufferPointer { roots in
            nodes.withUnsafeBufferPointer { nodes in
                var done = 0
                var i = 0
                while i < text.count {
                    let root = roots[Int(base[i])]
                    guard root >= 0, let (token, end) = longest(nodes, root, text, i) else {
                        i += 1
                        continue
                    }
                    if let match = accept(tokens[token], text, i, end, done, parsesSpecial) {
                        result.append(match)
                        done = match.end
                    }
                    i = end
                }
            }
        }
        return result
    }

    private func longest(
        _ nodes: UnsafeBufferPointer<Node>, _ root: Int32, _ text: UnsafeBufferPointer<UInt8>,
        _ start: Int
    ) -> (token: Int, end: Int)? {
        var found: (token: Int, end: Int)?
        var node = nodes[Int(root)]
        var i = start + 1
        while true {
            if node.token >= 0 { found = (Int(node.token), i) }
            guard i < text.count else { return found }
            var child = node.firstChild
            while child >= 0, nodes[Int(child)].byte != text[i] {
                child = nodes[Int(child)].nextSibling
            }
            guard child >= 0 else { return found }
            node = nodes[Int(child)]
            i += 1
        }
    }

    private func accept(
        _ token: AddedToken, _ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int,
        _ done: Int, _ parsesSpecial: Bool
    ) -> AddedTokenMatch? {
        if token.isSpecial, !parsesSpecial { return nil }
        guard let base = text.baseAddress else { return nil }
        if token.isSingleWord {
            let before = start > 0 ? previousScalar(base, start) : nil
            let after = end < text.count ? decodeScalar(base, end).scalar : nil
            if let before, ScalarSet.word.contains(before) { return nil }
            if let after, ScalarSet.word.contains(after) { return nil }
        }
        let flags = UnicodeProperties.shared.flags
        // White space that an earlier match took along may reach into this one.
        var match = AddedTokenMatch(start: max(start, done), end: max(end, done), id: token.id)
        if token.stripsLeft {
            while match.start > done {
                let previous = previousScalar(base, match.start)
                guard flags[Int(previous)] & ScalarFlags.whitespace != 0 else { break }
                match.start -= 1
                while match.start > done, base[match.start] & 0xC0 == 0x80 { match.start -= 1 }
            }
        }
        if token.stripsRight {
            while match.end < text.count {
                let (scalar, length) = decodeScalar(base, match.end)
                guard flags[Int(scalar)] & ScalarFlags.whitespace != 0 else { break }
                match.end += length
            }
        }
        return match
    }

    private func previousScalar(_ text: UnsafePointer<UInt8>, _ end: Int) -> UInt32 {
        var i = end - 1
        while i > 0, text[i] & 0xC0 == 0x80 { i -= 1 }
        return decodeScalar(text, i).scalar
    }
}
