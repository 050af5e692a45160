// SPDX-License-Identifier: Apache-2.0

/// The tokens of a tokenizer in training: added tokens, then bytes, then what merges make.
struct TrainingVocabulary: ~Copyable {
    /// By byte: its token, or -1.
    private(set) var byteIDs = [Int32](repeating: -1, count: 256)
    /// By id: how vocabularies spell the token.
    private(set) var spelled: [String] = []
    /// By id: how many bytes the token stands for.
    private var lengths = GrowingBuffer<Int>()
    /// By id: its number in `strings`, or -1 for an added token that is no spelling of bytes.
    private var numbers: [Int] = []
    /// The tokens that a merge may meet, as bytes.
    private var strings = ByteStrings()
    /// By number in `strings`.
    private var ids: [Int32] = []
    private var buffer: [UInt8] = []

    init(_ settings: BPETrainingSettings, _ corpus: WordCounts) {
        var added: Set<[UInt8]> = []
        for token in settings.addedTokens {
            let content = Array(token.content.utf8)
            guard added.insert(content).inserted else { continue }
            // Merges may lead to what an added token spells.
            var bytes: [UInt8] = []
            let isSpelling = content.withUnsafeBufferPointer {
                ByteLevelAlphabet.decode($0, into: &bytes)
            }
            append(isSpelling ? bytes : nil, token.content)
        }
        var occurs = [Bool](repeating: settings.includesAllBytes, count: 256)
        for index in 0..<corpus.words.bytes.count { occurs[Int(corpus.words.bytes[index])] = true }
        let alphabet = ByteLevelAlphabet.scalars
        // Ids go by the characters that stand for the bytes.
        for byte in (0..<256).sorted(by: { alphabet[$0].value < alphabet[$1].value })
        where occurs[byte] {
            let bytes = [UInt8(byte)]
            byteIDs[byte] = append(bytes, String(alphabet[byte]))
        }
    }

    var count: Int { spelled.count }

    @inline(__always)
    func length(of id: Int32) -> Int { lengths[Int(id)] }

    /// The token that the two of a pair make; an added token may be it already.
    mutating func merged(_ pair: TokenPair) -> Int32 {
        buffer.removeAll(keepingCapacity: true)
        for id in [pair.left, pair.right] {
            let range = strings.range(numbers[Int(id)])
            buffer.append(
                contentsOf: UnsafeBufferPointer(
                    start: strings.bytes.base + range.lowerBound, count: range.count))
        }
        return append(buffer, spelled[Int(pair.left)] + spelled[Int(pair.right)])
    }

    /// - Parameter bytes: nil for a token that no merge can meet.
    /// - Returns: The id of the token, new or not.
    @discardableResult
    private mutating func append(_ bytes: [UInt8]?, _ text: String) -> Int32 {
        let id = Int32(truncatingIfNeeded: count)
        var number = -1
        if let bytes, !bytes.isEmpty {
            let (index, isNew) = bytes.withUnsafeBufferPointer {
                guard let base = $0.baseAddress else { return (-1, false) }
                return strings.insert(base, $0.count)
            }
            guard isNew else { return ids[index] }
            ids.append(id)
            number = index
        }
        spelled.append(text)
        lengths.append(bytes?.count ?? 0)
        numbers.append(number)
        return id
    }
}
