// SPDX-License-Identifier: Apache-2.0
//
// Decides what stands in each row of the stream that all ranks share. Looks at lengths alone, so a
// rank goes over the others' rows without reading them.

/// A part of a document that stands in a row.
struct DocumentPiece: Equatable {
    var document: Int
    /// Tokens of the document.
    var range: Range<Int>
}

/// Goes through the rows of a dataset.
struct RowPlanner {
    let dataset: TokenDataset
    let options: BatchOptions
    var state: BatchState
    /// What stands in the row that `nextRow` moved to.
    private(set) var pieces: [DocumentPiece] = []
    private var order: IndexPermutation
    private var orderEpoch: Int
    private var plan = WindowPlan()

    /// - Parameter state: Of these data and options.
    init(_ dataset: TokenDataset, _ options: BatchOptions, state: BatchState) {
        self.dataset = dataset
        self.options = options
        self.state = state
        orderEpoch = state.epoch
        order = .init(count: dataset.documentCount, seed: options.seed, epoch: state.epoch)
    }

    /// Moves on by one row.
    /// - Returns: Whether there is one.
    mutating func nextRow() -> Bool {
        pieces.removeAll(keepingCapacity: true)
        switch options.packing {
        case .concatenate: concatenate()
        case .bestFit: takePlannedRow()
        case .single: takeOne()
        }
        guard !pieces.isEmpty else { return false }
        state.rows += 1
        return true
    }

    /// The document at a place of the epoch's order.
    private mutating func document(at position: Int) -> Int {
        guard options.shuffles else { return position }
        if orderEpoch != state.epoch {
            orderEpoch = state.epoch
            order = .init(count: dataset.documentCount, seed: options.seed, epoch: state.epoch)
        }
        return order[position]
    }

    private var isOver: Bool { options.epochs.map { state.epoch >= $0 } ?? false }

    private mutating func beginEpoch() {
        state.epoch += 1
        state.position = 0
        state.offset = 0
    }

    /// Tokens of a document in a row of its own; 0 for one that is left out.
    private func rowLength(_ document: Int) -> Int {
        let count = dataset.length(ofDocument: document)
        if options.dropsLongDocuments, count > options.length + 1 { return 0 }
        return min(count, options.length)
    }

    private mutating func concatenate() {
        var free = options.length
        while free > 0 {
            if state.position >= dataset.documentCount { beginEpoch() }
            if isOver { return }
            let document = document(at: state.position)
            let count = dataset.length(ofDocument: document)
            let taken = min(count - state.offset, free)
            if taken > 0 {
                pieces.append(
                    .init(document: document, range: state.offset..<state.offset + taken))
                state.offset += taken
                free -= taken
            }
            if state.offset >= count {
                state.position += 1
                state.offset = 0
            }
        }
    }

    private mutating func takeOne() {
        while pieces.isEmpty {
            if state.position >= dataset.documentCount { beginEpoch() }
            if isOver { return }
            let document = document(at: state.position)
            state.position += 1
            let count = rowLength(document)
            if count > 0 { pieces.append(.init(document: document, range: 0..<count)) }
        }
    }

    private mutating func takePlannedRow() {
        while true {
            let (first, overflow) = state.position.multipliedReportingOverflow(by: options.window)
            if overflow || first >= dataset.documentCount { beginEpoch() }
            if isOver { return }
            makePlan()
            if state.offset < plan.rowCount {
                plan.appendRow(state.offset, to: &pieces)
                state.offset += 1
                return
            }
            state.position += 1
            state.offset = 0
        }
    }

    private mutating func makePlan() {
        guard !plan.isOf(epoch: state.epoch, window: state.position) else { return }
        let first = state.position * options.window
        let end = first + min(options.window, dataset.documentCount - first)
        plan.begin(epoch: state.epoch, window: state.position)
        for position in first..<end {
            let document = document(at: position)
            plan.add(document, count: rowLength(document))
        }
        plan.pack(
            length: options.length, seed: options.seed, shuffles: options.shuffles)
    }
}
