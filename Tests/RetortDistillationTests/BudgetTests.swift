// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortClient
import RetortDistillation
import RetortJSON
import TestSupport
import Testing

@Suite("Prices and budgets")
struct BudgetTests {
    private static let table = #"""
        {"date": "2026-01-31", "source": "https://example.com/prices", "models": {
        "a": {"input": 0.55, "cached_input": 0.14, "output": 2.19, "batch_factor": 0.5},
        "b": {"input": 2, "output": 8, "date": "2026-02-01"}}}
        """#

    @Test("A price counts cached tokens apart, and batches less")
    func cost() throws {
        let price = try #require(try PriceTable(parsing: Array(Self.table.utf8))["a"])
        let usage = TokenUsage(
            promptTokens: 1_000_000, cachedTokens: 400_000, completionTokens: 2_000_000)
        #expect(price.cost(of: usage).value == 0.6 * 0.55 + 0.4 * 0.14 + 2 * 2.19)
        #expect(price.cost(of: usage, inBatch: true).value == price.cost(of: usage).value / 2)
        #expect(price.source == "https://example.com/prices")
    }

    @Test("Without a price of its own, cached input costs what input does")
    func defaults() throws {
        let table = try PriceTable(parsing: Array(Self.table.utf8))
        let price = try #require(table["b"])
        #expect(price.cachedInput == price.input)
        #expect(price.batchFactor == 1)
        #expect(price.date == "2026-02-01")
        let other = try PriceTable(
            parsing: Array(
                #"{"models":{"a":{"input":1,"output":1,"date":"2026-03-01","source":"x"}}}"#.utf8))
        let merged = table.overridden(by: other)
        #expect(merged["a"]?.date == "2026-03-01")
        #expect(merged["b"] == price)
    }

    @Test("The prices that come with the module can be read and say when they were looked up")
    func bundled() throws {
        let table = try PriceTable.bundled()
        #expect(!table.prices.isEmpty)
        for price in table.prices.values { #expect(price.source.hasPrefix("https://")) }
    }

    @Test(
        "Wrong price tables are refused by name",
        arguments: [
            "", "[]", "{}", #"{"models":[]}"#, #"{"models":{"a":1}}"#,
            #"{"models":{"a":{"input":1,"output":1}}}"#,
            #"{"models":{"a":{"input":1,"date":"2026-01-31","source":"x"}}}"#,
            #"{"models":{"a":{"input":-1,"output":1,"date":"2026-01-31","source":"x"}}}"#,
            #"{"models":{"a":{"input":1e300,"output":1,"date":"2026-01-31","source":"x"}}}"#,
            #"{"models":{"a":{"input":"1","output":1,"date":"2026-01-31","source":"x"}}}"#,
            #"{"models":{"a":{"input":1,"output":1,"ouptut":1,"date":"2026-01-31","source":"x"}}}"#,
            #"{"models":{"a":{"input":1,"output":1,"date":"yesterday","source":"x"}}}"#,
            #"{"models":{"a":{"input":1,"output":1,"batch_factor":7,"date":"2026-01-31","source":"x"}}}"#,
        ])
    func wrongTables(text: String) {
        let error = #expect(throws: DistillationError.self) {
            _ = try PriceTable(parsing: Array(text.utf8))
        }
        #expect(error?.kind == .invalidInput)
    }

    @Test("Amounts add up exactly and never overflow")
    func amounts() throws {
        #expect(
            (0..<10).reduce(Dollars.zero) { sum, _ in sum + Dollars(picodollars: 1) }.picodollars
                == 10)
        #expect(Dollars(picodollars: .max) + Dollars(picodollars: 5) == Dollars(picodollars: .max))
        #expect("\(try Dollars(1.25))" == "$1.25")
        #expect("\(try Dollars(0.000417))" == "$0.000417")
        #expect("\(try Dollars(3))" == "$3.00")
        for amount in [-1, .nan, .infinity, 1e7] {
            #expect(throws: DistillationError.self) { _ = try Dollars(amount) }
        }
        let price = try #require(try PriceTable(parsing: Array(Self.table.utf8))["a"])
        let absurd = TokenUsage(promptTokens: .max, completionTokens: .max)
        #expect(price.cost(of: absurd).picodollars == .max)
        #expect(price.cost(of: absurd, inBatch: true).picodollars > 0)
    }

    @Test("With a budget, an unknown price and an answer without a limit are refused")
    func noBound() throws {
        var request = ChatCompletionRequest(model: "a", messages: [ChatMessage(.user, "q")])
        let prices = try PriceTable(parsing: Array(Self.table.utf8))
        let budget = Budget(cap: try Dollars(1), prices: prices)
        #expect(throws: DistillationError.self) { _ = try budget.reservation(for: request) }
        request.maximumTokens = 100
        #expect(try budget.reservation(for: request) > .zero)
        request.model = "c"
        let error = #expect(throws: DistillationError.self) {
            _ = try budget.reservation(for: request)
        }
        #expect(error?.kind == .budget)
        #expect(try Budget(prices: prices).reservation(for: request) == .zero)
    }

    // MARK: Spending

    @Test("However many go at once, no more is spent than there is", arguments: [1, 3, 16])
    func noOvershoot(concurrency: Int) async throws {
        let desk = try Desk()
        let cache = try desk.open()
        // At most: 137 bytes and places of the prompt in, 20 out, together 0.34; truly 0.21.
        let plan = try Desk.plan(100, maximumTokens: 20)
        let budget = Budget(cap: try Dollars(3), prices: try Desk.prices())
        let report = try await desk.collect(
            plan, into: cache, concurrency: concurrency, options: .init(budget: budget))
        #expect(report.end == .budget)
        #expect(report.spending.spent <= (try Dollars(3)))
        #expect(report.spending.reserved == .zero)
        // What is left is less than one request may cost.
        #expect(report.spending.spent.value > 3 - 0.35)
        #expect(report.answered == desk.teacher.requests.count)
        #expect(report.open == 100 - report.answered)
        // Another run with the same budget sends nothing, one with a larger goes on.
        let second = try await desk.collect(plan, into: cache, options: .init(budget: budget))
        #expect(second.end == .budget)
        #expect(second.answered == 0)
        let larger = Budget(cap: try Dollars(100), prices: try Desk.prices())
        let third = try await desk.collect(plan, into: cache, options: .init(budget: larger))
        #expect(third.end == .finished)
        #expect(third.open == 0)
        #expect(desk.teacher.requests.count == 100)
        #expect(third.spending.cost == (try Dollars(21)))
    }

    @Test("Tries that may be charged count against the budget")
    func lostTries() async throws {
        let desk = try Desk()
        let cache = try desk.open()
        desk.teacher.answer { _ in .stream([]) }
        let plan = try Desk.plan(100, maximumTokens: 20)
        let budget = Budget(cap: try Dollars(3), prices: try Desk.prices())
        let report = try await desk.collect(
            plan, into: cache, concurrency: 2, attempts: 50, options: .init(budget: budget))
        #expect(report.end == .budget)
        #expect(report.spending.cost == .zero)
        #expect(report.spending.spent <= (try Dollars(3)))
        #expect(report.spending.spent.value > 2)
        // Each of them is counted once.
        let each = try budget.reservation(for: plan[0].request)
        #expect(
            report.spending.uncertain.picodollars / each.picodollars
                == Int64(desk.teacher.requests.count))
    }

    @Test("An answer without a count costs what it might have cost at most")
    func withoutUsage() async throws {
        let desk = try Desk()
        let cache = try desk.open()
        desk.teacher.answer { .answer(to: $0, "x", hasUsage: false) }
        let plan = try Desk.plan(2, maximumTokens: 20)
        let budget = Budget(cap: try Dollars(3), prices: try Desk.prices())
        let report = try await desk.collect(plan, into: cache, options: .init(budget: budget))
        #expect(report.withoutUsage == 2)
        let each = try budget.reservation(for: plan[0].request)
        #expect(report.spending.cost == each + each)
        #expect(try await cache.answer(plan[0].key)?.costIsBound == true)
    }

    @Test("A budget that cannot be kept to sends nothing")
    func refused() async throws {
        let desk = try Desk()
        let cache = try desk.open()
        let budget = Budget(cap: try Dollars(3), prices: PriceTable())
        let plan = try Desk.plan(2, maximumTokens: 20)
        let error = await #expect(throws: DistillationError.self) {
            try await desk.collect(plan, into: cache, options: .init(budget: budget))
        }
        #expect(error?.kind == .budget)
        #expect(desk.teacher.requests.isEmpty)
    }
}
