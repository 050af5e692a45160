// SPDX-License-Identifier: Apache-2.0
//
// Learning merges (Sennrich et al. 2016), incrementally: pairs are counted once; a merge visits the
// words that hold its pair and corrects the counts around it. The queue's counts may be stale: an
// entry that comes up with a stale count is put back with the true one.
//
// Within the bounds of a token the bytes were merged as if they stood alone, so that equal bytes
// are always made of the same two parts. Hence one merge alone makes a token, every pair with the
// token appears with that merge, and counts only fall from there on. What falls below the minimum
// frequency is dropped.
//
// Counts are 64 bits wide; those of tokenizers are 32 and wrap.

/// Learns the merges of words.
struct MergeLearner: ~Copyable {
    // Not private: Swift 6.3 fails in debug builds where another file destroys a value that cannot
    // be copied and has fields of private types.
    struct Word: BitwiseCopyable {
        /// In `symbols`.
        var start: Int
        var length: Int
        var count: Int64
    }

    /// What one merge does to the pairs with one neighbour of its places. `before` is about the
    /// neighbour on the left, `after` about the one on the right.
    struct Neighbor: BitwiseCopyable {
        var lostBefore: Int64 = 0
        var lostAfter: Int64 = 0
        var gainedBefore: Int64 = 0
        var gainedAfter: Int64 = 0
        /// How many words have the new pair; then, where the next goes in `places`, or -1.
        var placesBefore = 0
        var placesAfter = 0
        /// The newest of these words + 1.
        var wordBefore: UInt32 = 0
        var wordAfter: UInt32 = 0
        var isTouched = false
    }

    /// A word that got a new pair.
    struct NewPlace: BitwiseCopyable {
        var neighbor: Int32
        var isBefore: Bool
        var word: UInt32
    }

    private let settings: BPETrainingSettings
    private var words = GrowingBuffer<Word>()
    private var symbols: GrowingBuffer<Int32>
    private var pairs = PairCounts()
    private var queue = PairQueue()
    /// Words by entry of the queue.
    private var places = GrowingBuffer<UInt32>()
    private var unusedPlaces = 0
    /// By token.
    private var neighbors = GrowingBuffer<Neighbor>()
    private var touched = GrowingBuffer<Int32>()
    private var newPlaces = GrowingBuffer<NewPlace>()

    private(set) var tokens: TrainingVocabulary
    private(set) var merges: [TokenPair] = []
    private let minimumFrequency: Int64

    /// - Parameter vocabulary: Has a token for each byte of the corpus.
    init(
        _ corpus: WordCounts, _ settings: BPETrainingSettings,
        _ vocabulary: consuming TrainingVocabulary
    ) {
        self.settings = settings
        minimumFrequency = max(1, Int64(settings.minimumFrequency))
        tokens = vocabulary
        symbols = GrowingBuffer(capacity: corpus.words.bytes.count)
        let bytes = corpus.words.bytes.base
        for index in 0..<corpus.words.bytes.count {
            symbols.append(tokens.byteIDs[Int(bytes[index])])
        }
        for index in 0..<corpus.words.count {
            let range = corpus.words.range(index)
            words.append(
                Word(start: range.lowerBound, length: range.count, count: corpus.counts[index]))
        }
        countPairs(bytes)
    }

    /// Fills the queue with the pairs of bytes.
    private mutating func countPairs(_ bytes: UnsafePointer<UInt8>) {
        let counts = GrowingBuffer<Int64>(repeating: 0, count: 1 << 16)
        let numbers = GrowingBuffer<Int>(repeating: 0, count: 1 << 16)
        let last = GrowingBuffer<Int>(repeating: -1, count: 1 << 16)
        func forEachPair(_ body: (_ pair: Int, _ word: Int, _ isNew: Bool) -> Void) {
            for index in 0..<words.count {
                let word = words[index]
                for place in word.start..<max(word.start + word.length - 1, word.start) {
                    let pair = Int(bytes[place]) << 8 | Int(bytes[place + 1])
                    body(pair, index, last[pair] != index)
                    last[pair] = index
                }
            }
        }
        forEachPair { pair, word, isNew in
            counts[pair] += words[word].count
            if isNew { numbers[pair] += 1 }
        }
        for pair in 0..<counts.count where numbers[pair] > 0 {
            let key = TokenPair(tokens.byteIDs[pair >> 8], tokens.byteIDs[pair & 0xFF])
            pairs.add(key, counts[pair])
            last[pair] = -1
            let number = numbers[pair]
            guard counts[pair] >= minimumFrequency else {
                numbers[pair] = -1
                continue
            }
            let start = places.extend(by: number)
            queue.append(PairEntry(count: counts[pair], pair: key, start: start, length: number))
            // From here on, where the next word goes.
            numbers[pair] = start
        }
        forEachPair { pair, word, isNew in
            guard isNew, numbers[pair] >= 0 else { return }
            places[numbers[pair]] = UInt32(truncatingIfNeeded: word)
            numbers[pair] += 1
        }
        queue.order()
    }

    /// Merges until the vocabulary is full or the words have no pair left.
    mutating func run(_ progress: ((BPETrainer.Progress) throws -> Void)?) throws {
        let wanted = settings.vocabularySize - tokens.count
        while tokens.count < settings.vocabularySize, var top = queue.top {
            let count = pairs[top.pair]
            guard count >= minimumFrequency else {
                drop(top)
                continue
            }
            if top.count != count {
                top.count = count
                queue.replaceTop(top)
                continue
            }
            let whole = tokens.merged(top.pair)
            while neighbors.count < tokens.count { neighbors.append(Neighbor()) }
            merges.append(top.pair)
            replace(top, with: whole)
            drop(top)
            updatePairs(top.pair, whole)
            if merges.count % 256 == 0 {
                let done = wanted - (settings.vocabularySize - tokens.count)
                try progress?(.init(learned: done, wanted: wanted))
            }
        }
    }

    /// Puts the new token wherever the pair stands, and notes what changes around it.
    private mutating func replace(_ entry: PairEntry, with whole: Int32) {
        let (left, right) = (entry.pair.left, entry.pair.right)
        let wholeLength = tokens.length(of: whole)
        let longest = settings.maximumTokenLength ?? .max
        for place in entry.start..<entry.start + entry.length {
            let wordIndex = places[place]
            let word = words.base + Int(wordIndex)
            let (weight, length) = (word.pointee.count, word.pointee.length)
            let text = symbols.base + word.pointee.start
            var i = 0
            while i + 1 < length, text[i] != left || text[i + 1] != right { i += 1 }
            guard i + 1 < length else { continue }
            var end = i
            while i < length {
                guard text[i] == left, i + 1 < length, text[i + 1] == right else {
                    text[end] = text[i]
                    end += 1
                    i += 1
                    continue
                }
                if end > 0 {
                    let before = text[end - 1]
                    touch(before).pointee.lostBefore += weight
                    if tokens.length(of: before) + wholeLength < longest {
                        gain(before, isBefore: true, weight, wordIndex)
                    }
                }
                text[end] = whole
                end += 1
                i += 2
                guard i < length else { break }
                let after = text[i]
                touch(after).pointee.lostAfter += weight
                if tokens.length(of: after) + wholeLength < longest {
                    gain(after, isBefore: false, weight, wordIndex)
                }
            }
            word.pointee.length = end
        }
    }

    @inline(__always)
    private mutating func touch(_ token: Int32) -> UnsafeMutablePointer<Neighbor> {
        let neighbor = neighbors.base + Int(token)
        if !neighbor.pointee.isTouched {
            neighbor.pointee.isTouched = true
            touched.append(token)
        }
        return neighbor
    }

    /// Notes a new pair; `token` was touched.
    @inline(__always)
    private mutating func gain(
        _ token: Int32, isBefore: Bool, _ weight: Int64, _ word: UInt32
    ) {
        let neighbor = neighbors.base + Int(token)
        if isBefore {
            neighbor.pointee.gainedBefore += weight
            if neighbor.pointee.wordBefore == word + 1 { return }
            neighbor.pointee.wordBefore = word + 1
            neighbor.pointee.placesBefore += 1
        } else {
            neighbor.pointee.gainedAfter += weight
            if neighbor.pointee.wordAfter == word + 1 { return }
            neighbor.pointee.wordAfter = word + 1
            neighbor.pointee.placesAfter += 1
        }
        newPlaces.append(NewPlace(neighbor: token, isBefore: isBefore, word: word))
    }

    /// Corrects the counts, and puts the new pairs in the queue.
    private mutating func updatePairs(_ merged: TokenPair, _ whole: Int32) {
        // All changes first: a pair may lose here and gain there.
        for index in 0..<touched.count {
            let token = touched[index]
            let change = neighbors[Int(token)]
            if change.lostBefore > 0 {
                pairs.add(TokenPair(token, merged.left), -change.lostBefore)
            }
            if change.lostAfter > 0 {
                pairs.add(TokenPair(merged.right, token), -change.lostAfter)
            }
            if change.gainedBefore > 0 {
                pairs.add(TokenPair(token, whole), change.gainedBefore)
            }
            if change.gainedAfter > 0 { pairs.add(TokenPair(whole, token), change.gainedAfter) }
        }
        for index in 0..<touched.count {
            let token = touched[index]
            let neighbor = neighbors.base + Int(token)
            neighbor.pointee.placesBefore = enqueue(
                TokenPair(token, whole), neighbor.pointee.placesBefore)
            neighbor.pointee.placesAfter = enqueue(
                TokenPair(whole, token), neighbor.pointee.placesAfter)
        }
        for index in 0..<newPlaces.count {
            let new = newPlaces[index]
            let neighbor = neighbors.base + Int(new.neighbor)
            if new.isBefore {
                guard neighbor.pointee.placesBefore >= 0 else { continue }
                places[neighbor.pointee.placesBefore] = new.word
                neighbor.pointee.placesBefore += 1
            } else {
                guard neighbor.pointee.placesAfter >= 0 else { continue }
                places[neighbor.pointee.placesAfter] = new.word
                neighbor.pointee.placesAfter += 1
            }
        }
        for index in 0..<touched.count { neighbors[Int(touched[index])] = Neighbor() }
        touched.removeAll()
        newPlaces.removeAll()
    }

    /// - Returns: Where the words of the pair go in `places`, or -1 if it is not in the queue.
    private mutating func enqueue(_ pair: TokenPair, _ number: Int) -> Int {
        guard number > 0 else { return -1 }
        let count = pairs[pair]
        guard count >= minimumFrequency else { return -1 }
        let start = places.extend(by: number)
        queue.push(PairEntry(count: count, pair: pair, start: start, length: number))
        return start
    }

    /// Takes the top off the queue; its words are needed no more.
    private mutating func drop(_ top: PairEntry) {
        queue.removeTop()
        unusedPlaces += top.length
        guard unusedPlaces > max(1 << 12, places.count / 2) else { return }
        var kept = GrowingBuffer<UInt32>(capacity: places.count - unusedPlaces)
        for index in 0..<queue.entries.count {
            let entry = queue.entries[index]
            queue.entries.base[index].start = kept.count
            kept.append(places.base + entry.start, entry.length)
        }
        places = kept
        unusedPlaces = 0
    }
}
