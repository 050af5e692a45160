// SPDX-License-Identifier: Apache-2.0

import RetortTensor

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Reads log-probabilities from logits before a sampler changes them.
struct LogprobReader {
    private let count: Int
    /// The largest logits so far, the largest first.
    private var top: [(token: Int32, logit: Float)] = []
    private var normaliser: Float = 0

    /// - Parameter count: How many of the most likely tokens are wanted.
    init(count: Int) {
        self.count = count
        top.reserveCapacity(count + 1)
    }

    /// Remembers the most likely tokens and what all probabilities sum to.
    mutating func read(_ logits: UnsafeMutableBufferPointer<Float>) {
        let largest = Sampler.largest(logits).value
        var sum = 0.0
        top.removeAll(keepingCapacity: true)
        var least = -Float.infinity
        for (token, logit) in logits.enumerated() {
            sum += Double(expf(logit - largest))
            guard count > 0, logit > least || top.count < count else { continue }
            let place = top.firstIndex { logit > $0.logit } ?? top.count
            top.insert((Int32(token), logit), at: place)
            if top.count > count { top.removeLast() }
            if top.count == count, let last = top.last { least = last.logit }
        }
        normaliser = largest + Float(log(sum))
    }

    /// - Parameter logit: That of `token`, before it was changed.
    func logprobs(of token: Int32, logit: Float) -> TokenLogprobs {
        TokenLogprobs(
            token: token, logprob: logit - normaliser,
            top: top.map { .init(token: $0.token, logprob: $0.logit - normaliser) })
    }
}
