// SPDX-License-Identifier: Apache-2.0

/// Follows one text token by token and says which tokens may come next. One per sequence, used by
/// one thread at a time.
///
///     let matcher = GrammarMatcher(constraint)
///     matcher.fillMask(into: mask)      // before sampling
///     matcher.accept(token: sampled)    // after it
public final class GrammarMatcher {
    /// Where in the text's automaton the matcher is. Small: keep as many as speculation needs and
    /// set ``GrammarMatcher/state`` to roll back. Only for the matcher that made it.
    public struct State: Sendable, Hashable {
        fileprivate var id: StateArena.State
        /// Whether an end-of-sequence token was accepted.
        public fileprivate(set) var isEnded: Bool
    }

    public let constraint: TokenConstraint
    public var state: State
    private var arena: StateArena
    private var places: [Int32: PlaceMask] = [:]
    /// Finished masks of recent states, one after the other.
    private var masks: [UInt32] = []
    private var maskSlots: [StateArena.State: Int] = [:]

    private static let maskLimit = 64
    private static let placeLimit = 1024

    public init(_ constraint: TokenConstraint) {
        self.constraint = constraint
        arena = StateArena(constraint.network)
        state = State(id: arena.start, isEnded: false)
    }

    /// Whether the text so far is a whole one, so that it may end.
    public var isComplete: Bool { state.isEnded || arena.isFinal(state.id) }

    /// Whether nothing but the end can follow.
    public var isExhausted: Bool { state.isEnded || arena.positionRange(state.id).isEmpty }

    // MARK: Steps

    /// Takes a token if it is legal; otherwise changes nothing and returns false.
    @discardableResult
    public func accept(token: Int) -> Bool {
        guard !state.isEnded, token >= 0, token < constraint.vocabulary.count else { return false }
        if constraint.vocabulary.endOfSequence.contains(token) {
            guard arena.isFinal(state.id) else { return false }
            state.isEnded = true
            return true
        }
        let vocabulary = constraint.vocabulary
        let range = vocabulary.offsets[token]..<vocabulary.offsets[token + 1]
        var next = state.id
        for index in range {
            next = arena.next(next, vocabulary.bytes[index])
            if next == StateArena.dead { return false }
        }
        guard !range.isEmpty, range.count <= TokenVocabulary.longestToken else { return false }
        state.id = next
        return true
    }

    /// Takes bytes, such as forced ones, if they are legal; otherwise changes nothing.
    @discardableResult
    public func accept(bytes: some Sequence<UInt8>) -> Bool {
        guard !state.isEnded else { return false }
        var next = state.id
        for byte in bytes {
            next = arena.next(next, byte)
            if next == StateArena.dead { return false }
        }
        state.id = next
        return true
    }

    /// The bytes that must come next, because nothing else can: a caller may put them in without
    /// running the model. Empty where there is a choice, the end included.
    public func forcedBytes(limit: Int = 256) -> [UInt8] {
        var result: [UInt8] = []
        var current = state.id
        guard !state.isEnded else { return [] }
        while result.count < limit, !arena.isFinal(current) {
            var only: (byte: UInt8, next: StateArena.State)?
            for byte in UInt8.min...UInt8.max {
                let next = arena.next(current, byte)
                guard next != StateArena.dead else { continue }
                guard only == nil else { return result }
                only = (byte, next)
            }
            guard let only else { return result }
            result.append(only.byte)
            current = only.next
        }
        return result
    }

    // MARK: Masks

    /// Sets the bit of every token that may come next and clears all others; bit `t % 32` of word
    /// `t / 32` is token t. At least one is set.
    /// - Parameter mask: ``TokenVocabulary/maskWordCount`` words; more are left alone.
    public func fillMask(into mask: UnsafeMutableBufferPointer<UInt32>) {
        let count = constraint.vocabulary.maskWordCount
        precondition(mask.count >= count, "a mask needs \(count) words")
        let words = UnsafeMutableBufferPointer(rebasing: mask[..<count])
        if state.isEnded {
            words.update(repeating: 0)
            allowEnd(in: words)
            return
        }
        if let slot = maskSlots[state.id] {
            masks.withUnsafeBufferPointer { stored in
                _ = words.update(fromContentsOf: stored[slot * count..<(slot + 1) * count])
            }
            return
        }
        computeMask(words)
        if maskSlots.count >= Self.maskLimit {
            maskSlots.removeAll(keepingCapacity: true)
            masks.removeAll(keepingCapacity: true)
        }
        maskSlots[state.id] = maskSlots.count
        masks.append(contentsOf: words)
    }

    private func computeMask(_ words: UnsafeMutableBufferPointer<UInt32>) {
        words.update(repeating: 0)
        if arena.isFinal(state.id) { allowEnd(in: words) }
        let limit = Int32(clamping: constraint.network.limits.documentDepth)
        for index in arena.positionRange(state.id) {
            let position = arena.position(index)
            let mask = placeMask(position.place)
            guard arena.depth(ofStack: position.stack) + mask.reach <= limit else {
                // Close to the deepest nesting that is allowed: what fits depends on the stack.
                allow(TrieWalk(constraint.vocabulary.trie, from: state.id, in: &arena), in: words)
                return
            }
        }
        for index in arena.positionRange(state.id) {
            let position = arena.position(index)
            let mask = placeMask(position.place)
            mask.formUnion(into: words)
            guard position.stack != 0, mask.suffixes != nil || !mask.largeRemainders.isEmpty else {
                continue
            }
            let returned = arena.returned(from: position.stack)
            if let suffixes = mask.suffixes {
                allow(TrieWalk(suffixes, from: returned, in: &arena), in: words)
            }
            let trie = constraint.vocabulary.trie
            for node in mask.largeRemainders {
                allow(TrieWalk(trie, below: node, from: returned, in: &arena), in: words)
            }
        }
    }

    private func allow(_ walk: TrieWalk, in words: UnsafeMutableBufferPointer<UInt32>) {
        for token in walk.tokens { words[Int(token) >> 5] |= 1 << (UInt32(token) & 31) }
    }

    private func allowEnd(in words: UnsafeMutableBufferPointer<UInt32>) {
        for token in constraint.vocabulary.endOfSequence {
            words[token >> 5] |= 1 << (UInt32(token) & 31)
        }
    }

    private func placeMask(_ place: Int32) -> PlaceMask {
        if let known = places[place] { return known }
        if places.count >= Self.placeLimit { places.removeAll(keepingCapacity: true) }
        let mask = constraint.mask(place)
        places[place] = mask
        return mask
    }
}
