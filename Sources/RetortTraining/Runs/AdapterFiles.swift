// SPDX-License-Identifier: Apache-2.0

import RetortFormats
import RetortModels
import RetortTensor

/// The adapters of a run in the files of the library peft.
enum AdapterFiles {
    static func write(
        _ adapters: [String: LowRankAdapter], _ settings: Recipe.LowRank, base: String,
        to directory: String
    ) throws {
        var tensors: [TensorSource] = []
        for name in adapters.keys.sorted() {
            guard let adapter = adapters[name] else { continue }
            for parameter in [adapter.a, adapter.b] {
                tensors.append(
                    TensorSource(name: parameter.name, dtype: .f32, shape: parameter.shape) {
                        sink in
                        try sink(
                            UnsafeRawBufferPointer(
                                start: parameter.values, count: 4 * parameter.count))
                    })
            }
        }
        try LowRankFile.write(
            tensors, rank: settings.rank, alpha: settings.alpha, targets: settings.targets,
            base: base, to: directory)
    }
}

extension TrainedModel {
    /// Makes the adapters of a recipe, or reads those of a checkpoint. A begins random and B zero, so
    /// that training begins from the model as it is.
    static func adapters(
        _ recipe: Recipe, _ store: ParameterStore, checkpoint: String?
    ) throws -> [String: LowRankAdapter] {
        guard let settings = recipe.lowRank else { return [:] }
        let saved = try checkpoint.map { try LowRankFile(path: $0) }
        if let saved,
            saved.alpha != settings.alpha || Set(saved.targetModules) != Set(settings.targets)
        {
            throw TrainingError(
                "\(saved.path) was trained with alpha \(saved.alpha) and targets \(saved.targetModules.sorted().joined(separator: ", ")); go on with the same or choose another output"
            )
        }
        var adapters: [String: LowRankAdapter] = [:]
        var unused = Set(settings.targets)
        for weight in store.parameters where weight.shape.count == 2 {
            guard
                let target = settings.targets.first(where: {
                    weight.name.hasSuffix(".\($0).weight")
                })
            else { continue }
            unused.remove(target)
            let names = LowRankFile.names(ofWeight: weight.name)
            let a = try store.parameter(names.a, shape: [settings.rank, weight.columns])
            let b = try store.parameter(names.b, shape: [weight.rows, settings.rank])
            if let saved {
                guard let layer = saved.layer(ofWeight: weight.name) else {
                    throw TrainingError("\(saved.path) has no adapter of \(weight.name)")
                }
                for (parameter, tensor) in [(a, layer.a), (b, layer.b)] {
                    guard tensor.shape == parameter.shape, let base = tensor.bytes.baseAddress
                    else {
                        throw TrainingError(
                            "\(saved.path): \(parameter.name) has the shape \(tensor.shape), the recipe asks for \(parameter.shape)"
                        )
                    }
                    tensor.dtype.convert(parameter.values, from: base, count: parameter.count)
                }
            } else {
                // Uniform within 1 / sqrt(inputs), as peft's default.
                var random = UniformGenerator(seed: recipe.seed, stream: names.a)
                let bound = 1 / Float(weight.columns).squareRoot()
                for index in 0..<a.count { a.values[index] = bound * (2 * random.next() - 1) }
            }
            adapters[weight.name] = LowRankAdapter(
                a: a, b: b, scale: settings.alpha / Float(settings.rank))
        }
        withExtendedLifetime(saved) {}
        guard unused.isEmpty else {
            throw TrainingError(
                "recipe: 'lora.targets' names \(unused.sorted().joined(separator: ", ")), which the model does not have"
            )
        }
        return adapters
    }
}
