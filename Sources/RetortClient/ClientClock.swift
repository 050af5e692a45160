// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Time and chance as the client sees them, so that tests need neither.
public struct ClientClock: Sendable {
    /// Seconds since 1970; only for dates in headers.
    public var now: @Sendable () -> Double
    /// Seconds that never run backwards.
    public var uptime: @Sendable () -> Double
    public var sleep: @Sendable (Duration) async throws -> Void
    /// In 0 ..< 1.
    public var random: @Sendable () -> Double

    public init(
        now: @escaping @Sendable () -> Double, uptime: @escaping @Sendable () -> Double,
        sleep: @escaping @Sendable (Duration) async throws -> Void,
        random: @escaping @Sendable () -> Double
    ) {
        self.now = now
        self.uptime = uptime
        self.sleep = sleep
        self.random = random
    }

    /// The machine's.
    public static let system = ClientClock(
        now: { Date().timeIntervalSince1970 },
        uptime: { ProcessInfo.processInfo.systemUptime },
        sleep: { try await Task.sleep(for: $0) },
        random: { .random(in: 0..<1) })
}
