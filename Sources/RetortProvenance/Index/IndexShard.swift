// SPDX-License-Identifier: Apache-2.0

/// The open files of one shard.
final class IndexShard: Sendable {
    private let text: MappedBytes
    private let suffixes: MappedBytes
    private let lookup: LookupTable
    /// The numbers of the values below 256.
    private let smallNumbers: [UInt32]
    let documents: DocumentTable
    let manifest: IndexManifest.Shard
    /// Number of the shard's first document in the index.
    let firstDocument: Int

    /// Separators included.
    var textCount: Int { manifest.symbols + manifest.documents }

    init(
        folder: String, number: Int, manifest: IndexManifest.Shard, names: Int, firstDocument: Int
    ) throws(ProvenanceError) {
        self.manifest = manifest
        self.firstDocument = firstDocument
        var files: [MappedBytes] = []
        var paths: [String] = []
        for (kind, record) in zip(IndexManifest.shardFiles, manifest.files) {
            let path = folder + "/" + kind.fileName(shard: number)
            paths.append(path)
            files.append(
                try IndexFileHeader.open(
                    path, kind, shard: number,
                    count: kind == .documents ? manifest.documents : manifest.symbols,
                    record: record))
        }
        text = files[0]
        suffixes = files[1]
        let textCount = manifest.symbols + manifest.documents
        let textSize = textCount * manifest.width
        guard
            text.count == IndexFileHeader.size + textSize + ShardText.padding,
            // The last separator and what may be read behind it keep every comparison inside.
            text.bytes.suffix(ShardText.padding + manifest.width).allSatisfy({ $0 == 0 })
        else {
            throw ProvenanceError("\(paths[0]) is not a shard's text; build the index again")
        }
        guard suffixes.count == IndexFileHeader.size + 4 * manifest.symbols else {
            throw ProvenanceError("\(paths[1]) is not a suffix array; build the index again")
        }
        lookup = try LookupTable(files[2], shard: manifest, path: paths[2])
        var numbers = [UInt32](repeating: 0, count: 256)
        for (index, value) in lookup.alphabet.enumerated() where value < 256 {
            numbers[Int(value)] = UInt32(index + 1)
        }
        smallNumbers = numbers
        documents = try DocumentTable(
            files[3], count: manifest.documents, textCount: textCount, names: names,
            hasTitles: manifest.hasTitles, path: paths[3])
    }

    /// What is done with a shard, for each width of its symbols.
    protocol Work<Output> {
        associatedtype Output
        func run<Symbol: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
            _ search: ShardSearch<Symbol>
        ) throws(ProvenanceError) -> Output
    }

    func perform<W: Work>(_ work: W) throws(ProvenanceError) -> W.Output? {
        switch manifest.width {
        case 1:
            try search(UInt8.self).map { search throws(ProvenanceError) in try work.run(search) }
        case 2:
            try search(UInt16.self).map { search throws(ProvenanceError) in try work.run(search) }
        default:
            try search(UInt32.self).map { search throws(ProvenanceError) in try work.run(search) }
        }
    }

    private func search<Symbol>(_: Symbol.Type) -> ShardSearch<Symbol>? {
        guard let text = text.bytes.baseAddress, let suffixes = suffixes.bytes.baseAddress else {
            return nil
        }
        return ShardSearch(
            text: (text + IndexFileHeader.size).assumingMemoryBound(to: Symbol.self),
            textCount: textCount,
            suffixes: (suffixes + IndexFileHeader.size).assumingMemoryBound(to: Int32.self),
            count: manifest.symbols, lookup: lookup)
    }

    /// The number of a symbol in this shard, 0 if it does not occur.
    func number(_ value: UInt32) -> UInt32 {
        if value < 256 { return smallNumbers[Int(value)] }
        let alphabet = lookup.alphabet
        var low = 0
        var high = alphabet.count
        while low < high {
            let middle = (low + high) >> 1
            if alphabet[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low < alphabet.count && alphabet[low] == value ? UInt32(low + 1) : 0
    }

    /// The value of a symbol of the text; nil for a separator and in a damaged file.
    func value(_ number: Int) -> UInt32? {
        number > 0 && number <= lookup.alphabet.count ? lookup.alphabet[number - 1] : nil
    }

    /// The document and the offset in it of a position in the text.
    func occurrence(_ position: Int) -> Occurrence {
        let document = documents.document(at: position)
        return Occurrence(
            document: firstDocument + document, offset: position - documents.start(document))
    }
}
