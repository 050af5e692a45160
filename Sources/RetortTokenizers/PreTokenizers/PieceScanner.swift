// SPDX-License-Identifier: Apache-2.0
//
// The patterns of the common pre-tokenizers, written out by hand: a regular expression engine is
// 100 times slower. Each function says which pattern it is; the order of the tests is the order of
// the pattern's alternatives. Tests compare every one with the general matcher.

/// Scanners over the pieces of a valid UTF-8 text.
struct PieceScanner {
    let text: UnsafePointer<UInt8>
    let flags: UnsafePointer<UInt8>

    init(_ text: UnsafePointer<UInt8>) {
        self.text = text
        flags = UnicodeProperties.shared.flags
    }

    /// Flags and length of the scalar at `i`.
    @inline(__always)
    func scalar(_ i: Int) -> (flags: UInt8, length: Int) {
        let first = text[i]
        if first < 0x80 { return (flags[Int(first)], 1) }
        let (scalar, length) = decodeScalar(text, i)
        return (flags[Int(scalar)], length)
    }

    /// Where the run of scalars with any of `mask` that starts at `i` ends.
    @inline(__always)
    func run(_ i: Int, _ end: Int, _ mask: UInt8) -> Int {
        var i = i
        while i < end {
            let (found, length) = scalar(i)
            if found & mask == 0 { break }
            i += length
        }
        return i
    }

    /// Where the run of scalars with none of `mask` that starts at `i` ends.
    @inline(__always)
    func runWithout(_ i: Int, _ end: Int, _ mask: UInt8) -> Int {
        var i = i
        while i < end {
            let (found, length) = scalar(i)
            if found & mask != 0 { break }
            i += length
        }
        return i
    }

    @inline(__always)
    func lineBreaks(_ i: Int, _ end: Int) -> Int {
        var i = i
        while i < end, text[i] == 0x0A || text[i] == 0x0D { i += 1 }
        return i
    }

    /// `\s*[\r\n]+|\s+(?!\S)|\s+`, or without the first alternative, at a white space.
    @inline(__always)
    private func whitespace(_ start: Int, _ end: Int, breaksLines: Bool) -> Int {
        var i = start
        var last = start
        var afterBreak = 0
        while i < end {
            let (found, length) = scalar(i)
            if found & ScalarFlags.whitespace == 0 { break }
            last = i
            if text[i] == 0x0A || text[i] == 0x0D { afterBreak = i + 1 }
            i += length
        }
        if breaksLines, afterBreak > 0 { return afterBreak }
        // All but the last white space, if more text follows and that leaves any.
        return i < end && last > start ? last : i
    }

    /// GPT-2: `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.
    func gpt2(_ piece: Piece, _ output: inout [Piece]) {
        var i = piece.start
        while i < piece.end {
            let next = gpt2Next(i, piece.end)
            output.append(Piece(start: i, end: next))
            i = next
        }
    }

    private func gpt2Next(_ i: Int, _ end: Int) -> Int {
        if text[i] == 0x27, i + 1 < end {
            switch text[i + 1] {
            case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
                return i + 2
            case UInt8(ascii: "r") where i + 2 < end && text[i + 2] == UInt8(ascii: "e"),
                UInt8(ascii: "v") where i + 2 < end && text[i + 2] == UInt8(ascii: "e"),
                UInt8(ascii: "l") where i + 2 < end && text[i + 2] == UInt8(ascii: "l"):
                return i + 3
            default: break
            }
        }
        let first = text[i] == 0x20 && i + 1 < end ? i + 1 : i
        let (found, length) = scalar(first)
        if found & ScalarFlags.letter != 0 { return run(first + length, end, ScalarFlags.letter) }
        if found & ScalarFlags.number != 0 { return run(first + length, end, ScalarFlags.number) }
        if found & ScalarFlags.whitespace == 0 {
            return runWithout(
                first + length, end,
                ScalarFlags.letter | ScalarFlags.number | ScalarFlags.whitespace)
        }
        return whitespace(i, end, breaksLines: false)
    }

    /// Llama 3 and Qwen2, with `\p{N}{1,digits}`:
    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|`
    /// ` ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`.
    func words(_ piece: Piece, digits: Int, _ output: inout [Piece]) {
        var i = piece.start
        while i < piece.end {
            let next = wordsNext(i, piece.end, digits)
            output.append(Piece(start: i, end: next))
            i = next
        }
    }

    @inline(__always)
    private func wordsNext(_ i: Int, _ end: Int, _ digits: Int) -> Int {
        let byte = text[i]
        if byte == 0x27 {
            let length = contraction(i + 1, end)
            if length > 0 { return i + 1 + length }
        }
        let (found, length) = scalar(i)
        if found & ScalarFlags.letter != 0 { return run(i + length, end, ScalarFlags.letter) }
        if found & ScalarFlags.number != 0 { return number(i + length, end, digits - 1) }
        if byte != 0x0A, byte != 0x0D, i + length < end {
            let (second, secondLength) = scalar(i + length)
            if second & ScalarFlags.letter != 0 {
                return run(i + length + secondLength, end, ScalarFlags.letter)
            }
        }
        let mask = ScalarFlags.letter | ScalarFlags.number | ScalarFlags.whitespace
        let first = byte == 0x20 ? i + 1 : i
        let other = runWithout(first, end, mask)
        if other > first { return lineBreaks(other, end) }
        return whitespace(i, end, breaksLines: true)
    }

    /// The length of what follows an apostrophe in a contraction, case aside, or 0.
    private func contraction(_ i: Int, _ end: Int) -> Int {
        guard i < end else { return 0 }
        switch text[i] | 0x20 {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return 1
        case UInt8(ascii: "r"), UInt8(ascii: "v"):
            return i + 1 < end && text[i + 1] | 0x20 == UInt8(ascii: "e") ? 2 : 0
        case UInt8(ascii: "l"):
            return i + 1 < end && text[i + 1] | 0x20 == UInt8(ascii: "l") ? 2 : 0
        // U+017F, the long s, is an s, case aside.
        case 0xC5 | 0x20: return text[i] == 0xC5 && i + 1 < end && text[i + 1] == 0xBF ? 2 : 0
        default: return 0
        }
    }

    /// Up to `count` numbers more.
    @inline(__always)
    private func number(_ i: Int, _ end: Int, _ count: Int) -> Int {
        var i = i
        var left = count
        while i < end, left > 0 {
            let (found, length) = scalar(i)
            if found & ScalarFlags.number == 0 { break }
            i += length
            left -= 1
        }
        return i
    }

    /// DeepSeek V3: an ASCII punctuation mark and ASCII letters, or
    /// `[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
    /// what no alternative takes stays together.
    func deepSeekWords(_ piece: Piece, _ output: inout [Piece]) {
        var i = piece.start
        var gap = i
        while i < piece.end {
            let next = deepSeekWordsNext(i, piece.end)
            guard next > i else {
                i += scalar(i).length
                continue
            }
            if gap < i { output.append(Piece(start: gap, end: i)) }
            output.append(Piece(start: i, end: next))
            i = next
            gap = i
        }
        if gap < i { output.append(Piece(start: gap, end: i)) }
    }

    /// The end of the match at `i`, or `i`.
    @inline(__always)
    private func deepSeekWordsNext(_ i: Int, _ end: Int) -> Int {
        let byte = text[i]
        let (found, length) = scalar(i)
        let mark = ScalarFlags.punctuation | ScalarFlags.symbol
        if byte < 0x80, found & mark != 0, i + 1 < end, isASCIILetter(text[i + 1]) {
            var j = i + 2
            while j < end, isASCIILetter(text[j]) { j += 1 }
            return j
        }
        let word = ScalarFlags.letter | ScalarFlags.mark
        if found & ScalarFlags.letter != 0 { return run(i + length, end, word) }
        if found & mark == 0, byte != 0x0A, byte != 0x0D {
            if i + length < end {
                let (second, secondLength) = scalar(i + length)
                if second & word != 0 { return run(i + length + secondLength, end, word) }
            }
            if found & ScalarFlags.mark != 0 { return i + length }
        }
        let first = byte == 0x20 ? i + 1 : i
        let other = run(first, end, mark)
        if other > first { return lineBreaks(other, end) }
        if found & ScalarFlags.whitespace != 0 { return whitespace(i, end, breaksLines: true) }
        return i
    }

    @inline(__always)
    private func isASCIILetter(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- 0x61 < 26
    }

    /// `\p{N}{1,maximum}`, isolated.
    func numbers(_ piece: Piece, maximum: Int, _ output: inout [Piece]) {
        var i = piece.start
        var gap = i
        while i < piece.end {
            let (found, length) = scalar(i)
            guard found & ScalarFlags.number != 0 else {
                i += length
                continue
            }
            if gap < i { output.append(Piece(start: gap, end: i)) }
            let next = number(i + length, piece.end, maximum - 1)
            output.append(Piece(start: i, end: next))
            i = next
            gap = i
        }
        if gap < i { output.append(Piece(start: gap, end: i)) }
    }

    /// `[ranges]+`, isolated.
    func runs(_ piece: Piece, _ ranges: ScalarRanges, _ output: inout [Piece]) {
        var i = piece.start
        var start = i
        var isInside = false
        while i < piece.end {
            var length = 1
            var belongs = false
            if text[i] >= 0x80 {
                let (scalar, scalarLength) = decodeScalar(text, i)
                length = scalarLength
                belongs = ranges.contains(scalar)
            }
            if belongs != isInside {
                if start < i { output.append(Piece(start: start, end: i)) }
                start = i
                isInside = belongs
            }
            i += length
        }
        if start < i { output.append(Piece(start: start, end: i)) }
    }

    /// `\s?[run]+`, isolated.
    func spacedRuns(_ piece: Piece, _ run: SpacedRun, _ output: inout [Piece]) {
        let end = piece.end
        var i = piece.start
        var gap = i
        while i < end {
            let (scalar, length) = decodeScalar(text, i)
            var next = i + length
            var belongs = run.contains(scalar, flags)
            if flags[Int(scalar)] & ScalarFlags.whitespace != 0, next < end {
                let (second, secondLength) = decodeScalar(text, next)
                if run.contains(second, flags) {
                    belongs = true
                    next += secondLength
                }
            }
            guard belongs else {
                i = next
                continue
            }
            while next < end {
                let (scalar, length) = decodeScalar(text, next)
                guard run.contains(scalar, flags) else { break }
                next += length
            }
            if gap < i { output.append(Piece(start: gap, end: i)) }
            output.append(Piece(start: i, end: next))
            i = next
            gap = i
        }
        if gap < i { output.append(Piece(start: gap, end: i)) }
    }

    /// `[\r\n]`, isolated.
    func newlines(_ piece: Piece, _ output: inout [Piece]) {
        var gap = piece.start
        for i in piece.start..<piece.end where text[i] == 0x0A || text[i] == 0x0D {
            if gap < i { output.append(Piece(start: gap, end: i)) }
            output.append(Piece(start: i, end: i + 1))
            gap = i + 1
        }
        if gap < piece.end { output.append(Piece(start: gap, end: piece.end)) }
    }

    /// `\s+$`, isolated; `$` is also before a line feed.
    func trailingSpace(_ piece: Piece, _ output: inout [Piece]) {
        var i = piece.start
        var gap = i
        while i < piece.end {
            let (found, length) = scalar(i)
            guard found & ScalarFlags.whitespace != 0 else {
                i += length
                continue
            }
            // Greedy: the longest part of the run that ends the piece or stands before a line feed.
            var j = i
            var match = i
            while j < piece.end {
                let (found, length) = scalar(j)
                guard found & ScalarFlags.whitespace != 0 else { break }
                if text[j] == 0x0A, j > i { match = j }
                j += length
            }
            if j == piece.end { match = j }
            if match > i {
                if gap < i { output.append(Piece(start: gap, end: i)) }
                output.append(Piece(start: i, end: match))
                gap = match
                i = match
            } else {
                i = j
            }
        }
        if gap < i { output.append(Piece(start: gap, end: i)) }
    }
}
