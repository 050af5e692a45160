// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// What training cost, or will cost: operations, time, energy and money.
public struct RunCost: Sendable, Equatable {
    /// What a run is priced with.
    public struct Rates: Sendable, Equatable {
        /// Of all machines of the run together.
        public var pricePerHour: Double?
        public var currency = "USD"
        /// Of all machines of the run together, under load.
        public var watts: Double?

        public init(
            pricePerHour: Double? = nil, currency: String = "USD", watts: Double? = nil
        ) {
            self.pricePerHour = pricePerHour
            self.currency = currency
            self.watts = watts
        }
    }

    public enum EnergySource: String, Sendable {
        /// By the machine's counters.
        case measured
        /// Watts as given, times the time.
        case estimated
    }

    public var parameters: Int
    public var activeParameters: Int
    public var operationsPerToken: Double
    public var tokens: Int?
    /// Of the steps alone, without measuring and saving.
    public var seconds: Double?
    public var joules: Double?
    public var energySource: EnergySource?
    public var rates: Rates
    /// Mean operations a second in those of a matrix product.
    public var utilisation: Double?

    public init(
        parameters: Int, activeParameters: Int, operationsPerToken: Double, tokens: Int?,
        seconds: Double?, measuredJoules: Double? = nil, rates: Rates,
        peakOperationsPerSecond: Double? = nil
    ) {
        self.parameters = parameters
        self.activeParameters = activeParameters
        self.operationsPerToken = operationsPerToken
        self.tokens = tokens
        self.seconds = seconds
        self.rates = rates
        if let measuredJoules {
            joules = measuredJoules
            energySource = .measured
        } else if let watts = rates.watts, let seconds {
            joules = watts * seconds
            energySource = .estimated
        }
        if let peakOperationsPerSecond, peakOperationsPerSecond > 0, let speed = operationsPerSecond
        {
            utilisation = speed / peakOperationsPerSecond
        }
    }

    /// The cost of a run so far.
    init(_ facts: RunFacts, _ series: RunSeries, _ rates: Rates) {
        self.init(
            parameters: facts.parameters, activeParameters: facts.activeParameters,
            operationsPerToken: facts.operationsPerToken, tokens: series.tokens,
            seconds: series.seconds, measuredJoules: series.joules, rates: rates,
            peakOperationsPerSecond: facts.peakOperationsPerSecond)
    }

    /// All floating-point operations.
    public var operations: Double? { tokens.map { Double($0) * operationsPerToken } }

    /// The mean.
    public var operationsPerSecond: Double? {
        guard let operations, let seconds, seconds > 0 else { return nil }
        return operations / seconds
    }

    public var hours: Double? { seconds.map { $0 / 3600 } }
    public var kilowattHours: Double? { joules.map { $0 / 3.6e6 } }

    public var money: Double? {
        guard let hours, let price = rates.pricePerHour else { return nil }
        return hours * price
    }

    public var moneyPerMillionTokens: Double? {
        guard let money, let tokens, tokens > 0 else { return nil }
        return money / (Double(tokens) / 1e6)
    }

    public var moneyPerExaoperation: Double? {
        guard let money, let operations, operations > 0 else { return nil }
        return money / (operations / 1e18)
    }

    /// Why there is no energy.
    public var energyReason: String? {
        guard joules == nil else { return nil }
        if seconds == nil { return "the time is not known" }
        return "the machine did not tell it, and no watts were given (--watts, or cost.watts)"
    }

    /// Why there is no money.
    public var moneyReason: String? {
        guard money == nil else { return nil }
        if seconds == nil { return "the time is not known" }
        return "no price was given (--price-per-hour, or cost.price_per_hour)"
    }
}

extension RunCost {
    /// A training whose cost is known, to compare with.
    public enum DeepSeekV3 {
        /// 6 operations x 37 G active parameters x 14.8 T tokens.
        public static let operations = 3.29e24
        public static let hours = 2.788e6
        public static let dollars = 5.576e6
        public static let source =
            "DeepSeek-V3 Technical Report (DeepSeek-AI 2024), table 1: 2.788 M H800 hours for the whole training, at 2 USD an hour; pre-training on 14.8 T tokens with 37 G active parameters"
    }

    /// Operations in those of DeepSeek-V3's pre-training.
    public var shareOfDeepSeekV3: Double? { operations.map { $0 / DeepSeekV3.operations } }

    /// What `retort cost --json` prints.
    public var json: JSONValue {
        func number(_ value: Double?) -> JSONValue {
            value.flatMap { $0.isFinite ? .double($0) : nil } ?? .null
        }
        var object = JSONObject([
            ("parameters", .integer(Int64(parameters))),
            ("active_parameters", .integer(Int64(activeParameters))),
            ("flops_per_token", number(operationsPerToken)),
            ("tokens", tokens.map { .integer(Int64($0)) } ?? .null),
            ("flops", number(operations)), ("hours", number(hours)),
            ("flops_per_second", number(operationsPerSecond)),
            ("utilisation", number(utilisation)), ("energy_joules", number(joules)),
            ("energy_kwh", number(kilowattHours)),
            ("energy_source", energySource.map { .string($0.rawValue) } ?? .null),
        ])
        if let energyReason { object["energy_reason"] = .string(energyReason) }
        object["price_per_hour"] = number(rates.pricePerHour)
        object["currency"] = .string(rates.currency)
        object["cost"] = number(money)
        object["cost_per_million_tokens"] = number(moneyPerMillionTokens)
        if let moneyReason { object["cost_reason"] = .string(moneyReason) }
        object["reference"] = [
            "model": "DeepSeek-V3", "flops": .double(DeepSeekV3.operations),
            "gpu_hours": .double(DeepSeekV3.hours), "cost_usd": .double(DeepSeekV3.dollars),
            "flops_ratio": number(shareOfDeepSeekV3), "source": .string(DeepSeekV3.source),
        ]
        return .object(object)
    }
}
