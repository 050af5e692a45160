// SPDX-License-Identifier: Apache-2.0

/// Whether a request may be sent now.
public enum RequestLease: Sendable, Equatable {
    /// Yes, by who asked and by nobody else.
    case granted
    /// It was answered.
    case done
    /// It cannot be answered.
    case failed
    /// Someone else has the right, until then at least (seconds since 1970).
    case busy(until: Double)
    /// It was written into a batch file that was not read back yet.
    case inBatch
    /// It might cost more than is left.
    case overBudget(CacheSpending)
}

/// What a cache's requests cost.
public struct CacheSpending: Sendable, Equatable {
    /// Of answers that arrived.
    public var cost: Dollars
    /// At most, of tries whose answer did not arrive though it may be charged.
    public var uncertain: Dollars
    /// Set aside for requests under way.
    public var reserved: Dollars

    /// Cost, certain or not.
    public var spent: Dollars { cost + uncertain }
}
