// SPDX-License-Identifier: Apache-2.0
//
// Texts that a model must not repeat, as a filter needs them: their letters, and the hashes of some runs of
// `gram` letters, chosen by winnowing (Schleimer, Wilkerson and Aiken 2003) so that every part of
// `sparseLength` letters has at least one.

import Foundation

/// The letters of protected texts with fingerprints, for ``RegurgitationMatcher``.
public struct ProtectedTextIndex: Sendable {
    /// A protected text.
    public struct Document: Equatable, Sendable {
        public var name: String
        public var licence: String?
        /// Bytes of the original.
        public var length: Int

        public init(name: String, licence: String?, length: Int) {
            self.name = name
            self.licence = licence
            self.length = length
        }
    }

    /// Letters in a fingerprint.
    static let gram = 16
    /// Fingerprints of so many starts in a row, the smallest is kept.
    static let window = 9
    /// Every part of a protected text that has at least so many letters and digits is found, in bytes of
    /// their UTF-8.
    public static let minimumLength = 48
    /// Of tables, formulas and code, which have few letters, every part that has so many over at least
    /// ``sparseBytes`` of the output.
    public static let sparseLength = gram + window - 1
    /// Some 50 tokens.
    public static let sparseBytes = 200

    public private(set) var documents: [Document]
    /// Letters of all documents, a zero after each.
    let text: [UInt8]
    /// For each letter, how many bytes of the original come after the one before it, up to 255.
    let gaps: [UInt8]
    /// The sum of the gaps before every so many letters.
    private let sums: [Int]
    private static let sumStride = 512
    /// Where documents begin in `text`.
    let starts: [Int]
    /// Hashes in order, and where in `text` their letters end.
    let hashes: [UInt64]
    let places: [UInt32]
    /// Where the hashes with the same highest bits begin.
    let directory: [UInt32]
    let directoryShift: UInt64
    /// One bit for each hash and many that stay zero: most letters end here.
    let bits: [UInt64]
    let bitMask: UInt64

    init(
        documents: [Document], text: [UInt8], gaps: [UInt8], starts: [Int], hashes: [UInt64],
        places: [UInt32]
    ) {
        self.documents = documents
        self.text = text
        self.gaps = gaps
        self.starts = starts
        var sums: [Int] = []
        var sum = 0
        for (index, gap) in gaps.enumerated() {
            if index % Self.sumStride == 0 { sums.append(sum) }
            sum += Int(gap)
        }
        self.sums = sums
        self.hashes = hashes
        self.places = places
        let digits = max(4, Int.bitWidth - (hashes.count / 2).leadingZeroBitCount)
        directoryShift = UInt64(64 - digits)
        var directory = [UInt32](repeating: 0, count: 1 << digits + 1)
        let words = 1 << max(4, Int.bitWidth - (hashes.count / 2).leadingZeroBitCount)
        var bits = [UInt64](repeating: 0, count: words)
        bitMask = UInt64(words * 64 - 1)
        for hash in hashes {
            directory[Int(hash >> directoryShift) + 1] += 1
            let bit = hash & bitMask
            bits[Int(bit >> 6)] |= 1 << (bit & 63)
        }
        for index in 1..<directory.count { directory[index] += directory[index - 1] }
        self.directory = directory
        self.bits = bits
    }

    /// Indexes some texts.
    /// - Throws: ``ProvenanceError`` if they have 4 GiB of letters or more.
    public init(_ texts: some Sequence<(name: String, licence: String?, bytes: [UInt8])>)
        throws(ProvenanceError)
    {
        var documents: [Document] = []
        var text: [UInt8] = []
        var gaps: [UInt8] = []
        var starts: [Int] = []
        for (name, licence, bytes) in texts {
            documents.append(Document(name: name, licence: licence, length: bytes.count))
            starts.append(text.count)
            var decoder = ScalarDecoder()
            var before = 0
            for (offset, byte) in bytes.enumerated() {
                guard let (code, length) = decoder.take(byte) else { continue }
                var letters = LetterFolding.shared.folded(code)
                let count = letters >> 56
                let start = offset + 1 - length
                for _ in 0..<count {
                    text.append(UInt8(truncatingIfNeeded: letters))
                    letters >>= 8
                    gaps.append(UInt8(clamping: start - before))
                    before = start
                }
            }
            text.append(0)
            gaps.append(0)
        }
        guard text.count < UInt32.max else {
            throw ProvenanceError(
                "the protected texts have \(text.count) letters; 4 GiB are the most")
        }
        var prints: [(hash: UInt64, place: UInt32)] = []
        for (index, start) in starts.enumerated() {
            let end = (index + 1 < starts.count ? starts[index + 1] : text.count) - 1
            Self.winnow(text, start..<end) { prints.append(($0, UInt32($1))) }
        }
        prints.sort { ($0.hash, $0.place) < ($1.hash, $1.place) }
        self.init(
            documents: documents, text: text, gaps: gaps, starts: starts,
            hashes: prints.map(\.hash), places: prints.map(\.place))
    }

    /// Calls `body` with the fingerprints of a document and the ends of their letters.
    private static func winnow(
        _ text: [UInt8], _ range: Range<Int>, _ body: (UInt64, Int) -> Void
    ) {
        guard range.count >= gram else { return }
        var rolling = RollingHash(length: gram)
        var hashes: [UInt64] = []
        hashes.reserveCapacity(range.count)
        for place in range {
            let isFull = place - range.lowerBound >= gram
            rolling.roll(in: text[place], out: isFull ? text[place - gram] : 0)
            if place - range.lowerBound >= gram - 1 { hashes.append(rolling.value) }
        }
        // In runs of equal hashes the one that was chosen stays until it leaves the window.
        var chosen = -1
        for last in hashes.indices where last >= min(window, hashes.count) - 1 {
            let first = max(0, last - window + 1)
            if chosen < first {
                chosen = first
                for index in first...last where hashes[index] < hashes[chosen] { chosen = index }
            } else if hashes[last] < hashes[chosen] {
                chosen = last
            } else {
                continue
            }
            body(hashes[chosen], range.lowerBound + chosen + gram)
        }
    }

    /// The document of a place in `text`.
    func document(at place: Int) -> Int {
        var low = 0
        var high = starts.count
        while high - low > 1 {
            let middle = (low + high) >> 1
            if starts[middle] <= place { low = middle } else { high = middle }
        }
        return low
    }

    /// Where a letter begins in its original; after a stretch of more than 255 bytes without letters, before
    /// that.
    func originalOffset(_ place: Int) -> Int {
        sum(place + 1) - sum(starts[document(at: place)])
    }

    /// Of the gaps before a place.
    private func sum(_ place: Int) -> Int {
        guard place < gaps.count else { return gaps.reduce(0) { $0 + Int($1) } }
        let block = place / Self.sumStride
        return gaps[block * Self.sumStride..<place].reduce(sums[block]) { $0 + Int($1) }
    }
}
