// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON
import RetortTraining
import TestSupport
import Testing

@Suite struct RunCostTests {
    private static func cost(
        seconds: Double? = 7200, joules: Double? = nil, rates: RunCost.Rates = .init()
    ) -> RunCost {
        RunCost(
            parameters: 1000, activeParameters: 500, operationsPerToken: 3000, tokens: 4_000_000,
            seconds: seconds, measuredJoules: joules, rates: rates, peakOperationsPerSecond: 1e7)
    }

    @Test("operations, hours, money and energy follow from each other")
    func arithmetic() {
        let cost = Self.cost(rates: .init(pricePerHour: 1.5, currency: "EUR", watts: 200))
        #expect(cost.operations == 1.2e10)
        #expect(cost.hours == 2)
        #expect(cost.money == 3)
        #expect(cost.moneyPerMillionTokens == 0.75)
        #expect(cost.moneyPerExaoperation == 3 / 1.2e-8)
        #expect(cost.joules == 1_440_000 && cost.energySource == .estimated)
        #expect(cost.kilowattHours == 0.4)
        #expect(abs((cost.utilisation ?? 0) - 1.2e10 / 7200 / 1e7) < 1e-12)
        #expect(cost.shareOfDeepSeekV3 == 1.2e10 / 3.29e24)
        #expect(cost.energyReason == nil && cost.moneyReason == nil)
    }

    @Test("measured energy counts before watts")
    func measured() {
        let cost = Self.cost(joules: 3.6e6, rates: .init(watts: 200))
        #expect(cost.kilowattHours == 1 && cost.energySource == .measured)
    }

    @Test("what is not known is null, with the reason")
    func unknown() {
        let json = Self.cost().json
        #expect(json["cost"] == .null && json["energy_joules"] == .null)
        #expect(json["cost_reason"]?.stringValue?.contains("--price-per-hour") ?? false)
        #expect(json["energy_reason"]?.stringValue?.contains("--watts") ?? false)
        #expect(json["hours"] == .double(2) && json["currency"] == .string("USD"))
        #expect(json["reference"]?["gpu_hours"]?.doubleValue == 2.788e6)
        let open = Self.cost(seconds: nil, rates: .init(pricePerHour: 1, watts: 1))
        #expect(open.money == nil && open.moneyReason == "the time is not known")
        #expect(open.joules == nil && open.utilisation == nil)
        #expect(Self.cost(seconds: 0).operationsPerSecond == nil)
    }

    @Test("a recipe's cost follows from its configuration and steps")
    func planned() throws {
        let recipe = try Recipe(
            JSONValue(
                parsing: Array(
                    """
                    {"output": "x", "model": {"config": {"model_type": "llama", "hidden_size": 64,
                      "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
                      "num_key_value_heads": 2, "vocab_size": 100, "tie_word_embeddings": true}},
                     "data": {"train": "none.txt", "length": 32},
                     "training": {"steps": 10, "batch": 4, "accumulation": 2},
                     "cost": {"price_per_hour": 2}}
                    """.utf8)))
        // 2 layers of 2 x 64 x 64 + 2 x 64 x 32 and 3 x 64 x 128, and the head.
        let active = 2 * (8192 + 4096 + 24_576) + 6400
        let cost = try recipe.plannedCost(operationsPerSecond: 1e6, rates: recipe.rates)
        #expect(cost.parameters == active && cost.activeParameters == active)
        #expect(cost.tokens == 10 * 4 * 2 * 32)
        let perToken = 6.0 * Double(active) + 3 * Double(2 * 2 * 64) * 32
        #expect(cost.operationsPerToken == perToken)
        #expect(cost.seconds == perToken * 2560 / 1e6)
        #expect(cost.money.map { abs($0 - 2 * perToken * 2560 / 1e6 / 3600) < 1e-12 } ?? false)
        #expect(try recipe.plannedCost(operationsPerSecond: nil, rates: recipe.rates).hours == nil)
    }
}

@Suite struct EnergyMeterTests {
    /// Makes `intel-rapl:…` directories.
    private static func zone(
        _ folder: TemporaryFolder, _ id: String, _ name: String, energy: Int, range: Int = 1_000_000
    ) throws {
        let path = folder.path("intel-rapl:\(id)")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for (file, text) in [
            ("name", name), ("energy_uj", String(energy)), ("max_energy_range_uj", String(range)),
        ] {
            try Data((text + "\n").utf8).write(to: URL(fileURLWithPath: "\(path)/\(file)"))
        }
    }

    @Test("packages and their memories are summed up, parts of packages and platforms are not")
    func zones() throws {
        let folder = try TemporaryFolder()
        func write(_ energy: Int) throws {
            try Self.zone(folder, "0", "package-0", energy: energy)
            try Self.zone(folder, "0:0", "core", energy: energy)
            try Self.zone(folder, "0:1", "dram", energy: energy)
            try Self.zone(folder, "1", "package-1", energy: energy)
            try Self.zone(folder, "2", "psys", energy: energy)
        }
        try write(100_000)
        let meter = try #require(EnergyMeter(root: folder.url.path))
        #expect(meter.read() == 0)
        try write(300_000)
        #expect(abs((meter.read() ?? 0) - 0.6) < 1e-12)
    }

    @Test("a counter that begins at 0 again goes on, several times")
    func wrap() throws {
        let folder = try TemporaryFolder()
        try Self.zone(folder, "0", "package-0", energy: 900_000)
        let meter = try #require(EnergyMeter(root: folder.url.path))
        try Self.zone(folder, "0", "package-0", energy: 50_000)
        #expect(abs((meter.read() ?? 0) - 0.15) < 1e-12)
        try Self.zone(folder, "0", "package-0", energy: 49_000)
        #expect(abs((meter.read() ?? 0) - 1.149) < 1e-9)
    }

    @Test("without counters there is no meter, and a lost counter ends it")
    func missing() throws {
        let folder = try TemporaryFolder()
        #expect(EnergyMeter(root: folder.path("none")) == nil)
        #expect(EnergyMeter(root: folder.url.path) == nil)
        try Self.zone(folder, "0", "package-0", energy: 1)
        let meter = try #require(EnergyMeter(root: folder.url.path))
        try FileManager.default.removeItem(atPath: folder.path("intel-rapl:0/energy_uj"))
        #expect(meter.read() == nil)
        #expect(EnergyMeter(root: folder.url.path) == nil)
    }
}
