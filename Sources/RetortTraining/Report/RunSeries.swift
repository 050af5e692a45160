// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortFormats
import RetortJSON
import RetortReport

/// The curves of a run and its last numbers, in memory that does not grow with the steps.
struct RunSeries {
    /// One curve, for either axis of steps.
    struct Curve {
        var linear = Downsampler()
        var logarithmic = Downsampler(isLogarithmic: true)

        mutating func add(_ x: Double, _ y: Double) {
            linear.add(x, y)
            logarithmic.add(x, y)
        }
    }

    private(set) var loss = Curve()
    private(set) var validation = Curve()
    private(set) var learningRate = Downsampler()
    private(set) var gradientNorm = Downsampler()
    private(set) var speed = Downsampler()
    /// By layer: each expert's share, averaged over about the last 50 steps.
    private(set) var expertLoad: [[Double]] = []
    private(set) var steps = 0
    private(set) var tokens = 0
    private(set) var seconds = 0.0
    /// Joules of all steps; nil if the last line has none.
    private(set) var joules: Double?
    private(set) var lastLoss: Double?
    private(set) var lastValidation: (step: Int, loss: Double, bitsPerByte: Double?)?
    private(set) var best: (step: Int, loss: Double, bitsPerByte: Double?)?

    /// Beyond which a line is no line of metrics.
    private static let maximumLineBytes = 1 << 26

    init() {}

    /// Reads a metrics file. A line that is no JSON object with a step is passed over: the last one
    /// may have been cut when the process was killed, or another process is writing it.
    /// - Throws: ``TrainingError`` if the file cannot be read.
    init(metrics path: String) throws(TrainingError) {
        guard FileManager.default.fileExists(atPath: path) else { return }
        let reader = try LineReader.open(path, maximumLineBytes: Self.maximumLineBytes)
        while try reader.advance() {
            guard reader.isTerminated, let line = try? JSONValue(parsing: reader.line) else {
                continue
            }
            add(line)
        }
    }

    /// Adds a line of the metrics file.
    mutating func add(_ line: JSONValue) {
        guard let step = line["step"]?.intValue, step > 0 else { return }
        let x = Double(step)
        func number(_ key: String) -> Double? {
            line[key]?.doubleValue.flatMap { $0.isFinite ? $0 : nil }
        }
        steps = step
        tokens = line["tokens"]?.intValue ?? tokens
        seconds = number("seconds") ?? seconds
        joules = number("joules")
        if let value = number("loss") {
            loss.add(x, value)
            lastLoss = value
        }
        if let value = number("learning_rate") { learningRate.add(x, value) }
        if let value = number("gradient_norm") { gradientNorm.add(x, value) }
        if let value = number("tokens_per_second") { speed.add(x, value) }
        if let value = number("validation_loss") {
            validation.add(x, value)
            let measured = (step: step, loss: value, bitsPerByte: number("bits_per_byte"))
            lastValidation = measured
            if value < best?.loss ?? .infinity { best = measured }
        }
        if let load = line["expert_load"]?.arrayValue { addLoad(load) }
    }

    private mutating func addLoad(_ layers: [JSONValue]) {
        let shares = layers.map { ($0.arrayValue ?? []).map { $0.doubleValue ?? 0 } }
        guard shares.map(\.count) == expertLoad.map(\.count) else {
            expertLoad = shares
            return
        }
        for (layer, experts) in shares.enumerated() {
            for (expert, share) in experts.enumerated() where share.isFinite {
                expertLoad[layer][expert] += 0.04 * (share - expertLoad[layer][expert])
            }
        }
    }
}
