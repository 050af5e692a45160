// SPDX-License-Identifier: Apache-2.0
//
// How far a student's distribution is from a teacher's (Hinton et al. 2015; Agarwal et al. 2024). Of the
// teacher the likeliest tokens are known; all others are one more outcome, the tail, for both.

import CRetortKernels

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What a teacher expects after each token of a batch.
package final class TeacherTargets {
    /// Outcomes that are known of each token.
    package let count: Int
    /// The outcomes, `[tokens, count]`: different ids below the student's vocabulary.
    package let ids: UnsafeMutablePointer<Int32>
    /// Their probabilities, `[tokens, count]`; what is missing to 1 is the tail's.
    package let probabilities: UnsafeMutablePointer<Float>
    /// The student's probabilities of the same outcomes, while they are compared.
    fileprivate let own: UnsafeMutablePointer<Float>
    private let memory: AlignedBuffer

    /// - Throws: ``TensorError`` if memory runs out.
    package init(tokens: Int, count: Int) throws(TensorError) {
        self.count = count
        memory = try .floats(3 * tokens * count)
        probabilities = memory.floats
        own = probabilities + tokens * count
        ids = UnsafeMutableRawPointer(own + tokens * count).bindMemory(
            to: Int32.self, capacity: tokens * count)
        probabilities.update(repeating: 0, count: tokens * count)
        ids.update(repeating: 0, count: tokens * count)
    }
}

/// The divergence of a student's distribution from a teacher's.
package final class Divergence: TokenLoss {
    package enum Kind: String, Sendable, CaseIterable {
        /// KL(teacher ‖ student)
        case forward
        /// KL(student ‖ teacher)
        case reverse
        /// β KL(teacher ‖ m) + (1 − β) KL(student ‖ m), m = β teacher + (1 − β) student
        case jensenShannon = "jsd"
    }

    package let kind: Kind
    package let targets: TeacherTargets
    /// β of Jensen and Shannon's.
    package var beta: Float = 0.5
    /// Logits are divided by it; the loss is multiplied with its square, so that gradients of other
    /// temperatures are of one size (Hinton et al. 2015).
    package var temperature: Float = 1

    /// A tail that the teacher gave nothing may still come out of rounding: without a least the
    /// logarithm of its ratio would rule all others.
    private static let leastTail: Float = 1e-6

    package init(_ kind: Kind, targets: TeacherTargets) {
        self.kind = kind
        self.targets = targets
    }

    package func replace(
        _ rows: LogitRows, scale: Float, losses: UnsafeMutablePointer<Float>,
        _ table: UnsafePointer<rk_kernels>
    ) {
        for row in 0..<rows.count {
            let (logits, token, _) = rows[row]
            losses[token] = loss(
                logits, vocabulary: rows.vocabulary, token: token, scale: scale, table)
        }
    }

    private func loss(
        _ logits: UnsafeMutablePointer<Float>, vocabulary: Int, token: Int, scale: Float,
        _ table: UnsafePointer<rk_kernels>
    ) -> Float {
        let count = targets.count
        let (ids, q) = (targets.ids + token * count, targets.probabilities + token * count)
        let p = targets.own + token * count
        _ = table.pointee.softmax_saving(logits, vocabulary, 1 / temperature)
        var tail: (p: Float, q: Float)?
        if count < vocabulary {
            var known: Float = 0
            for index in 0..<count {
                let id = Int(ids[index])
                p[index] = logits[id]
                logits[id] = 0
                known += q[index]
            }
            tail = (Self.sum(logits, vocabulary), max(1 - known, Self.leastTail))
        } else {
            for index in 0..<count { p[index] = logits[Int(ids[index])] }
        }
        // Derivatives by an outcome's logarithm, less their mean: p (g − Σ p g).
        var (loss, mean): (Float, Float) = (0, 0)
        for index in 0..<count { add(p[index], q[index], &loss, &mean) }
        if let tail { add(tail.p, tail.q, &loss, &mean) }
        let size = scale * temperature
        if let tail {
            // Tokens of the tail share its derivative in proportion.
            let slope = tail.p > 0 ? slope(tail.p, tail.q, mean) / tail.p : 0
            table.pointee.scale(logits, vocabulary, size * slope)
        }
        for index in 0..<count {
            logits[Int(ids[index])] = size * slope(p[index], q[index], mean)
        }
        return loss * temperature * temperature
    }

    /// Of a probability that has become zero, x log x is zero; its own logarithm is bounded.
    @inline(__always)
    private func logarithm(_ x: Float) -> Float { logf(max(x, 1e-30)) }

    /// Adds an outcome's part of the loss and of the mean derivative.
    @inline(__always)
    private func add(_ p: Float, _ q: Float, _ loss: inout Float, _ mean: inout Float) {
        switch kind {
        case .forward:
            if q > 0 { loss += q * (logarithm(q) - logarithm(p)) }
            mean += q
        case .reverse:
            guard p > 0 else { return }
            let term = p * (logarithm(p) - logarithm(q))
            loss += term
            mean += term
        case .jensenShannon:
            let middle = logarithm(beta * q + (1 - beta) * p)
            let own = p > 0 ? (1 - beta) * p * (logarithm(p) - middle) : 0
            loss += own
            if q > 0 { loss += beta * q * (logarithm(q) - middle) }
            mean += own
        }
    }

    /// The derivative by an outcome's logit.
    @inline(__always)
    private func slope(_ p: Float, _ q: Float, _ mean: Float) -> Float {
        switch kind {
        case .forward: return mean * p - q
        case .reverse: return p > 0 ? p * (logarithm(p) - logarithm(q) - mean) : 0
        case .jensenShannon:
            guard p > 0 else { return 0 }
            let own = logarithm(p) - logarithm(beta * q + (1 - beta) * p)
            return p * ((1 - beta) * own - mean)
        }
    }

    private static func sum(_ values: UnsafePointer<Float>, _ count: Int) -> Float {
        let raw = UnsafeRawPointer(values)
        var sums = SIMD16<Float>.zero
        var index = 0
        while index + 16 <= count {
            sums += raw.loadUnaligned(fromByteOffset: 4 * index, as: SIMD16<Float>.self)
            index += 16
        }
        var total = sums.sum()
        while index < count {
            total += values[index]
            index += 1
        }
        return total
    }
}
