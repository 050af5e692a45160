// SPDX-License-Identifier: Apache-2.0

import RetortClient

/// How much may be spent on a cache, earlier runs included.
public struct Budget: Sendable, Equatable {
    /// nil: as much as it takes.
    public var cap: Dollars?
    public var prices: PriceTable

    public init(cap: Dollars? = nil, prices: PriceTable = PriceTable()) {
        self.cap = cap
        self.prices = prices
    }

    /// What must be set aside before the request is sent; zero if nothing is known of its price and
    /// there is no cap.
    /// - Throws: ``DistillationError`` of kind `budget` if there is a cap and no bound can be told.
    public func reservation(for request: ChatCompletionRequest, inBatch: Bool = false)
        throws(DistillationError) -> Dollars
    {
        let price = prices[request.model]
        if let amount = price?.ceiling(of: request, inBatch: inBatch) { return amount }
        guard cap != nil else { return .zero }
        guard price != nil else {
            throw DistillationError(
                .budget,
                "the price of '\(request.model)' is not known, so no budget can be kept to; give a"
                    + " price table that has it, or no budget")
        }
        throw DistillationError(
            .budget,
            "the request limits no tokens, so what it may cost has no bound; set max_tokens, or no"
                + " budget")
    }
}
