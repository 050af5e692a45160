// SPDX-License-Identifier: Apache-2.0

/// Where in a dataset a `BatchSource` stands. The same on all ranks, of one size for any dataset,
/// and valid for another number of rows or ranks.
public struct BatchState: Sendable, Equatable, Codable {
    /// Epochs that are finished.
    public internal(set) var epoch = 0
    /// Documents of the epoch's order that are finished; windows of them for `bestFit`.
    public internal(set) var position = 0
    /// `concatenate`: tokens of the document that are used. `bestFit`: rows of the window.
    public internal(set) var offset = 0
    /// Rows given so far, of all ranks.
    public internal(set) var rows = 0
    /// Batches given so far, to each rank.
    public internal(set) var batches = 0

    /// What the place depends on.
    struct Identity: Sendable, Equatable, Codable {
        var dataset: String
        var packing: Packing
        var length: Int
        var shuffles: Bool
        var seed: UInt64
        var window: Int
        var dropsLongDocuments: Bool
    }

    let identity: Identity

    init(_ dataset: TokenDataset, _ options: BatchOptions) {
        identity = Identity(
            dataset: dataset.fingerprint, packing: options.packing, length: options.length,
            shuffles: options.shuffles, seed: options.seed,
            window: options.packing == .bestFit ? options.window : 0,
            dropsLongDocuments: options.packing == .concatenate
                ? false : options.dropsLongDocuments)
    }

    /// Refuses a state that was saved with other data or options.
    func check(against fresh: BatchState) throws(TrainingError) {
        let (saved, now) = (identity, fresh.identity)
        func differs<T: Equatable>(_ name: String, _ a: T, _ b: T) throws(TrainingError) {
            guard a != b else { return }
            throw TrainingError(
                "the saved place in the data was made with \(name) \(a), not \(b); go on with the same or start anew"
            )
        }
        guard saved.dataset == now.dataset else {
            throw TrainingError(
                "the saved place in the data belongs to another dataset; go on with the same or start anew"
            )
        }
        try differs("packing", saved.packing, now.packing)
        try differs("length", saved.length, now.length)
        try differs("shuffling", saved.shuffles, now.shuffles)
        try differs("seed", saved.seed, now.seed)
        try differs("window", saved.window, now.window)
        try differs("dropping", saved.dropsLongDocuments, now.dropsLongDocuments)
    }
}
