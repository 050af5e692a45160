// SPDX-License-Identifier: Apache-2.0

import RetortTraining
import TestSupport

/// A batch as arrays.
struct Rows: Equatable {
    var tokens: [Int32] = []
    var targets: [Int32] = []
    var documentStart: [Int32] = []
    var positions: [Int32] = []
    var targetCount = 0
    var tokenCount = 0

    init() {}

    init(_ batch: TrainingBatch) {
        tokens = Array(batch.tokens)
        targets = Array(batch.targets)
        documentStart = Array(batch.documentStart)
        positions = Array(batch.positions)
        targetCount = batch.targetCount
        tokenCount = batch.tokenCount
    }

    /// One row of it, without the counts.
    func row(_ row: Int, length: Int) -> Rows {
        let range = row * length..<(row + 1) * length
        var rows = Rows()
        rows.tokens = Array(tokens[range])
        rows.targets = Array(targets[range])
        rows.documentStart = Array(documentStart[range])
        rows.positions = Array(positions[range])
        return rows
    }
}

/// All batches of a source, at most `limit`.
func batches(_ source: BatchSource, limit: Int = 10_000) throws -> [Rows] {
    let batch = try TrainingBatch(rows: source.options.rows, length: source.options.length)
    var result: [Rows] = []
    while result.count < limit, try source.next(into: batch) { result.append(Rows(batch)) }
    return result
}

/// Documents of lengths up to `longest`, each token telling document and place; some empty.
func documents(_ count: Int, longest: Int, seed: UInt64, masked: Bool = false)
    -> (documents: [[Int32]], trained: [[Bool]]?)
{
    var random = SeededRandom(seed: seed)
    let documents = (0..<count).map { number in
        (0..<Int.random(in: 0...longest, using: &random)).map { Int32(number * 100 + $0) }
    }
    guard masked else { return (documents, nil) }
    return (documents, documents.map { $0.map { _ in Bool.random(using: &random) } })
}
