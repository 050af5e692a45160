// SPDX-License-Identifier: Apache-2.0
//
// The filter beside a model's output. Each letter rolls a hash whose bit is looked up; the few that pass are
// compared with the stored letters, backwards and then letter by letter as they come, so that what is
// reported is a real match. Nothing is allocated after the first piece.

/// Says when a text that comes in pieces repeats a protected one.
///
/// Case, white space, punctuation, accents and look-alike letters do not matter. A value: a copy continues on
/// its own.
public struct RegurgitationMatcher: Sendable {
    /// A part of the output that is part of a protected text.
    public struct Match: Equatable, Sendable {
        /// Index in the protected texts' documents.
        public var document: Int
        /// In bytes from the start of the protected text, to its first letter.
        public var start: Int
        /// Letters and digits that agree, in bytes of their folded UTF-8. It grows from piece to piece as long as
        /// the match goes on.
        public var length: Int
        /// In bytes from the start of the output; of a match of more than 4,096 letters, where those begin.
        public var outputStart: Int
        /// In bytes, up to the last letter that agrees.
        public var outputEnd: Int
    }

    /// A match that goes on.
    private struct Active: Sendable {
        /// Of the next letter in the protected texts.
        var place: Int
        var length: Int
    }

    private static let historySize = 4096
    private static let activeLimit = 8
    /// Places of one fingerprint that are compared.
    private static let candidateLimit = 256

    private let index: ProtectedTextIndex
    /// The fewest letters of a match.
    public let minimumLength: Int

    private var decoder = ScalarDecoder()
    private var rolling = RollingHash(length: ProtectedTextIndex.gram)
    /// The last letters, and where they begin and end in the output.
    private var letters = [UInt8](repeating: 0, count: historySize)
    private var letterStarts = [Int](repeating: 0, count: historySize)
    private var letterCount = 0
    private var active: [Active] = []
    private var byteCount = 0

    /// - Parameter minimumLength: The fewest letters and digits of a match; below
    ///   ``ProtectedTextIndex/sparseLength`` some are missed.
    public init(_ index: ProtectedTextIndex, minimumLength: Int = ProtectedTextIndex.minimumLength)
    {
        self.index = index
        self.minimumLength = max(1, minimumLength)
        active.reserveCapacity(Self.activeLimit)
    }

    /// How many of the output's last bytes belong to what may become a match, or to a character that is not
    /// complete. A server that keeps them back can still drop them.
    ///
    /// A copy is noticed after between 16 and ``ProtectedTextIndex/minimumLength`` letters: to let none of
    /// them out, keep back that many more at all times.
    public var heldBack: Int {
        let longest = active.reduce(0) { max($0, $1.length) }
        guard longest > 0 else { return decoder.taken }
        let first = max(letterCount - longest, letterCount - Self.historySize, 0)
        return byteCount - letterStarts[first % Self.historySize]
    }

    /// Continues the output.
    /// - Parameter piece: Its next bytes; characters may be cut.
    /// - Returns: The longest match that reaches ``minimumLength`` within the piece or goes on in it.
    public mutating func feed(_ piece: some Sequence<UInt8>) -> Match? {
        let found =
            piece.withContiguousStorageIfAvailable { feed($0) }
            ?? Array(piece).withUnsafeBufferPointer { feed($0) }
        return found
    }

    public mutating func feed(_ piece: UnsafeBufferPointer<UInt8>) -> Match? {
        var best: Best?
        for byte in piece {
            byteCount += 1
            guard let (code, length) = decoder.take(byte) else { continue }
            var folded = LetterFolding.shared.folded(code)
            var rest = folded >> 56
            while rest > 0 {
                take(UInt8(truncatingIfNeeded: folded), start: byteCount - length, &best)
                folded >>= 8
                rest -= 1
            }
        }
        return best.map(described)
    }

    /// The longest match of a piece, described once the piece is over.
    private struct Best {
        var match: Active
        var letterCount: Int
        var byteCount: Int
    }

    @inline(__always)
    private mutating func take(_ letter: UInt8, start: Int, _ best: inout Best?) {
        let slot = letterCount % Self.historySize
        letters[slot] = letter
        letterStarts[slot] = start
        letterCount += 1
        if !active.isEmpty { advance(letter, &best) }
        let leaving = letterCount - 1 - ProtectedTextIndex.gram
        rolling.roll(in: letter, out: leaving < 0 ? 0 : letters[leaving % Self.historySize])
        guard letterCount >= ProtectedTextIndex.gram else { return }
        let hash = rolling.value
        let bit = hash & index.bitMask
        if index.bits[Int(bit >> 6)] >> (bit & 63) & 1 == 1 { begin(hash, &best) }
    }

    /// Continues the matches with a letter.
    private mutating func advance(_ letter: UInt8, _ best: inout Best?) {
        var position = 0
        while position < active.count {
            let match = active[position]
            // A separator is no letter.
            if index.text[match.place] == letter {
                active[position].place += 1
                active[position].length += 1
                report(active[position], &best)
                position += 1
            } else {
                active.swapAt(position, active.count - 1)
                active.removeLast()
            }
        }
    }

    /// Compares the last letters with the places of a fingerprint.
    private mutating func begin(_ hash: UInt64, _ best: inout Best?) {
        let bucket = Int(hash >> index.directoryShift)
        var entry = Int(index.directory[bucket])
        let end = Int(index.directory[bucket + 1])
        while entry < end && index.hashes[entry] < hash { entry += 1 }
        var tried = 0
        while entry < end, index.hashes[entry] == hash, tried < Self.candidateLimit {
            let place = Int(index.places[entry])
            entry += 1
            tried += 1
            if active.contains(where: { $0.place == place }) { continue }
            var length = 0
            let most = min(letterCount, Self.historySize, place)
            while length < most {
                let letter = letters[(letterCount - 1 - length) % Self.historySize]
                guard index.text[place - 1 - length] == letter else { break }
                length += 1
            }
            guard length >= ProtectedTextIndex.gram else { continue }
            let match = Active(place: place, length: length)
            if active.count == Self.activeLimit {
                // The longest is the one to report.
                guard
                    let shortest = active.indices.min(by: { active[$0].length < active[$1].length }
                    ),
                    active[shortest].length < length
                else { continue }
                active[shortest] = match
            } else {
                active.append(match)
            }
            report(match, &best)
        }
    }

    @inline(__always)
    private func report(_ match: Active, _ best: inout Best?) {
        guard match.length >= best?.match.length ?? 0 else { return }
        if match.length >= minimumLength || isSparse(match.length) {
            best = Best(match: match, letterCount: letterCount, byteCount: byteCount)
        }
    }

    /// Whether few letters are spread over so much of the output that they are a copy of more than words.
    private func isSparse(_ length: Int) -> Bool {
        guard length >= ProtectedTextIndex.sparseLength, length <= letterCount else { return false }
        let first = letterStarts[(letterCount - length) % Self.historySize]
        return byteCount - first >= ProtectedTextIndex.sparseBytes
    }

    private func described(_ best: Best) -> Match {
        let first = best.match.place - best.match.length
        // What began so long ago that its letters were overwritten is shown from the oldest on.
        let oldest = max(0, letterCount - Self.historySize)
        let shown = max(best.letterCount - best.match.length, oldest)
        return Match(
            document: index.document(at: first), start: index.originalOffset(first),
            length: best.match.length, outputStart: letterStarts[shown % Self.historySize],
            outputEnd: best.byteCount)
    }
}
