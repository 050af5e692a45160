// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortFormats

/// What of a run does not change while it goes on, as `OUTPUT/run.json` keeps it.
public struct RunFacts: Codable, Sendable, Equatable {
    static let fileName = "run.json"

    /// Of this file; another is refused.
    var version = 1
    public var kind: String
    public var architecture: String
    public var parameters: Int
    public var trainedParameters: Int
    /// Those that a token is multiplied with.
    public var activeParameters: Int
    public var totalSteps: Int
    public var tokensPerStep: Int
    /// Floating-point operations, as ``TrainingCost`` counts them.
    public var operationsPerToken: Double
    /// Operations a second of a large matrix product there, of all processes.
    public var peakOperationsPerSecond: Double?
    /// What products are computed in: f32 or bf16.
    public var compute: String
    /// The instruction set of the kernels.
    public var kernels: String
    public var threads: Int
    /// Processes.
    public var ranks: Int
    public var pricePerHour: Double?
    public var currency: String
    /// Watts as the recipe says.
    public var watts: Double?
    /// Whether the machine counts its energy.
    public var measuresEnergy: Bool

    enum CodingKeys: String, CodingKey {
        case version, kind, architecture, parameters, compute, kernels, threads, ranks, currency
        case watts
        case trainedParameters = "trained_parameters"
        case activeParameters = "active_parameters"
        case totalSteps = "total_steps"
        case tokensPerStep = "tokens_per_step"
        case operationsPerToken = "operations_per_token"
        case peakOperationsPerSecond = "peak_flops"
        case pricePerHour = "price_per_hour"
        case measuresEnergy = "measures_energy"
    }

    /// Reads the file of a run.
    /// - Throws: ``TrainingError`` if it is missing, damaged or of another version.
    public init(run directory: String) throws(TrainingError) {
        let path = "\(directory)/\(Self.fileName)"
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw TrainingError(
                "cannot read \(path); the directory of a run that 'retort train' or 'sft' began was expected"
            )
        }
        do { self = try JSONDecoder().decode(RunFacts.self, from: bytes) } catch {
            throw TrainingError("\(path) is damaged; go on with the run to have it written again")
        }
        guard version == 1 else {
            throw TrainingError("\(path) has the version \(version); this program reads 1")
        }
    }

    init(
        kind: String, architecture: String, summary: TrainingSummary, compute: String,
        kernels: String, threads: Int, ranks: Int, peak: Double?, cost: Recipe.Cost,
        measuresEnergy: Bool
    ) {
        self.kind = kind
        self.architecture = architecture
        parameters = summary.parameters
        trainedParameters = summary.trainedParameters
        activeParameters = summary.activeParameters
        totalSteps = summary.totalSteps
        tokensPerStep = summary.tokensPerStep
        operationsPerToken = summary.operationsPerToken
        peakOperationsPerSecond = peak
        self.compute = compute
        self.kernels = kernels
        self.threads = threads
        self.ranks = ranks
        pricePerHour = cost.pricePerHour
        currency = cost.currency
        watts = cost.watts
        self.measuresEnergy = measuresEnergy
    }

    /// - Throws: `FormatError` if the file cannot be written.
    func write(run directory: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try OutputFile.write(
            String(decoding: try encoder.encode(self), as: UTF8.self) + "\n",
            to: "\(directory)/\(Self.fileName)")
    }
}

extension RunFacts {
    /// The rates of the recipe.
    public var rates: RunCost.Rates {
        RunCost.Rates(pricePerHour: pricePerHour, currency: currency, watts: watts)
    }
}
