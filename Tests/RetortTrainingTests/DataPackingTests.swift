// SPDX-License-Identifier: Apache-2.0

import RetortTraining
import Testing

@Suite struct DataPackingTests {
    /// What a row should be, from pieces that name each token's document and place.
    static func row(
        _ pieces: [(document: Int, range: Range<Int>)], _ documents: [[Int32]],
        _ trained: [[Bool]]?, length: Int, pad: Int32
    ) -> Rows {
        var row = Rows()
        for (document, range) in pieces {
            let start = row.tokens.count
            for place in range {
                row.tokens.append(documents[document][place])
                let next = place + 1
                let hasNext = next < documents[document].count
                let isTrained = hasNext && (trained?[document][next] ?? true)
                row.targets.append(isTrained ? documents[document][next] : -1)
                row.documentStart.append(Int32(start))
                row.positions.append(Int32(place - range.lowerBound))
            }
        }
        while row.tokens.count < length {
            row.documentStart.append(Int32(row.tokens.count))
            row.tokens.append(pad)
            row.targets.append(-1)
            row.positions.append(0)
        }
        return row
    }

    /// The rows of some epochs, token by token.
    static func concatenated(
        _ documents: [[Int32]], _ trained: [[Bool]]?, _ options: BatchOptions, epochs: Int
    ) -> [Rows] {
        var stream: [(document: Int, place: Int)] = []
        for epoch in 0..<epochs {
            let order = IndexPermutation(
                count: documents.count, seed: options.seed, epoch: epoch)
            for position in documents.indices {
                let document = options.shuffles ? order[position] : position
                stream += documents[document].indices.map { (document, $0) }
            }
        }
        return stride(from: 0, to: stream.count, by: options.length).map { start in
            var pieces: [(document: Int, range: Range<Int>)] = []
            for (document, place) in stream[start..<min(start + options.length, stream.count)] {
                if let last = pieces.last, place > 0, last.document == document,
                    last.range.upperBound == place
                {
                    pieces[pieces.count - 1].range = last.range.lowerBound..<place + 1
                } else {
                    pieces.append((document, place..<place + 1))
                }
            }
            return row(
                pieces, documents, trained, length: options.length, pad: options.padToken)
        }
    }

    static func rows(_ batches: [Rows], length: Int) -> [Rows] {
        batches.flatMap { batch in
            (0..<batch.tokens.count / length).map { batch.row($0, length: length) }
        }
    }

    @Test(
        "concatenated rows are those of a twin that goes token by token",
        arguments: [1, 2, 7, 16, 64], [false, true])
    func concatenate(length: Int, masked: Bool) throws {
        for (count, longest, seed) in [(1, 5, 1), (9, 40, 2), (30, 3, 3), (50, 12, 4)] {
            var (documents, trained) = documents(
                count, longest: longest, seed: UInt64(seed), masked: masked)
            documents[0] = [1, 2, 3]
            trained?[0] = [true, false, true]
            for vocabularySize in [6000, 70_000] {
                let dataset = try TokenDataset(
                    documents: documents, trained: trained, vocabularySize: vocabularySize)
                for shuffles in [true, false] {
                    var options = BatchOptions(rows: 3, length: length)
                    options.shuffles = shuffles
                    options.seed = UInt64(seed)
                    options.epochs = 2
                    options.padToken = 9
                    let made = try batches(BatchSource(dataset, options: options))
                    let expected = Self.concatenated(documents, trained, options, epochs: 2)
                    var rows = Self.rows(made, length: length)
                    #expect(made.count == (expected.count + 2) / 3)
                    while rows.count > expected.count {
                        #expect(rows.removeLast() == Self.row([], [], nil, length: length, pad: 9))
                    }
                    #expect(rows == expected)
                    let tokens = documents.reduce(0) { $0 + $1.count } * 2
                    #expect(made.reduce(0) { $0 + $1.tokenCount } == tokens)
                    for batch in made {
                        #expect(batch.targetCount == batch.targets.count { $0 >= 0 })
                    }
                }
            }
        }
    }

    @Test("an epoch's targets are all tokens but the first of each document") func targets() throws
    {
        let (documents, _) = documents(40, longest: 30, seed: 9)
        let dataset = try TokenDataset(documents: documents, vocabularySize: 6000)
        for packing in Packing.allCases {
            let options = BatchOptions.sequential(rows: 2, length: 30, packing: packing)
            let targets = try batches(BatchSource(dataset, options: options))
                .flatMap { $0.targets.filter { $0 >= 0 } }
            #expect(targets.sorted() == documents.flatMap { $0.dropFirst() }.sorted())
        }
    }

    @Test(
        "whole documents are packed, each once an epoch, long ones cut or left out",
        arguments: [Packing.bestFit, .single], [false, true])
    func wholeDocuments(packing: Packing, drops: Bool) throws {
        let length = 16
        let (documents, trained) = documents(200, longest: 24, seed: 5, masked: true)
        let dataset = try TokenDataset(
            documents: documents, trained: trained, vocabularySize: 30_000)
        var options = BatchOptions(rows: 4, length: length, packing: packing)
        options.epochs = 1
        options.window = 50
        options.dropsLongDocuments = drops
        options.padToken = 29_999
        let source = try BatchSource(dataset, options: options)
        let rows = Self.rows(try batches(source), length: length)
        var seen: [Int] = []
        var filled = 0
        for row in rows {
            var pieces: [(document: Int, range: Range<Int>)] = []
            var column = 0
            while column < length, row.tokens[column] != options.padToken {
                let document = Int(row.tokens[column]) / 100
                if row.tokens[column] == 0, documents[0].isEmpty { break }
                let count = min(documents[document].count, length)
                guard count > 0, column + count <= length else { break }
                pieces.append((document, 0..<count))
                column += count
                seen.append(document)
            }
            filled += column > 0 ? 1 : 0
            #expect(row == Self.row(pieces, documents, trained, length: length, pad: 29_999))
            if packing == .single { #expect(pieces.count <= 1) }
        }
        let expected = documents.indices.filter {
            !documents[$0].isEmpty && !(drops && documents[$0].count > length + 1)
        }
        #expect(seen.sorted() == expected)
        #expect(source.longDocuments == documents.count { $0.count > length + 1 })
        if packing == .bestFit {
            // Best-fit decreasing needs at most 11/9 of the fewest rows and 1, in each window.
            let fewest = expected.reduce(0) { $0 + min(documents[$1].count, length) } / length
            #expect(filled <= (fewest + 4) * 11 / 9 + 8, "\(filled) rows, at least \(fewest)")
        }
    }

    @Test("a document goes where the least room is left behind it") func bestFit() throws {
        // 3 behind 7 and 2, 2 behind 6; anything else takes a third row.
        let documents = [2, 7, 3, 6, 2].enumerated().map { number, count in
            [Int32](repeating: Int32(number + 1), count: count)
        }
        let dataset = try TokenDataset(documents: documents, vocabularySize: 10)
        let made = try batches(
            BatchSource(dataset, options: .sequential(rows: 1, length: 10, packing: .bestFit)))
        let rows = made.map { $0.tokens.map(Int.init) }
        #expect(rows == [[2, 2, 2, 2, 2, 2, 2, 3, 3, 3], [4, 4, 4, 4, 4, 4, 1, 1, 5, 5]])
    }

    @Test("a document of one token more than a row is trained to its end") func oneMore() throws {
        let dataset = try TokenDataset(
            documents: [[1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 6]], vocabularySize: 10)
        for packing in [Packing.single, .bestFit] {
            var options = BatchOptions.sequential(rows: 1, length: 4, packing: packing)
            options.dropsLongDocuments = true
            let source = try BatchSource(dataset, options: options)
            let made = try batches(source)
            #expect(made.count == 1 && made[0].targets == [2, 3, 4, 5])
            #expect(source.longDocuments == 1)
        }
    }

    @Test("shuffling changes with the epoch and the seed and keeps the documents")
    func shuffling() throws {
        let (documents, _) = documents(60, longest: 8, seed: 3)
        let dataset = try TokenDataset(documents: documents, vocabularySize: 6000)
        for packing in Packing.allCases {
            var options = BatchOptions(rows: 1, length: 8, packing: packing)
            options.epochs = 1
            func epoch(_ seed: UInt64, shuffles: Bool = true) throws -> [Int32] {
                options.seed = seed
                options.shuffles = shuffles
                return try batches(BatchSource(dataset, options: options)).flatMap(\.tokens)
                    .filter { $0 > 0 }
            }
            let orders = [try epoch(1), try epoch(2), try epoch(1, shuffles: false)]
            #expect(Set(orders).count == 3)
            #expect(Set(orders.map { $0.sorted() }).count == 1)
            #expect(try epoch(1) == orders[0])
        }
    }

    @Test("what cannot make a batch is refused") func refused() throws {
        let empty = try TokenDataset(documents: [], vocabularySize: 10)
        let hollow = try TokenDataset(documents: [[], []], vocabularySize: 10)
        let good = try TokenDataset(documents: [[1, 2, 3, 4]], vocabularySize: 10)
        let options = BatchOptions(rows: 1, length: 2)
        for dataset in [empty, hollow] {
            #expect(
                trainingFailure { _ = try BatchSource(dataset, options: options) }
                    .contains("no tokens"))
        }
        func expectRefusal(
            rank: Int = 0, ranks: Int = 1, _ change: (inout BatchOptions) -> Void
        ) {
            var changed = options
            change(&changed)
            trainingFailure {
                _ = try BatchSource(good, options: changed, rank: rank, ranks: ranks)
            }
        }
        expectRefusal { $0.rows = 0 }
        expectRefusal { $0.length = -1 }
        expectRefusal { $0.epochs = 0 }
        expectRefusal { $0.window = 0 }
        expectRefusal { $0.padToken = 10 }
        expectRefusal(rank: 1, ranks: 1) { _ in }
        expectRefusal(rank: -1, ranks: 2) { _ in }
        for packing in [Packing.single, .bestFit] {
            // Every document would be left out, for ever.
            expectRefusal {
                $0.packing = packing
                $0.dropsLongDocuments = true
            }
        }
        trainingFailure { _ = try TrainingBatch(rows: 0, length: 4) }
        trainingFailure { _ = try TrainingBatch(rows: 1 << 40, length: 1 << 40) }
        let other = try TrainingBatch(rows: 2, length: 2)
        let source = try BatchSource(good, options: options)
        trainingFailure { _ = try source.next(into: other) }
        trainingFailure { _ = try TokenDataset(documents: [[10]], vocabularySize: 10) }
        trainingFailure { _ = try TokenDataset(documents: [[-1]], vocabularySize: 10) }
        trainingFailure {
            _ = try TokenDataset(documents: [[1, 2]], trained: [[true]], vocabularySize: 10)
        }
        trainingFailure {
            _ = try TokenDataset(documents: [[1], [2]], trained: [[true]], vocabularySize: 10)
        }
    }
}
