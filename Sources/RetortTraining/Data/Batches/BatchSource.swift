// SPDX-License-Identifier: Apache-2.0
//
// All ranks go through one stream of rows: the batch of one rank with n·b rows is, row by row, what
// n ranks with b rows see. Row g of it is row g / n of rank g % n.

/// Fills batches from a dataset. One thread at a time.
public final class BatchSource {
    public let dataset: TokenDataset
    public let options: BatchOptions
    public let rank: Int
    public let ranks: Int
    private var planner: RowPlanner

    /// - Parameters:
    ///   - dataset: Stays open as long as the source.
    ///   - options: The same on all ranks.
    ///   - rank: Which part of the rows, below `ranks`.
    ///   - ranks: Sources that share the stream.
    ///   - state: Where to go on; nil starts.
    /// - Throws: ``TrainingError`` if an option is out of range, the dataset has nothing that fits
    ///   the options, or the state is of other data or options.
    public init(
        _ dataset: TokenDataset, options: BatchOptions, rank: Int = 0, ranks: Int = 1,
        state: BatchState? = nil
    ) throws(TrainingError) {
        guard options.rows > 0, options.length > 0, options.window > 0, options.rows < 1 << 31,
            options.length < 1 << 31
        else {
            throw TrainingError(
                "batches of \(options.rows) rows of \(options.length) tokens from windows of \(options.window) were asked for; all must be positive"
            )
        }
        guard options.epochs ?? 1 > 0 else {
            throw TrainingError(
                "\(options.epochs ?? 0) epochs were asked for; at least 1 is needed")
        }
        guard ranks > 0, ranks < 1 << 31, rank >= 0, rank < ranks else {
            throw TrainingError("there is no rank \(rank) of \(ranks)")
        }
        guard options.padToken >= 0, Int(options.padToken) < dataset.vocabularySize else {
            throw TrainingError(
                "the padding has the id \(options.padToken), the vocabulary \(dataset.vocabularySize) tokens"
            )
        }
        // Otherwise an endless source would look for a row for ever.
        guard dataset.tokenCount > 0 else { throw TrainingError("the dataset has no tokens") }
        let fresh = BatchState(dataset, options)
        if let state { try Self.check(state, fresh, dataset, options) }
        self.dataset = dataset
        self.options = options
        self.rank = rank
        self.ranks = ranks
        planner = RowPlanner(dataset, options, state: state ?? fresh)
        guard
            options.packing == .concatenate || !options.dropsLongDocuments
                || longDocuments < nonEmptyDocuments
        else {
            throw TrainingError(
                "every document is longer than \(options.length) + 1 tokens and would be left out; take longer rows or cut documents"
            )
        }
    }

    private static func check(
        _ state: BatchState, _ fresh: BatchState, _ dataset: TokenDataset, _ options: BatchOptions
    ) throws(TrainingError) {
        try state.check(against: fresh)
        // A document or window is left before it is used up; an epoch is left when the next row is
        // asked for.
        let count = dataset.documentCount
        guard state.epoch >= 0, state.epoch < 1 << 62, state.position >= 0,
            state.position <= count, state.offset >= 0, state.offset < 1 << 62, state.rows >= 0,
            state.rows < 1 << 62, state.batches >= 0, state.batches < 1 << 62
        else { throw TrainingError("the saved place in the data is outside of it") }
    }

    /// Where the next batch starts. Save it with a checkpoint to go on exactly there.
    public var state: BatchState { planner.state }

    /// Epochs so far, with the part of the one that is under way.
    public var progress: Double {
        let done =
            Double(state.position) * (options.packing == .bestFit ? Double(options.window) : 1)
        return Double(state.epoch) + min(1, done / Double(max(1, dataset.documentCount)))
    }

    /// Documents of an epoch that are cut or left out because they are longer than a row and a
    /// token. Looks at all lengths.
    public var longDocuments: Int { countDocuments { $0 > options.length + 1 } }

    private var nonEmptyDocuments: Int { countDocuments { $0 > 0 } }

    private func countDocuments(_ isCounted: (Int) -> Bool) -> Int {
        (0..<dataset.documentCount).count { isCounted(dataset.length(ofDocument: $0)) }
    }

    /// Rows of all epochs, of all ranks together; counted from the start whatever the place. Looks
    /// at lengths alone.
    func countRows() -> Int {
        guard options.epochs != nil else { return .max }
        var planner = RowPlanner(dataset, options, state: BatchState(dataset, options))
        var count = 0
        while planner.nextRow() { count += 1 }
        return count
    }

    /// Goes back to the start.
    public func rewind() {
        planner = RowPlanner(dataset, options, state: BatchState(dataset, options))
    }

    /// Fills a batch. Behind the last row of the last epoch the batch is padding, on some ranks
    /// perhaps all of it, so that all ranks see equally many batches.
    /// - Returns: Whether there was a row for any rank.
    /// - Throws: ``TrainingError`` if the batch has other sizes or a shard is damaged. The state
    ///   then is that before the call.
    public func next(into batch: TrainingBatch) throws(TrainingError) -> Bool {
        guard batch.rows == options.rows, batch.length == options.length else {
            throw TrainingError(
                "the batch has \(batch.rows) rows of \(batch.length) tokens, the source makes \(options.rows) of \(options.length)"
            )
        }
        batch.tokenCount = 0
        batch.targetCount = 0
        let before = planner.state
        var isOver = false
        for number in 0..<options.rows * ranks {
            let isMine = number % ranks == rank
            if isOver || !planner.nextRow() {
                isOver = true
                if number == 0 { return false }
                if isMine { batch.pad(row: number / ranks, from: 0, with: options.padToken) }
                continue
            }
            guard isMine else { continue }
            do throws(TrainingError) { try fill(number / ranks, of: batch) } catch {
                planner.state = before
                throw error
            }
        }
        planner.state.batches += 1
        return true
    }

    private func fill(_ row: Int, of batch: TrainingBatch) throws(TrainingError) {
        var column = 0
        defer { withExtendedLifetime(dataset) {} }
        for piece in planner.pieces {
            let document = try dataset.view(ofDocument: piece.document)
            batch.targetCount += document.write(
                piece.range, into: batch, row: row, column: column)
            column += piece.range.count
        }
        batch.tokenCount += column
        batch.pad(row: row, from: column, with: options.padToken)
    }
}
