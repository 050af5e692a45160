// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON

/// What models cost, by the names that their endpoints use.
public struct PriceTable: Sendable, Equatable {
    public private(set) var prices: [String: ModelPrice]

    public init(prices: [String: ModelPrice] = [:]) { self.prices = prices }

    /// Reads `{"date": …, "source": …, "models": {NAME: {"input": …, "cached_input": …, "output": …}}}`.
    /// Amounts are dollars per million tokens; `date` and `source` may stand at each model instead.
    /// - Throws: ``DistillationError`` of kind `invalidInput` that names the entry.
    public init(_ json: JSONValue) throws(DistillationError) {
        guard let models = json["models"]?.objectValue else {
            throw DistillationError(
                .invalidInput, "the price table has no object 'models'; expected one of prices")
        }
        prices = [:]
        for member in models.members {
            prices[member.key] = try ModelPrice(
                member.value, model: member.key, date: json["date"]?.stringValue,
                source: json["source"]?.stringValue)
        }
    }

    /// Reads a table from JSON text.
    public init(parsing bytes: some Sequence<UInt8>) throws(DistillationError) {
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONValue(parsing: bytes)
        } catch {
            throw DistillationError(.invalidInput, "the price table is \(error)")
        }
        try self.init(json)
    }

    /// The few prices that come with this module. They age: see each one's date.
    public static func bundled() throws(DistillationError) -> PriceTable {
        try PriceTable(parsing: PackageResources.prices_json)
    }

    public subscript(model: String) -> ModelPrice? { prices[model] }

    /// This table with the entries of `other` in place of its own.
    public func overridden(by other: PriceTable) -> PriceTable {
        PriceTable(prices: prices.merging(other.prices) { $1 })
    }
}
