// SPDX-License-Identifier: Apache-2.0

/// How documents become rows.
public enum Packing: String, Sendable, Codable, CaseIterable {
    /// One document after another, cut where a row ends; the rest starts the next row, without the
    /// tokens before the cut in sight. For pretraining.
    case concatenate
    /// Whole documents, several to a row where they fit: best-fit decreasing over a window of the
    /// order. What is longer than a row is cut. For fine-tuning.
    case bestFit
    /// One document a row, cut where it is longer.
    case single
}

/// What batches are made of.
public struct BatchOptions: Sendable, Equatable {
    /// Rows of a batch, on each rank.
    public var rows: Int
    /// Tokens a row. A document of `length` + 1 tokens still fits: its last is a target only.
    public var length: Int
    public var packing: Packing
    /// Whether each epoch has an order of its own; otherwise it is that of the dataset.
    public var shuffles = true
    public var seed: UInt64 = 0
    /// Times the dataset is gone through; nil goes on for ever.
    public var epochs: Int?
    /// The input at places without a document.
    public var padToken: Int32 = 0
    /// `bestFit` and `single`: leave out documents that are longer than `length` + 1, instead of
    /// cutting them.
    public var dropsLongDocuments = false
    /// `bestFit`: documents that are packed together.
    public var window = 1024

    public init(rows: Int, length: Int, packing: Packing = .concatenate) {
        self.rows = rows
        self.length = length
        self.packing = packing
    }

    /// One pass in the order of the dataset: to measure with.
    public static func sequential(rows: Int, length: Int, packing: Packing = .concatenate)
        -> BatchOptions
    {
        var options = BatchOptions(rows: rows, length: length, packing: packing)
        options.shuffles = false
        options.epochs = 1
        return options
    }
}
