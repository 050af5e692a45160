// SPDX-License-Identifier: Apache-2.0

import CRetortKernels
import RetortTensor

/// Takes down what a teacher expects, in place of a loss.
final class TeacherCapture: TokenLoss {
    let targets: TeacherTargets
    /// Outcomes that the student knows too; the teacher's others are left out.
    private let vocabulary: Int
    private let temperature: Float

    init(_ targets: TeacherTargets, vocabulary: Int, temperature: Float) {
        self.targets = targets
        self.vocabulary = vocabulary
        self.temperature = temperature
    }

    func replace(
        _ rows: LogitRows, scale: Float, losses: UnsafeMutablePointer<Float>,
        _ table: UnsafePointer<rk_kernels>
    ) {
        for row in 0..<rows.count {
            let (logits, token, _) = rows[row]
            let size = min(vocabulary, rows.vocabulary)
            _ = table.pointee.softmax_saving(logits, size, 1 / temperature)
            losses[token] = 0
            take(logits, size, token)
        }
    }

    /// The likeliest outcomes, by a heap with the least likely of them on top.
    private func take(_ p: UnsafePointer<Float>, _ size: Int, _ token: Int) {
        let count = targets.count
        let (ids, kept) = (targets.ids + token * count, targets.probabilities + token * count)
        for index in 0..<min(count, size) {
            ids[index] = Int32(index)
            kept[index] = p[index]
        }
        guard count < size else {
            // Outcomes of the student that the teacher does not know.
            for index in min(count, size)..<count {
                ids[index] = Int32(index)
                kept[index] = 0
            }
            return
        }
        for place in stride(from: count / 2, through: 0, by: -1) { sink(ids, kept, place, count) }
        for index in count..<size where p[index] > kept[0] {
            ids[0] = Int32(index)
            kept[0] = p[index]
            sink(ids, kept, 0, count)
        }
    }

    @inline(__always)
    private func sink(
        _ ids: UnsafeMutablePointer<Int32>, _ kept: UnsafeMutablePointer<Float>, _ start: Int,
        _ count: Int
    ) {
        var place = start
        while true {
            var least = place
            let (left, right) = (2 * place + 1, 2 * place + 2)
            if left < count, kept[left] < kept[least] { least = left }
            if right < count, kept[right] < kept[least] { least = right }
            guard least != place else { return }
            (ids[place], ids[least]) = (ids[least], ids[place])
            (kept[place], kept[least]) = (kept[least], kept[place])
            place = least
        }
    }
}
