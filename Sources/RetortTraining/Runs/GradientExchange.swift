// SPDX-License-Identifier: Apache-2.0
//
// Sums gradients over processes while the backward pass goes on: as soon as nothing below in the
// tape can write them any more, a bucket of neighbouring gradients is sent. All processes send the
// same buckets in the same order, whatever their data.

import RetortTensor

/// Sends the gradients of one backward pass.
package final class GradientExchange {
    /// Elements of a bucket at least, but for the last: large enough for the network, small enough to
    /// begin early.
    package var bucketSize = 1 << 20

    /// By trained parameter: where its gradient begins, and the node that is the last to write it.
    private var parameters: [(offset: Int, writer: Int)] = []
    /// Of `parameters`, those before are not finished, or not known to be.
    private var open = 0
    /// Of all gradients, those before are not sent.
    private var end = 0
    private var gradients = UnsafeMutableBufferPointer<Float>(start: nil, count: 0)
    private var failure: (any Error)?

    package init() {}

    /// Prepares for the backward pass that is about to run.
    func begin(_ tape: Tape, _ store: ParameterStore, _ group: any TrainingGroup) {
        failure = nil
        end = 0
        guard group.size > 1 else { return }
        gradients = store.allGradients
        end = gradients.count
        // One that no node writes keeps its zeros, and holds up no other.
        let writers = tape.firstWriters
        parameters = store.trained.map {
            ($0.gradientOffset, writers[ObjectIdentifier($0)] ?? .max)
        }
        open = parameters.count
        tape.didFinish = { [unowned self] in didFinish($0, group) }
    }

    /// Gradients lie in the order of the layers, and the backward pass comes from the last.
    private func didFinish(_ node: Int, _ group: any TrainingGroup) {
        while open > 0, parameters[open - 1].writer >= node { open -= 1 }
        guard open < parameters.count else { return }
        let start = open == 0 ? 0 : parameters[open].offset
        if end - start >= bucketSize { send(from: start, group) }
    }

    private func send(from start: Int, _ group: any TrainingGroup) {
        guard failure == nil, start < end else { return }
        do {
            try group.beginSum(UnsafeMutableBufferPointer(rebasing: gradients[start..<end]))
        } catch { failure = error }
        end = start
    }

    /// Sends what is left and waits until all gradients are sums.
    func finish(_ tape: Tape, _ group: any TrainingGroup) throws {
        tape.didFinish = nil
        send(from: 0, group)
        if let failure { throw failure }
        try group.finishSums()
    }
}
