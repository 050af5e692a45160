// SPDX-License-Identifier: Apache-2.0
//
// Sums gradients over processes while the backward pass goes on: as soon as nothing below in the
// tape can write them any more, a bucket of neighbouring gradients is sent.

import RetortTensor

/// Sends the gradients of one backward pass.
final class GradientExchange {
    /// Elements of a bucket: large enough for the network, small enough to begin early.
    private static let bucketSize = 1 << 20

    private var failure: (any Error)?

    /// Prepares for the backward pass that is about to run.
    func begin(_ tape: Tape, _ store: ParameterStore, _ group: any TrainingGroup) throws {
        failure = nil
        guard group.size > 1 else { return }
        let all = store.allGradients
        // Gradients lie in the order of the layers, and the backward pass comes from the last.
        var first: [Int] = []  // by trained parameter, the node that writes it last
        let trained = store.trained
        let writers = tape.firstWriters
        for parameter in trained { first.append(writers[ObjectIdentifier(parameter)] ?? 0) }
        var next = trained.count - 1
        var end = all.count
        tape.didFinish = { [weak self] node in
            guard let self, self.failure == nil else { return }
            var start = end
            while next >= 0, first[next] >= node {
                start = trained[next].gradientOffset
                next -= 1
            }
            // Below a bucket's size it waits for more, but at the end all goes.
            guard next < 0 || end - start >= Self.bucketSize else {
                next = trained.lastIndex { $0.gradientOffset < end } ?? -1
                return
            }
            guard end > start else { return }
            let part = UnsafeMutableBufferPointer(rebasing: all[start..<end])
            do { try group.beginSum(part) } catch { self.failure = error }
            end = start
        }
    }

    /// Waits until all gradients are sums.
    func finish(_ tape: Tape, _ group: any TrainingGroup) throws {
        tape.didFinish = nil
        if let failure { throw failure }
        try group.finishSums()
    }
}
