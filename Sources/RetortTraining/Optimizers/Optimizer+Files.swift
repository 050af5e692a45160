// SPDX-License-Identifier: Apache-2.0
//
// The state of an optimizer on the disk: PyTorch's names of the moments behind those of parameters.

import RetortFormats
import RetortTensor

extension Optimizer {
    private static let fileName = "optimizer.safetensors"
    private static let codesName = "optimizer-codes.safetensors"

    /// Writes the state into a directory.
    /// - Throws: `FormatError` if a file cannot be written.
    func save(directory: String) throws {
        var tensors: [TensorSource] = []
        var codes: [IntegerTensor] = []
        for (parameter, state) in zip(trained, states) {
            for part in state.parts(of: parameter) {
                if let type = part.integers {
                    codes.append(
                        IntegerTensor(
                            name: part.name, type: type, shape: part.shape,
                            bytes: UnsafeRawBufferPointer(part.bytes)))
                } else {
                    tensors.append(
                        TensorSource(name: part.name, dtype: .f32, shape: part.shape) { sink in
                            try sink(UnsafeRawBufferPointer(part.bytes))
                        })
                }
            }
        }
        try SafetensorsWriter.write(tensors, to: "\(directory)/\(Self.fileName)")
        if !codes.isEmpty {
            try SafetensorsWriter.write(
                codes, metadata: [], to: "\(directory)/\(Self.codesName)")
        }
    }

    /// Reads the state that ``save(directory:)`` wrote.
    /// - Throws: ``TrainingError`` if it belongs to other parameters or settings; `FormatError` if a
    ///   file is damaged.
    func load(directory: String, step: Int) throws {
        stepCount = step
        let path = "\(directory)/\(Self.fileName)"
        let file = try SafetensorsFile(path: path)
        var codes: SafetensorsFile?
        for (parameter, state) in zip(trained, states) {
            for part in state.parts(of: parameter) {
                let bytes: UnsafeRawBufferPointer
                if part.integers != nil {
                    let own = try codes ?? SafetensorsFile(path: "\(directory)/\(Self.codesName)")
                    codes = own
                    bytes = try own.integers(part.name).bytes
                } else {
                    guard file.contains(part.name) else {
                        throw TrainingError(
                            "\(path) has no \(part.name); it was saved with other optimizer settings or another model"
                        )
                    }
                    bytes = try file.tensor(part.name).bytes
                }
                guard bytes.count == part.bytes.count else {
                    throw TrainingError(
                        "\(path): \(part.name) has \(bytes.count) bytes, not \(part.bytes.count)")
                }
                part.bytes.copyMemory(from: bytes)
            }
        }
        withExtendedLifetime((file, codes)) {}
    }
}

extension OptimizerState {
    /// A tensor of the state.
    struct Part {
        let name: String
        let shape: [Int]
        /// Nil for f32.
        let integers: IntegerType?
        let bytes: UnsafeMutableRawBufferPointer
    }

    func parts(of parameter: Parameter) -> [Part] {
        let (name, shape, count) = (parameter.name, parameter.shape, parameter.count)
        func part(
            _ suffix: String, _ shape: [Int], _ base: UnsafeMutableRawPointer, _ size: Int,
            _ type: IntegerType? = nil
        ) -> Part {
            Part(
                name: "\(name).\(suffix)", shape: shape, integers: type,
                bytes: UnsafeMutableRawBufferPointer(start: base, count: size))
        }
        switch kind {
        case .momentum: return [part("momentum_buffer", shape, first, 4 * count)]
        case .moments32:
            return [
                part("exp_avg", shape, first, 4 * count),
                part("exp_avg_sq", shape, second, 4 * count),
            ]
        case .moments8:
            let scaleBytes = byteCount - 2 * count
            return [
                part("scales", [scaleBytes / 4], scales, scaleBytes),
                part("exp_avg", shape, firstCodes, count, .i8),
                part("exp_avg_sq", shape, secondCodes, count, .u8),
            ]
        }
    }
}
