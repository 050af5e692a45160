// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortTraining
import Testing

@Suite struct DataResumeTests {
    static func dataset() throws -> TokenDataset {
        let (documents, trained) = documents(40, longest: 20, seed: 8, masked: true)
        return try TokenDataset(documents: documents, trained: trained, vocabularySize: 6000)
    }

    static func options(_ packing: Packing, rows: Int = 2) -> BatchOptions {
        var options = BatchOptions(rows: rows, length: 12, packing: packing)
        options.seed = 3
        options.epochs = 2
        options.window = 16
        return options
    }

    /// What a checkpoint would hold.
    static func saved(_ state: BatchState) throws -> BatchState {
        let data = try JSONEncoder().encode(state)
        #expect(data.count < 400)
        return try JSONDecoder().decode(BatchState.self, from: data)
    }

    @Test(
        "a resumed source gives the batches of an uninterrupted one", arguments: Packing.allCases)
    func resume(packing: Packing) throws {
        let dataset = try Self.dataset()
        let options = Self.options(packing)
        let all = try batches(BatchSource(dataset, options: options))
        #expect(all.count > 10)
        let source = try BatchSource(dataset, options: options)
        for done in 0...all.count {
            let resumed = try BatchSource(
                dataset, options: options, state: Self.saved(source.state))
            #expect(try batches(resumed) == Array(all[done...]))
            #expect(source.state.batches == done)
            #expect(resumed.state.epoch == 2)
            let batch = try TrainingBatch(rows: 2, length: 12)
            #expect(try source.next(into: batch) == (done < all.count))
        }
        source.rewind()
        #expect(try batches(source) == all)
        // A longer run goes on where a shorter one ended.
        var longer = options
        longer.epochs = 3
        if packing != .concatenate {
            func rows(_ state: BatchState?) throws -> [Rows] {
                let made = try batches(BatchSource(dataset, options: longer, state: state))
                return DataPackingTests.rows(made, length: 12).filter { row in
                    row.documentStart.contains { $0 > 0 } && row.tokens.contains { $0 > 0 }
                }
            }
            let (rest, whole) = (try rows(source.state), try rows(nil))
            #expect(rest.count > 5 && Array(whole.suffix(rest.count)) == rest)
        }
    }

    @Test(
        "ranks share the rows of one source, row g on rank g mod n, and one state",
        arguments: Packing.allCases, [1, 2, 3, 5])
    func ranks(packing: Packing, ranks: Int) throws {
        let dataset = try Self.dataset()
        let whole = try BatchSource(dataset, options: Self.options(packing, rows: 2 * ranks))
        let parts = try (0..<ranks).map {
            try BatchSource(dataset, options: Self.options(packing), rank: $0, ranks: ranks)
        }
        let large = try TrainingBatch(rows: 2 * ranks, length: 12)
        let small = try TrainingBatch(rows: 2, length: 12)
        var isOver = false
        while !isOver {
            isOver = try !whole.next(into: large)
            let all = Rows(large)
            for (rank, part) in parts.enumerated() {
                #expect(try part.next(into: small) == !isOver)
                #expect(part.state == whole.state)
                if isOver { continue }
                for row in 0..<2 {
                    #expect(
                        Rows(small).row(row, length: 12)
                            == all.row(row * ranks + rank, length: 12))
                }
            }
        }
        // The state is good for another number of ranks and rows.
        let state = try BatchSource(
            dataset, options: Self.options(packing, rows: 6), rank: 0, ranks: 1)
        let batch = try TrainingBatch(rows: 6, length: 12)
        _ = try state.next(into: batch)
        let two = try BatchSource(
            dataset, options: Self.options(packing, rows: 1), rank: 1, ranks: 2,
            state: state.state)
        let one = try TrainingBatch(rows: 1, length: 12)
        _ = try two.next(into: one)
        let next = try batches(state)[0]
        #expect(Rows(one).row(0, length: 12) == next.row(1, length: 12))
    }

    @Test("a state of other data or options is refused") func otherState() throws {
        let dataset = try Self.dataset()
        let options = Self.options(.bestFit)
        let state = try BatchSource(dataset, options: options).state
        func refusal(_ change: (inout BatchOptions) -> Void) -> String {
            var changed = options
            change(&changed)
            return trainingFailure {
                _ = try BatchSource(dataset, options: changed, state: state)
            }
        }
        #expect(refusal { $0.seed = 4 }.contains("seed 3, not 4"))
        #expect(refusal { $0.length = 13 }.contains("length"))
        #expect(refusal { $0.packing = .single }.contains("packing"))
        #expect(refusal { $0.window = 17 }.contains("window"))
        #expect(refusal { $0.shuffles = false }.contains("shuffling"))
        #expect(refusal { $0.dropsLongDocuments = true }.contains("dropping"))
        let other = try TokenDataset(documents: [[1, 2]], vocabularySize: 6000)
        let message = trainingFailure {
            _ = try BatchSource(other, options: options, state: state)
        }
        #expect(message.contains("another dataset"))
    }

    @Test(
        "a damaged state is refused or ends, never a crash or an endless search",
        arguments: Packing.allCases)
    func damagedState(packing: Packing) throws {
        let dataset = try Self.dataset()
        let options = Self.options(packing)
        let good = try JSONEncoder().encode(try BatchSource(dataset, options: options).state)
        let text = String(decoding: good, as: UTF8.self)
        let values = [-1, 0, 1, 2, 39, 40, 41, 1 << 40, Int.max - 1, Int.max, Int.min]
        for key in ["epoch", "position", "offset", "rows", "batches"] {
            for value in values {
                let changed = text.replacingOccurrences(
                    of: "\"\(key)\":0", with: "\"\(key)\":\(value)")
                #expect(value == 0 || changed != text)
                let state = try JSONDecoder().decode(BatchState.self, from: Data(changed.utf8))
                guard let source = try? BatchSource(dataset, options: options, state: state) else {
                    continue
                }
                #expect(try batches(source, limit: 100).count < 100)
                #expect(source.progress.isFinite)
            }
        }
    }
}
