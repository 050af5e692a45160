// SPDX-License-Identifier: Apache-2.0
//
// Byte pair encoding of one word (Sennrich et al. 2016): start from bytes or characters, apply the
// best merge, leftmost first, until none is left. SentencePiece's variant, which merges by the
// score of the result, is the same with one rank for all merges that make a token.

import Synchronization

/// What words are made of before any merge.
enum BPEAlphabet: Sendable {
    /// A token, or -1, for each byte.
    case bytes([Int32])
    /// Characters, which are looked up.
    case characters
}

/// A vocabulary and its merges.
final class BPEModel: Sendable {
    let table: TokenTable
    let merges: MergeTable
    let alphabet: BPEAlphabet
    /// Whether a word that is a token is that token, whatever the merges say.
    let ignoresMerges: Bool
    /// For characters without a token: a token for each byte. Empty without byte fallback.
    let byteTokens: [Int32]
    let unknownID: Int32?
    let fusesUnknown: Bool
    /// Ids from here on stand for characters that have no token but occur in one.
    let firstPseudoID: Int32
    let pseudoCharacters: [[UInt8]]
    /// Whether U+2581 only begins tokens, so that a text may be cut before each run of them.
    private let cutsAtMarks: Bool
    /// By id: whether the merges lead to the token when its bytes are the whole word.
    private let whole: WholeWordCache

    init(
        table: TokenTable, merges: MergeTable, alphabet: BPEAlphabet, ignoresMerges: Bool,
        byteTokens: [Int32], unknownID: Int32?, fusesUnknown: Bool, firstPseudoID: Int32,
        pseudoCharacters: [[UInt8]], cutsAtMarks: Bool
    ) {
        self.cutsAtMarks = cutsAtMarks
        self.table = table
        self.merges = merges
        self.alphabet = alphabet
        self.ignoresMerges = ignoresMerges
        self.byteTokens = byteTokens
        self.unknownID = unknownID
        self.fusesUnknown = fusesUnknown
        self.firstPseudoID = firstPseudoID
        self.pseudoCharacters = pseudoCharacters
        whole = WholeWordCache(count: Int(firstPseudoID) + pseudoCharacters.count)
    }

    /// Appends the tokens of a piece.
    /// - Parameter text: Valid UTF-8.
    func encode(_ text: UnsafePointer<UInt8>, _ count: Int, _ scratch: EncoderScratch) {
        guard cutsAtMarks else {
            encode(word: text, count, scratch)
            return
        }
        // SentencePiece models get whole texts, which are much slower to merge than their words.
        func isMark(_ i: Int) -> Bool {
            text[i] == 0xE2 && i + 2 < count && text[i + 1] == 0x96 && text[i + 2] == 0x81
        }
        var start = 0
        var i = 0
        var isAfterMark = true
        while i < count {
            if isMark(i) {
                if !isAfterMark {
                    encode(word: text + start, i - start, scratch)
                    start = i
                }
                isAfterMark = true
                i += 3
            } else {
                isAfterMark = false
                i += 1
            }
        }
        encode(word: text + start, count - start, scratch)
    }

    private func encode(
        word: UnsafePointer<UInt8>, _ count: Int, _ scratch: EncoderScratch
    ) {
        guard count > 0 else { return }
        guard count <= WordCache.longestWord || count <= table.longest else {
            merge(word, count, scratch)
            return
        }
        let hash = table.hash(word, count)
        var id: Int32 = -1
        if count <= table.longest {
            id = table.find(word, count, hash: hash)
            if id >= firstPseudoID { id = -1 }
            if id >= 0 {
                switch ignoresMerges ? .yes : whole[id] {
                case .yes:
                    scratch.output.append(id)
                    return
                case .no: break
                case .unknown:
                    let mark = scratch.output.count
                    merge(word, count, scratch)
                    let isWhole = scratch.output.count == mark + 1 && scratch.output[mark] == id
                    whole[id] = isWhole ? .yes : .no
                    return
                }
            }
        }
        guard count <= WordCache.longestWord else {
            merge(word, count, scratch)
            return
        }
        if scratch.cache.append(word, count, hash, to: &scratch.output) { return }
        let mark = scratch.output.count
        merge(word, count, scratch)
        scratch.cache.store(word, count, hash, scratch.output[mark...])
    }

    /// The longest word that is merged by looking at all its pairs in turn.
    static let longestScan = 64

    private func merge(_ word: UnsafePointer<UInt8>, _ count: Int, _ scratch: EncoderScratch) {
        // Symbols are counted in 32 bits; a word of gigabytes is cut.
        var start = 0
        while count - start > 1 << 30 {
            var end = start + 1 << 30
            while end > start + 1, word[end] & 0xC0 == 0x80 { end -= 1 }
            merge(word + start, end - start, scratch)
            start = end
        }
        scratch.symbols.removeAll(keepingCapacity: true)
        switch alphabet {
        case .bytes(let tokens):
            tokens.withUnsafeBufferPointer { tokens in
                for i in start..<count {
                    let id = tokens[Int(word[i])]
                    if id >= 0 {
                        scratch.symbols.append(id)
                    } else if let unknownID {
                        scratch.symbols.append(unknownID)
                    }
                }
            }
        case .characters: appendCharacters(word + start, count - start, &scratch.symbols)
        }
        if scratch.symbols.count <= Self.longestScan {
            mergeByScanning(scratch)
        } else {
            mergeWithHeap(scratch)
        }
        if pseudoCharacters.isEmpty {
            scratch.output.append(contentsOf: scratch.symbols)
        } else {
            for id in scratch.symbols { appendToken(id, &scratch.output) }
        }
    }

    private func appendCharacters(
        _ word: UnsafePointer<UInt8>, _ count: Int, _ symbols: inout [Int32]
    ) {
        var isUnknownPending = false
        func flush() {
            if isUnknownPending, let unknownID { symbols.append(unknownID) }
            isUnknownPending = false
        }
        var i = 0
        while i < count {
            let length = decodeScalar(word, i).length
            let id = table.find(word + i, length)
            if id >= 0 {
                flush()
                symbols.append(id)
            } else if !byteTokens.isEmpty {
                for byte in UnsafeBufferPointer(start: word + i, count: length) {
                    symbols.append(byteTokens[Int(byte)])
                }
            } else {
                if !fusesUnknown { flush() }
                isUnknownPending = unknownID != nil
            }
            i += length
        }
        flush()
    }

    private func appendToken(_ id: Int32, _ output: inout [Int32]) {
        guard id >= firstPseudoID else {
            output.append(id)
            return
        }
        if !byteTokens.isEmpty {
            for byte in pseudoCharacters[Int(id - firstPseudoID)] {
                output.append(byteTokens[Int(byte)])
            }
        } else if let unknownID {
            output.append(unknownID)
        }
    }

    /// Merges `scratch.symbols`: quadratic, for short words.
    private func mergeByScanning(_ scratch: EncoderScratch) {
        var count = scratch.symbols.count
        guard count > 1 else { return }
        let ids = scratch.scanIDs
        let pairs = scratch.scanPairs
        for i in 0..<count { ids[i] = scratch.symbols[i] }
        for i in 0..<count - 1 { pairs[i] = merges.find(ids[i], ids[i + 1]) }
        while count > 1 {
            var best = 0
            var bestRank = pairs[0].rank
            for i in 1..<max(count - 1, 1) where pairs[i].rank < bestRank {
                bestRank = pairs[i].rank
                best = i
            }
            if bestRank == Merge.none.rank { break }
            ids[best] = pairs[best].id
            count -= 1
            if best + 1 < count {
                for i in best + 1..<count { ids[i] = ids[i + 1] }
                if best + 2 < count {
                    for i in best + 1..<count - 1 { pairs[i] = pairs[i + 1] }
                }
                pairs[best] = merges.find(ids[best], ids[best + 1])
            }
            if best > 0 { pairs[best - 1] = merges.find(ids[best - 1], ids[best]) }
        }
        scratch.symbols.removeLast(scratch.symbols.count - count)
        for i in 0..<count { scratch.symbols[i] = ids[i] }
    }

    /// Merges `scratch.symbols` with a heap of pairs: n log n.
    private func mergeWithHeap(_ scratch: EncoderScratch) {
        var links: [MergeLink] = []
        let count = scratch.symbols.count
        links.reserveCapacity(count)
        var heap = MergeHeap()
        for i in 0..<count {
            let pair =
                i + 1 < count
                ? merges.find(scratch.symbols[i], scratch.symbols[i + 1]) : Merge.none
            links.append(
                MergeLink(previous: Int32(i) - 1, next: Int32(i) + 1, pair: pair, isAlive: true))
            if pair.rank != Merge.none.rank { heap.entries.append(MergeHeap.entry(pair.rank, i)) }
        }
        heap.order()
        while let entry = heap.pop() {
            let i = Int(entry & 0xFFFF_FFFF)
            // Entries of pairs that are no longer there stay in the heap.
            guard links[i].isAlive, UInt64(links[i].pair.rank) == entry >> 32 else { continue }
            let right = Int(links[i].next)
            scratch.symbols[i] = links[i].pair.id
            links[right].isAlive = false
            let next = Int(links[right].next)
            links[i].next = Int32(next)
            links[i].pair = .none
            if next < count {
                links[next].previous = Int32(i)
                let pair = merges.find(scratch.symbols[i], scratch.symbols[next])
                links[i].pair = pair
                if pair.rank != Merge.none.rank { heap.push(MergeHeap.entry(pair.rank, i)) }
            }
            let previous = Int(links[i].previous)
            if previous >= 0 {
                let pair = merges.find(scratch.symbols[previous], scratch.symbols[i])
                links[previous].pair = pair
                if pair.rank != Merge.none.rank { heap.push(MergeHeap.entry(pair.rank, previous)) }
            }
        }
        var kept = 0
        for i in 0..<count where links[i].isAlive {
            scratch.symbols[kept] = scratch.symbols[i]
            kept += 1
        }
        scratch.symbols.removeLast(count - kept)
    }
}

private struct MergeLink {
    var previous: Int32
    var next: Int32
    /// The merge of this symbol and the next.
    var pair: Merge
    var isAlive: Bool
}

/// A binary heap of ranks and positions, smallest first.
private struct MergeHeap {
    var entries: [UInt64] = []

    static func entry(_ rank: UInt32, _ position: Int) -> UInt64 {
        UInt64(rank) << 32 | UInt64(position)
    }

    mutating func order() {
        var i = entries.count / 2
        while i > 0 {
            i -= 1
            sink(i)
        }
    }

    mutating func push(_ entry: UInt64) {
        entries.append(entry)
        var i = entries.count - 1
        while i > 0, entries[i] < entries[(i - 1) / 2] {
            entries.swapAt(i, (i - 1) / 2)
            i = (i - 1) / 2
        }
    }

    mutating func pop() -> UInt64? {
        guard let last = entries.popLast() else { return nil }
        guard let first = entries.first else { return last }
        entries[0] = last
        sink(0)
        return first
    }

    private mutating func sink(_ start: Int) {
        var i = start
        let value = entries[i]
        while true {
            var child = 2 * i + 1
            guard child < entries.count else { break }
            if child + 1 < entries.count, entries[child + 1] < entries[child] { child += 1 }
            if entries[child] >= value { break }
            entries[i] = entries[child]
            i = child
        }
        entries[i] = value
    }
}

/// For each token, whether its own bytes encode to it: learnt as words come by.
private final class WholeWordCache: @unchecked Sendable {
    // Safety: every access is a relaxed atomic one, and all threads write the same values.
    enum State: UInt8 {
        case unknown = 0
        case yes = 1
        case no = 2
    }

    private let states: UnsafeMutablePointer<Atomic<UInt8>>
    private let count: Int

    init(count: Int) {
        self.count = count
        states = .allocate(capacity: max(count, 1))
        for i in 0..<count { (states + i).initialize(to: Atomic(0)) }
    }

    deinit {
        states.deinitialize(count: count)
        states.deallocate()
    }

    subscript(id: Int32) -> State {
        get { State(rawValue: states[Int(id)].load(ordering: .relaxed)) ?? .unknown }
        set { states[Int(id)].store(newValue.rawValue, ordering: .relaxed) }
    }
}
