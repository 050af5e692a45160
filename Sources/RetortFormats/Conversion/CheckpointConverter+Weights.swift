// SPDX-License-Identifier: Apache-2.0

import RetortJSON
import RetortTensor

extension CheckpointConverter {
    /// A tensor in memory.
    package struct Weights {
        let name: String
        let shape: [Int]
        let values: UnsafePointer<Float>

        package init(name: String, shape: [Int], values: UnsafePointer<Float>) {
            self.name = name
            self.shape = shape
            self.values = values
        }
    }

    /// Writes a Hugging Face directory of weights in memory.
    /// - Throws: ``FormatError`` if a number does not fit the type or a file cannot be written.
    package static func writeHuggingFace(
        _ weights: [Weights], config: ModelConfig, generation: GenerationConfig,
        to directory: String,
        dtype: DType
    ) throws {
        let sources = weights.map { weights in
            // What chooses experts stays f32, as in DeepSeek's own files.
            let isExact = weights.name.hasSuffix("e_score_correction_bias")
            return TensorSource(
                name: weights.name, dtype: isExact ? .f32 : dtype, shape: weights.shape
            ) { sink in
                try weights.write(as: isExact ? .f32 : dtype, to: sink)
            }
        }
        try SafetensorsWriter.write(sources, directory: directory)
        var object = config.json(dtype: dtype, generation: generation).objectValue ?? JSONObject()
        if config.numNextnPredictLayers > 0 {
            object["num_nextn_predict_layers"] = .integer(Int64(config.numNextnPredictLayers))
        }
        try OutputFile.write(
            JSONValue.object(object).text(.pretty) + "\n",
            to: "\(directory)/config.json")
        try OutputFile.write(
            generation.json.text(.pretty) + "\n", to: "\(directory)/generation_config.json")
    }
}

extension CheckpointConverter.Weights {
    fileprivate func write(as dtype: DType, to sink: TensorSource.Sink) throws {
        let count = shape.reduce(1, *)
        guard dtype != .f32 else {
            try checkFinite(0, count)
            return try sink(UnsafeRawBufferPointer(start: values, count: 4 * count))
        }
        let size = 1 << 16
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: 2 * size, alignment: 64)
        defer { buffer.deallocate() }
        for start in stride(from: 0, to: count, by: size) {
            let part = min(size, count - start)
            try checkFinite(start, part)
            if dtype == .f16 {
                for index in start..<start + part where values[index].magnitude > 65_504 {
                    throw FormatError(
                        "\(name) is \(values[index]) at element \(index), more than f16 holds; choose bf16 or f32"
                    )
                }
            }
            dtype.convert(buffer, from: values + start, count: part)
            try sink(UnsafeRawBufferPointer(start: buffer, count: 2 * part))
        }
    }

    private func checkFinite(_ start: Int, _ count: Int) throws(FormatError) {
        for index in start..<start + count where !values[index].isFinite {
            throw FormatError(
                "\(name) has NaN or infinity at element \(index); the training diverged")
        }
    }
}
