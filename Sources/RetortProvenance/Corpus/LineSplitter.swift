// SPDX-License-Identifier: Apache-2.0

/// Lines of bytes that come in pieces.
struct LineSplitter {
    /// What takes a line, without its end, and where it begins.
    typealias Body = (UnsafeRawBufferPointer, Int) throws(ProvenanceError) -> Void

    private let longest: Int
    /// The start of a line whose end has not come.
    private var rest: [UInt8] = []
    private var offset = 0

    init(longest: Int) { self.longest = longest }

    mutating func add(_ piece: UnsafeRawBufferPointer, _ body: Body) throws(ProvenanceError) {
        var start = 0
        while let end = piece[start...].firstIndex(of: 0x0A) {
            let part = UnsafeRawBufferPointer(rebasing: piece[start..<end])
            if rest.isEmpty {
                try body(part, offset)
                offset += part.count + 1
            } else {
                rest.append(contentsOf: part)
                try finish(body)
                offset += 1
            }
            start = end + 1
        }
        // A text's JSON is at most six times as long as the text.
        guard longest > Int.max / 8 || rest.count + piece.count - start <= 6 * longest + 1 << 16
        else {
            throw CorpusReader.FileState.tooLong(longest)
        }
        rest.append(contentsOf: piece[start...])
    }

    /// Gives out the last line.
    mutating func finish(_ body: Body) throws(ProvenanceError) {
        guard !rest.isEmpty else { return }
        let line = rest
        rest.removeAll(keepingCapacity: true)
        try line.withUnsafeBufferPointer { line throws(ProvenanceError) in
            try body(UnsafeRawBufferPointer(line), offset)
        }
        offset += line.count
    }
}
