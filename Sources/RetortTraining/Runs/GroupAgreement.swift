// SPDX-License-Identifier: Apache-2.0
//
// Processes that differ in what they should have in common would wait for each other for ever, or
// train something that is no model. A disk that is not shared, or another recipe, is found here.

import RetortTensor

/// Compares what the processes of a group have in common.
enum GroupAgreement {
    /// - Parameter values: What each is called, and a count or a hash of it.
    /// - Throws: ``TrainingError`` on all processes if one has another value than the first.
    static func check(
        _ values: [(name: String, value: UInt64)], _ group: any TrainingGroup, advice: String
    ) throws {
        guard group.size > 1 else { return }
        // Halves of 32 bits, so that doubles hold them exactly.
        let own = values.flatMap { [Double($0.value >> 32), Double($0.value & 0xffff_ffff)] }
        var first = group.rank == 0 ? own : Array(repeating: 0, count: own.count)
        try first.withUnsafeMutableBufferPointer { try group.sum($0) }
        var differing = values.indices.map { index in
            own[2 * index..<2 * index + 2] == first[2 * index..<2 * index + 2] ? 0.0 : 1
        }
        try differing.withUnsafeMutableBufferPointer { try group.sum($0) }
        guard let index = differing.firstIndex(where: { $0 > 0 }) else { return }
        throw TrainingError(
            "\(Int(differing[index])) of \(group.size) processes have another \(values[index].name) than the first; \(advice)"
        )
    }
}

extension Trainer {
    /// - Throws: ``TrainingError`` if the processes would not train the same run.
    func checkAgreement() throws {
        var recipe = recipe
        // Machines may differ in that.
        recipe.threads = nil
        try GroupAgreement.check(
            [
                ("recipe", FNVHash("\(recipe)".utf8).value),
                ("newest checkpoint", UInt64(state.step)),
                ("data", FNVHash(source.dataset.fingerprint.utf8).value),
                ("validation data", FNVHash((validation?.fingerprint ?? "").utf8).value),
                ("number of steps", UInt64(schedule.totalSteps)),
                ("number of parameters", UInt64(summary.parameters)),
            ], group,
            advice:
                "start all with the same recipe, and let 'output' and the data be on a disk that all see"
        )
        try checkWeights()
    }

    /// All processes take the same steps from the same weights, to the last bit.
    /// - Throws: ``TrainingError`` if their weights are not the same any more.
    func checkWeights() throws {
        guard group.size > 1 else { return }
        var hash = FNVHash()
        for parameter in trained.store.parameters {
            for index in 0..<parameter.count {
                hash.add(UInt64(parameter.values[index].bitPattern))
            }
        }
        try GroupAgreement.check(
            [("set of weights", hash.value)], group,
            advice:
                "processors of different kinds round differently: set RETORT_ISA to what all have, such as avx2, and go on from the newest checkpoint with --resume"
        )
    }
}
