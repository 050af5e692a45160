// SPDX-License-Identifier: Apache-2.0
//
// A pre-tokenizer is a list of steps; each cuts every piece that the one before it made. A piece is
// a text of its own: lookahead and anchors do not see beyond its end.

/// A part of a text, in bytes.
struct Piece: Equatable {
    var start: Int
    var end: Int
}

/// What becomes of the parts of a piece that a pattern matches (tokenizers' SplitDelimiterBehavior).
enum SplitBehavior: String, Sendable {
    case removed = "Removed"
    case isolated = "Isolated"
    case mergedWithPrevious = "MergedWithPrevious"
    case mergedWithNext = "MergedWithNext"
    case contiguous = "Contiguous"
}

/// Where a space's stand-in is put in front.
enum PrependScheme: String, Sendable {
    case first
    case never
    case always
}

/// One step of a pre-tokenizer.
enum PreTokenizerStep: Sendable {
    /// GPT-2's pattern.
    case gpt2
    /// The pattern of Llama 3 (numbers of up to 3 digits) and Qwen2 (1).
    case words(digits: Int)
    /// DeepSeek V3's third pattern.
    case deepSeekWords
    /// `\p{N}{1,n}`, isolated.
    case numbers(maximum: Int)
    /// `[..]+`, isolated.
    case run(ScalarRanges)
    /// `\s?[..]+`, isolated.
    case spacedRun(SpacedRun)
    /// `[\r\n]`, isolated.
    case newlines
    /// `\s+$`, isolated.
    case trailingSpace
    /// Each number alone.
    case digits
    case split(SplitPattern, SplitBehavior, invert: Bool)
    /// A space before each piece that has none.
    case prefixSpace
    case metaspace(replacement: [UInt8], PrependScheme, split: Bool)

    /// Whether the step changes the text, not only the pieces.
    var changesText: Bool {
        switch self {
        case .prefixSpace, .metaspace: return true
        default: return false
        }
    }
}

/// The classes that `\s?[..]+` is used with.
enum SpacedRun: Sendable {
    case flags(UInt8)
    case deepSeekPunctuation

    @inline(__always)
    func contains(_ scalar: UInt32, _ table: UnsafePointer<UInt8>) -> Bool {
        switch self {
        case .flags(let mask): return table[Int(scalar)] & mask != 0
        case .deepSeekPunctuation:
            switch scalar {
            case 0x21...0x2F, 0x3A...0x7E, 0xFF01...0xFF0F, 0xFF1A...0xFF5E, 0x2018...0x201F,
                0x3000...0x3002:
                return true
            default: return false
            }
        }
    }
}

/// A few ranges of scalars.
struct ScalarRanges: Sendable {
    let ranges: [ClosedRange<UInt32>]

    @inline(__always)
    func contains(_ scalar: UInt32) -> Bool {
        scalar >= 0x80 && ranges.contains { $0.contains(scalar) }
    }

    static let deepSeek3 = ScalarRanges(ranges: [0x4E00...0x9FA5, 0x3040...0x30FF])
    static let deepSeek = ScalarRanges(ranges: [0x800...0x9FA5, 0xAC00...0xD7FF])
}

/// What a split looks for.
enum SplitPattern: Sendable {
    case literal([UInt8])
    case regex(RegexProgram)
}

extension PreTokenizerStep {
    /// Cuts each of `pieces` and appends the parts to `output`.
    /// - Parameter text: The start of a valid UTF-8 text that holds all pieces.
    func cut(
        _ text: UnsafePointer<UInt8>, _ pieces: [Piece], into output: inout [Piece],
        scratch: RegexScratch
    ) {
        let scanner = PieceScanner(text)
        switch self {
        case .gpt2:
            for piece in pieces { scanner.gpt2(piece, &output) }
        case .words(let digits):
            for piece in pieces { scanner.words(piece, digits: digits, &output) }
        case .deepSeekWords:
            for piece in pieces { scanner.deepSeekWords(piece, &output) }
        case .numbers(let maximum):
            for piece in pieces { scanner.numbers(piece, maximum: maximum, &output) }
        case .digits:
            for piece in pieces { scanner.numbers(piece, maximum: 1, &output) }
        case .run(let ranges):
            for piece in pieces { scanner.runs(piece, ranges, &output) }
        case .spacedRun(let run):
            for piece in pieces { scanner.spacedRuns(piece, run, &output) }
        case .newlines:
            for piece in pieces { scanner.newlines(piece, &output) }
        case .trailingSpace:
            for piece in pieces { scanner.trailingSpace(piece, &output) }
        case .split(let pattern, let behavior, let invert):
            var splitter = Splitter(behavior: behavior, invert: invert)
            for piece in pieces {
                switch pattern {
                case .literal(let literal):
                    splitter.split(text, piece, literal: literal, &output)
                case .regex(let program):
                    splitter.split(text, piece, program, scratch, &output)
                }
            }
        case .prefixSpace, .metaspace:
            output.append(contentsOf: pieces)
        }
    }

    /// Rewrites the pieces of a text, for the steps that do.
    /// - Parameter isFirst: Whether the first piece starts the whole input.
    func rewrite(
        _ text: UnsafePointer<UInt8>, _ pieces: [Piece], isFirst: Bool
    ) -> (text: [UInt8], pieces: [Piece]) {
        var output: [UInt8] = []
        var cut: [Piece] = []
        for (index, piece) in pieces.enumerated() {
            let bytes = UnsafeBufferPointer(
                start: text + piece.start, count: piece.end - piece.start)
            var start = output.count
            switch self {
            case .metaspace(let replacement, let scheme, let split):
                let marked =
                    bytes.first == 0x20
                    || bytes.prefix(replacement.count).elementsEqual(replacement)
                let prepends =
                    scheme == .always || (scheme == .first && isFirst && index == 0)
                if prepends, !marked { output.append(contentsOf: replacement) }
                for byte in bytes {
                    if byte == 0x20 {
                        output.append(contentsOf: replacement)
                    } else {
                        output.append(byte)
                    }
                }
                if split, !replacement.isEmpty {
                    let whole = Piece(start: start, end: output.count)
                    var splitter = Splitter(behavior: .mergedWithNext, invert: false)
                    output.withUnsafeBufferPointer { buffer in
                        guard let base = buffer.baseAddress else { return }
                        splitter.split(base, whole, literal: replacement, &cut)
                    }
                    start = output.count
                }
            default:
                if bytes.first != 0x20 { output.append(0x20) }
                output.append(contentsOf: bytes)
            }
            if start < output.count { cut.append(Piece(start: start, end: output.count)) }
        }
        return (output, cut)
    }
}

extension PreTokenizer {
    /// Runs the steps from `first` on over `scratch.pieces`; `body` gets the text that the pieces
    /// are parts of when all are done.
    func cut(
        _ text: UnsafePointer<UInt8>, isFirst: Bool, from first: Int = 0,
        _ scratch: EncoderScratch, _ body: (UnsafePointer<UInt8>) -> Void
    ) {
        for index in first..<steps.count {
            let step = steps[index]
            guard step.changesText else {
                scratch.cutPieces.removeAll(keepingCapacity: true)
                step.cut(text, scratch.pieces, into: &scratch.cutPieces, scratch: scratch.regex)
                swap(&scratch.pieces, &scratch.cutPieces)
                continue
            }
            let (rewritten, pieces) = step.rewrite(text, scratch.pieces, isFirst: isFirst)
            scratch.pieces = pieces
            rewritten.withUnsafeBufferPointer {
                guard let base = $0.baseAddress else { return }
                cut(base, isFirst: isFirst, from: index + 1, scratch, body)
            }
            return
        }
        body(text)
    }
}

/// Cuts pieces at matches of a pattern.
struct Splitter {
    let behavior: SplitBehavior
    let invert: Bool
    private var parts: [(piece: Piece, isMatch: Bool)] = []

    init(behavior: SplitBehavior, invert: Bool) {
        self.behavior = behavior
        self.invert = invert
    }

    mutating func split(
        _ text: UnsafePointer<UInt8>, _ piece: Piece, literal: [UInt8], _ output: inout [Piece]
    ) {
        parts.removeAll(keepingCapacity: true)
        var previous = piece.start
        var i = piece.start
        literal.withUnsafeBufferPointer { pattern in
            guard let first = pattern.first, let base = pattern.baseAddress else { return }
            while i + pattern.count <= piece.end {
                guard text[i] == first, bytesEqual(text + i, base, pattern.count) else {
                    i += 1
                    continue
                }
                if previous < i { parts.append((Piece(start: previous, end: i), false)) }
                parts.append((Piece(start: i, end: i + pattern.count), true))
                i += pattern.count
                previous = i
            }
        }
        if previous < piece.end { parts.append((Piece(start: previous, end: piece.end), false)) }
        emit(into: &output)
    }

    mutating func split(
        _ text: UnsafePointer<UInt8>, _ piece: Piece, _ program: RegexProgram,
        _ scratch: RegexScratch, _ output: inout [Piece]
    ) {
        parts.removeAll(keepingCapacity: true)
        var previous = piece.start
        let matcher = RegexMatcher(program, text, piece.start, piece.end, scratch)
        matcher.forEachMatch { start, end in
            if previous != start { parts.append((Piece(start: previous, end: start), false)) }
            parts.append((Piece(start: start, end: end), true))
            previous = end
        }
        if previous < piece.end { parts.append((Piece(start: previous, end: piece.end), false)) }
        emit(into: &output)
    }

    private func emit(into output: inout [Piece]) {
        var merged: [Piece] = []
        switch behavior {
        case .isolated: for part in parts { append(part.piece, to: &output) }
        case .removed:
            for part in parts where part.isMatch == invert { append(part.piece, to: &output) }
        case .contiguous:
            var last: Bool?
            for part in parts {
                if part.isMatch == last, !merged.isEmpty {
                    merged[merged.count - 1].end = part.piece.end
                } else {
                    merged.append(part.piece)
                }
                last = part.isMatch
            }
        case .mergedWithPrevious:
            var lastWasMatch = false
            for part in parts {
                let isMatch = part.isMatch != invert
                if isMatch, !lastWasMatch, !merged.isEmpty {
                    merged[merged.count - 1].end = part.piece.end
                } else {
                    merged.append(part.piece)
                }
                lastWasMatch = isMatch
            }
        case .mergedWithNext:
            var lastWasMatch = false
            for part in parts.reversed() {
                let isMatch = part.isMatch != invert
                if isMatch, !lastWasMatch, !merged.isEmpty {
                    merged[merged.count - 1].start = part.piece.start
                } else {
                    merged.append(part.piece)
                }
                lastWasMatch = isMatch
            }
            merged.reverse()
        }
        for piece in merged { append(piece, to: &output) }
    }

    private func append(_ piece: Piece, to output: inout [Piece]) {
        if piece.start < piece.end { output.append(piece) }
    }
}
