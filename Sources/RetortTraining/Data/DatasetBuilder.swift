// SPDX-License-Identifier: Apache-2.0
//
// Records are read in blocks of bounded size, a block is tokenised on all cores, and its documents
// are stored in the order of the sources: the result does not depend on the number of threads.

import Dispatch
import Foundation
import RetortJSON
import RetortTensor
import RetortTokenizers

/// Makes a dataset of files.
public struct DatasetBuilder: Sendable {
    public let encoder: SampleEncoder
    /// One in so many records, chosen by a hash of its prompt or text, goes to `validation`; nil for
    /// none.
    public var validationEvery: Int?
    /// A longer document has a shard to itself.
    public var maximumShardTokens = DatasetWriter.defaultShardTokens
    /// Whether a dataset that is in the directory is removed.
    public var replacesExisting = false
    public var threads = Processors.usable

    /// Gets what was counted so far, both splits together. Throwing ends the work; no dataset is
    /// left then.
    public typealias Progress = (DatasetStatistics) throws -> Void

    public init(_ encoder: SampleEncoder) { self.encoder = encoder }

    /// Writes a dataset directory.
    /// - Parameters:
    ///   - sources: In the order in which their documents are stored.
    ///   - directory: Made if it is not there.
    ///   - progress: Called after each block of records.
    /// - Throws: ``TrainingError`` with file and line if a record is wrong, or if there is no document
    ///   to train on; what `progress` throws.
    @discardableResult
    public func write(
        _ sources: [CorpusSource], to directory: String, progress: Progress = { _ in }
    ) throws -> DatasetManifest {
        let writer = try DatasetWriter(
            directory: directory, tokenizerSHA256: encoder.tokenizer.sha256,
            vocabularySize: encoder.tokenizer.tokenizer.vocabularySize,
            maximumShardTokens: maximumShardTokens, replacesExisting: replacesExisting)
        writer.sourceNames = sources.map { Self.name($0) }.joined(separator: "\n")
        let described = try read(sources, progress) { block, split, statistics in
            for sample in block {
                try writer.append(
                    sample.tokens, trained: sample.trained, textBytes: sample.textBytes,
                    to: split)
            }
            writer[split].add(statistics)
            return writer[.train].sum(with: writer[.validation])
        }
        return try writer.finish(sources: described)
    }

    /// Makes a dataset in memory, for small sets.
    /// - Returns: The documents to train on and those kept apart, empty without `validationEvery`.
    /// - Throws: As ``write(_:to:progress:)``.
    public func load(_ sources: [CorpusSource], progress: Progress = { _ in }) throws
        -> (train: TokenDataset, validation: TokenDataset)
    {
        let size = encoder.tokenizer.tokenizer.vocabularySize
        var train = DocumentCollector(vocabularySize: size)
        var validation = train
        _ = try read(sources, progress) { block, split, statistics in
            func collect(_ collector: inout DocumentCollector) throws(TrainingError) {
                for sample in block {
                    try collector.append(
                        sample.tokens, trained: sample.trained, textBytes: sample.textBytes)
                }
                collector.statistics.add(statistics)
            }
            if split == .train { try collect(&train) } else { try collect(&validation) }
            return train.statistics.sum(with: validation.statistics)
        }
        guard train.statistics.documents > 0 else {
            throw TrainingError("the sources hold no document to train on")
        }
        return (TokenDataset(train), TokenDataset(validation))
    }

    /// The last part of the path: where a user keeps files is nobody's business.
    private static func name(_ source: CorpusSource) -> String {
        URL(fileURLWithPath: source.path).lastPathComponent
    }

    // MARK: Blocks

    private static let blockRecords = 512
    private static let blockBytes = 16 << 20

    /// Takes samples of one split, with counts beside them; returns what was counted so far.
    private typealias Store = ([EncodedSample], DatasetSplit, DatasetStatistics) throws ->
        DatasetStatistics

    private func read(_ sources: [CorpusSource], _ progress: Progress, _ store: Store) throws
        -> [DatasetManifest.Source]
    {
        var described: [DatasetManifest.Source] = []
        for source in sources {
            let reader = try CorpusReader(source)
            var records = 0
            var block: [CorpusRecord] = []
            var bytes = 0
            func flush() throws {
                try progress(try encode(block, source, store))
                block.removeAll(keepingCapacity: true)
                bytes = 0
            }
            while let record = try reader.next() {
                records += 1
                bytes += record.approximateBytes
                block.append(record)
                if block.count >= Self.blockRecords || bytes >= Self.blockBytes { try flush() }
            }
            if !block.isEmpty { try flush() }
            described.append(
                .init(name: Self.name(source), format: source.format.name, records: records))
        }
        return described
    }

    private func encode(_ block: [CorpusRecord], _ source: CorpusSource, _ store: Store) throws
        -> DatasetStatistics
    {
        let results = Results(count: block.count)
        let workers = max(1, min(threads, block.count))
        DispatchQueue.concurrentPerform(iterations: workers) { worker in
            for index in stride(from: worker, to: block.count, by: workers) {
                do throws(TrainingError) {
                    results[index] = .success(try encoder.encode(block[index].content))
                } catch {
                    results[index] = .failure(error)
                }
            }
        }
        var total = DatasetStatistics()
        for (index, record) in block.enumerated() {
            var counts = DatasetStatistics()
            switch results[index] {
            case .failure(let error):
                throw TrainingError("\(source.path):\(record.line): \(error)")
            case .success(let encoded):
                counts.skippedTurns = encoded.skippedTurns
                counts.skippedRecords = encoded.samples.isEmpty ? 1 : 0
                counts.truncatedDocuments = encoded.samples.count { $0.isTruncated }
                var split = DatasetSplit.train
                if let every = validationEvery, every > 0, record.hash % UInt64(every) == 0 {
                    split = .validation
                }
                total = try store(encoded.samples, split, counts)
            }
        }
        return total
    }

    /// One slot a record, each written by one worker.
    private final class Results: @unchecked Sendable {
        // Safety: workers write different slots; they are read when all have finished.
        private let slots: UnsafeMutableBufferPointer<Result<EncodedRecord, TrainingError>>

        init(count: Int) {
            slots = .allocate(capacity: count)
            slots.initialize(repeating: .success(EncodedRecord()))
        }

        deinit {
            slots.deinitialize()
            slots.deallocate()
        }

        subscript(index: Int) -> Result<EncodedRecord, TrainingError> {
            get { slots[index] }
            set { slots[index] = newValue }
        }
    }
}

extension DatasetStatistics {
    fileprivate mutating func add(_ other: DatasetStatistics) {
        for (_, path) in Self.keys { self[keyPath: path] += other[keyPath: path] }
    }

    fileprivate func sum(with other: DatasetStatistics) -> DatasetStatistics {
        var sum = self
        sum.add(other)
        return sum
    }
}

extension CorpusRecord {
    /// Bounds a block; exact for text.
    fileprivate var approximateBytes: Int {
        switch content {
        case .text(let text): return text.utf8.count
        case .completion(let prompt, let completion):
            return prompt.utf8.count + completion.utf8.count
        case .chat(let conversation):
            return conversation.messages.reduce(0) {
                $0 + ($1["content"]?.stringValue?.utf8.count ?? 256)
            }
        }
    }
}
