// SPDX-License-Identifier: Apache-2.0
//
// What a recipe will cost, from its configuration alone: no weights and no texts are read.

import Foundation
import RetortFormats
import RetortJSON
import RetortTokenizers

extension Recipe {
    /// The configuration of the model that is trained.
    /// - Throws: ``TrainingError`` or `FormatError` if it, or the tokenizer whose size it needs, is
    ///   missing or wrong.
    public func modelConfig() throws -> ModelConfig {
        switch model {
        case .directory(let path):
            let file = "\(path)/config.json"
            guard let bytes = FileManager.default.contents(atPath: file) else {
                throw TrainingError("cannot read \(file)")
            }
            return try ModelConfig(json: Array(bytes), path: file)
        case .scratch(var object, _):
            if object["vocab_size"] == nil {
                let size = try TrainedModel.tokenizer(self).tokenizer.vocabularySize
                object["vocab_size"] = .integer(Int64(size))
            }
            return try ModelConfig(
                json: Array(JSONValue.object(object).text().utf8), path: "recipe: model.config")
        }
    }

    /// Tokens of all steps: those of steps times rows, or of a prepared dataset times epochs. Nil
    /// where texts would have to be read.
    public func plannedTokens() throws -> Int? {
        if let steps {
            return Self.product([steps, batch, accumulation, data.length])
        }
        guard let directory = data.dataset, let epochs else { return nil }
        return Self.product([
            try DatasetManifest(directory: directory).train.statistics.tokens, epochs,
        ])
    }

    private static func product(_ factors: [Int]) -> Int? {
        factors.reduce(1 as Int?) { total, factor in
            guard let (product, overflow) = total?.multipliedReportingOverflow(by: factor) else {
                return nil
            }
            return overflow ? nil : product
        }
    }

    /// What the recipe will cost on one machine.
    /// - Parameters:
    ///   - operationsPerSecond: As ``TrainingCost`` counts them; nil leaves the time open.
    ///   - rates: In place of the recipe's own.
    /// - Throws: As ``modelConfig()`` and ``plannedTokens()`` do.
    public func plannedCost(operationsPerSecond: Double?, rates: RunCost.Rates) throws -> RunCost {
        let cost = TrainingCost(try modelConfig())
        let perToken = cost.operationsPerToken(length: data.length)
        let tokens = try plannedTokens()
        var seconds: Double?
        if let tokens, let speed = operationsPerSecond, speed > 0 {
            seconds = Double(tokens) * perToken / speed
        }
        return RunCost(
            parameters: cost.parameters, activeParameters: cost.activeParameters,
            operationsPerToken: perToken, tokens: tokens, seconds: seconds, rates: rates)
    }

    /// The rates that the recipe states.
    public var rates: RunCost.Rates {
        RunCost.Rates(
            pricePerHour: cost.pricePerHour, currency: cost.currency, watts: cost.watts)
    }
}
