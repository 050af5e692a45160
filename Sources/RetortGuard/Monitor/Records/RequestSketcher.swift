// SPDX-License-Identifier: Apache-2.0

/// Makes sketches of texts, at serving time or from a log that has texts.
///
/// Takes time by the text's length alone; what follows the first 1,024 words of a message is counted only, but for its last twelve.
public struct RequestSketcher: Sendable {
    let secret: SketchSecret

    static let mostWords = 1024
    private static let firstWords = 24
    private static let lastWords = 12

    public init(secret: SketchSecret) { self.secret = secret }

    /// - Parameters:
    ///   - user: The last message of the user.
    ///   - turns: Messages of the user in the conversation.
    public func sketch(system: String? = nil, user: String, turns: Int = 1) -> RequestSketch {
        var sketch = RequestSketch()
        sketch.turns = UInt8(clamping: turns)
        if let system, !system.isEmpty {
            sketch.flags.insert(.system)
            sketch.system = max(1, UInt32(truncatingIfNeeded: secret.sip.hash(system)))
            // Hidden reasoning is often asked for there.
            var marks = TraceMarks()
            var text = system
            _ = text.withUTF8 { bytes in
                WordScanner.forEachWord(bytes, limit: 256) { word, index in
                    marks.add(word.entry.kinds, at: index)
                }
            }
            // Milder words are a program's standing order, as tutors have one.
            if marks.score >= RequestTrait.strongTrace { sketch.trace = marks.score }
        }
        var text = user
        text.withUTF8 { scan($0, into: &sketch) }
        return sketch
    }

    private func scan(_ bytes: UnsafeBufferPointer<UInt8>, into sketch: inout RequestSketch) {
        sketch.prompt = secret.sip.hash(bytes)
        var trace = TraceMarks()
        var synthesis = SynthesisMarks()
        var topics = SIMD4<UInt64>(repeating: .max)
        var languages = LanguageVotes()
        var isInformal = false
        var hasCue = false
        var count = 0
        var previous: UInt64 = 0
        var first = [UInt64]()
        first.reserveCapacity(Self.firstWords + Self.lastWords)
        var last = SIMD16<UInt64>()
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 64) { sums in
            sums.initialize(repeating: 0)
            count = WordScanner.forEachWord(bytes, limit: .max) { word, index in
                let hash = secret.sip.hash(word.bytes)
                last[index & 15] = hash
                if index < Self.firstWords { first.append(hash) }
                guard index < Self.mostWords else { return }
                let kinds = word.entry.kinds
                Self.add(hash, 1, to: sums)
                Self.add(SipHash.mix(previous, hash), 0.5, to: sums)
                previous = hash
                if !kinds.isEmpty {
                    trace.add(kinds, at: index)
                    synthesis.add(kinds, at: index)
                    if kinds.contains(.translation), index < 40 {
                        sketch.flags.insert(.translation)
                    }
                    if kinds.contains(.material), index < 40 { hasCue = true }
                    if kinds.contains(.informal) { isInformal = true }
                }
                if word.number >= 3 { synthesis.addNumber(at: index) }
                languages.add(word)
                if kinds.isEmpty, word.bytes.count >= 4 || word.isWide {
                    for place in 0..<4 {
                        let value = SipHash.mix(hash, UInt64(place) + 11)
                        if value < topics[place] { topics[place] = value }
                    }
                }
            }
            sketch.vector = Self.normalised(sums)
        }
        sketch.trace = max(sketch.trace, trace.score)
        sketch.synthesis = synthesis.score
        sketch.language = languages.winner
        sketch.words = UInt16(clamping: count)
        for place in 0..<4 {
            sketch.topics[place] = UInt16(truncatingIfNeeded: topics[place])
        }
        frame(first, last, count, into: &sketch)
        let looks = Self.looks(bytes)
        if looks.isCode { sketch.flags.insert(.code) }
        if isInformal || looks.isLowerCase { sketch.flags.insert(.informal) }
        if count > 90 || (hasCue && count > 40) { sketch.flags.insert(.material) }
    }

    /// The parts of a prompt where its template shows.
    private func frame(
        _ first: [UInt64], _ last: SIMD16<UInt64>, _ count: Int, into sketch: inout RequestSketch
    ) {
        var words = first
        let tail = min(Self.lastWords, max(0, count - first.count))
        for index in (count - tail)..<count { words.append(last[index & 15]) }
        let ends = min(4, words.count)
        sketch.head = UInt32(truncatingIfNeeded: words.prefix(ends).reduce(1, SipHash.mix))
        sketch.tail = UInt32(truncatingIfNeeded: words.suffix(ends).reduce(2, SipHash.mix))
        var least = SIMD8<UInt64>(repeating: .max)
        for start in 0..<max(1, words.count - 2) {
            let shingle = words[start..<min(start + 3, words.count)].reduce(3, SipHash.mix)
            for place in 0..<8 {
                let value = SipHash.mix(shingle, UInt64(place) + 101)
                if value < least[place] { least[place] = value }
            }
        }
        for place in 0..<8 { sketch.shingles[place] = UInt16(truncatingIfNeeded: least[place]) }
    }

    @inline(__always)
    private static func add(
        _ hash: UInt64, _ weight: Float, to sums: UnsafeMutableBufferPointer<Float>
    ) {
        sums[Int(hash >> 58)] += hash & 1 == 0 ? weight : -weight
    }

    private static func normalised(_ sums: UnsafeMutableBufferPointer<Float>) -> SIMD64<Int8> {
        let length = sums.reduce(0) { $0 + $1 * $1 }.squareRoot()
        var vector = SIMD64<Int8>()
        guard length > 0 else { return vector }
        for index in 0..<64 { vector[index] = Int8((sums[index] / length * 127).rounded()) }
        return vector
    }

    /// What the first 4,096 bytes look like.
    private static func looks(_ bytes: UnsafeBufferPointer<UInt8>) -> (
        isCode: Bool, isLowerCase: Bool
    ) {
        var marks = 0
        var isLowerCase: Bool?
        let seen = min(bytes.count, 4096)
        for byte in bytes[..<seen] {
            switch byte {
            case 0x7B, 0x7D, 0x3B, 0x3D: marks += 1
            case 0x41...0x5A where isLowerCase == nil: isLowerCase = false
            case 0x61...0x7A where isLowerCase == nil: isLowerCase = true
            case 0x80... where isLowerCase == nil: isLowerCase = false
            default: break
            }
        }
        return (marks * 40 > seen && marks >= 6, isLowerCase ?? false)
    }
}
