// SPDX-License-Identifier: Apache-2.0

import RetortTensor

/// An answer that the policy is trained on.
package struct PolicySample: Sendable, Equatable {
    /// The prompt and the answer.
    package var tokens: [Int32]
    package var promptCount: Int
    /// The advantage of every token of the answer.
    package var advantage: Float
    /// What the loss of each of its tokens is multiplied with.
    package var weight: Float
    /// By token of the answer, the logarithms of the probabilities when it was sampled, and those of
    /// the reference policy; empty if nothing needs them.
    package var old: [Float] = []
    package var reference: [Float] = []

    package init(tokens: [Int32], promptCount: Int, advantage: Float, weight: Float) {
        self.tokens = tokens
        self.promptCount = promptCount
        self.advantage = advantage
        self.weight = weight
    }

    package var answerCount: Int { tokens.count - promptCount }
}

/// Packs answers into rows, several to a row, each seeing its own prompt and itself.
package struct PolicyPacking: Sendable {
    /// Where a sample lies in a batch.
    package struct Place: Sendable, Equatable {
        package let sample: Int
        /// The index of its first token in the batch.
        package let first: Int
    }

    package let rows: Int
    package let length: Int
    /// By batch.
    package let batches: [[Place]]

    /// The longest go first, each into the first row that has room: within some percent of the fewest
    /// rows, and the same for equal samples.
    /// - Throws: ``TrainingError`` if a sample is longer than a row.
    package init(_ samples: [PolicySample], rows: Int, length: Int) throws(TrainingError) {
        self.rows = rows
        self.length = length
        let order = samples.indices.sorted {
            (samples[$1].tokens.count, $0) < (samples[$0].tokens.count, $1)
        }
        var used: [Int] = []
        var batches: [[Place]] = []
        // Rows before this one have no room for what is still to come.
        var firstOpen = 0
        for index in order {
            let count = samples[index].tokens.count
            guard count <= length else {
                throw TrainingError(
                    "an answer with its prompt has \(count) tokens, a row \(length); a larger 'data.length' is needed"
                )
            }
            guard count > 0 else { continue }
            while firstOpen < used.count, used[firstOpen] == length { firstOpen += 1 }
            let row =
                used[firstOpen...].firstIndex { length - $0 >= count } ?? used.count
            if row == used.count {
                used.append(0)
                if row % rows == 0 { batches.append([]) }
            }
            batches[row / rows].append(
                Place(sample: index, first: row % rows * length + used[row]))
            used[row] += count
        }
        self.batches = batches
    }

    /// Fills a batch and what its loss has to know.
    package func fill(
        _ batch: TrainingBatch, _ known: PolicyLoss.Tokens, _ index: Int,
        from samples: [PolicySample], padding: Int32
    ) {
        var ends = (0..<rows).map { $0 * length }
        batch.targetCount = 0
        batch.tokenCount = 0
        for place in batches[index] {
            let sample = samples[place.sample]
            let row = place.first / length
            for (offset, token) in sample.tokens.enumerated() {
                let at = place.first + offset
                batch.tokens[at] = token
                batch.positions[at] = Int32(offset)
                batch.documentStart[at] = Int32(place.first - row * length)
                let next = offset + 1
                // What comes after this token is of the answer.
                let isTrained = next < sample.tokens.count && next >= sample.promptCount
                batch.targets[at] = isTrained ? sample.tokens[next] : -1
                guard isTrained else { continue }
                batch.targetCount += 1
                let place = next - sample.promptCount
                known.weights[at] = sample.weight
                known.advantages[at] = sample.advantage
                known.old[at] = sample.old.isEmpty ? 0 : sample.old[place]
                known.reference[at] = sample.reference.isEmpty ? 0 : sample.reference[place]
            }
            batch.tokenCount += sample.tokens.count
            ends[row] = place.first + sample.tokens.count
        }
        for row in 0..<rows { batch.pad(row: row, from: ends[row] - row * length, with: padding) }
    }

    /// Hands out what a pass found for each token of each answer of a batch.
    package func read(
        _ values: UnsafePointer<Float>, _ index: Int, of samples: [PolicySample],
        _ body: (_ sample: Int, _ place: Int, _ value: Float) -> Void
    ) {
        for place in batches[index] {
            let sample = samples[place.sample]
            for answer in 0..<sample.answerCount {
                let at = place.first + sample.promptCount + answer - 1
                body(place.sample, answer, values[at])
            }
        }
    }
}
