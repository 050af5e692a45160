// SPDX-License-Identifier: Apache-2.0

/// What an operator should do, from mild to hard. The monitor does none of it by itself.
public enum MonitorAction: String, Sendable, CaseIterable, Comparable {
    /// Look at it.
    case watch
    /// Limit its rate.
    case slow
    /// Give it summaries of thoughts or none.
    case hideThoughts = "hide_thoughts"
    /// Stop it until it has been heard.
    case block

    public static func < (a: Self, b: Self) -> Bool {
        (allCases.firstIndex(of: a) ?? 0) < (allCases.firstIndex(of: b) ?? 0)
    }

    /// - Parameters:
    ///   - strength: The sum over the alarm: 1 where an alert begins.
    ///   - parts: Of the sum, by ``MonitorSignal``'s order.
    static func grade(strength: Double, parts: [Double]) -> MonitorAction {
        let total = parts.reduce(0, +)
        let traces: [MonitorSignal] = [.traceSeeking, .reasoningSweep]
        let trace = zip(MonitorSignal.allCases, parts)
            .reduce(0) { $0 + (traces.contains($1.0) ? $1.1 : 0) }
        // One thing alone may have an honest reason; two that each would almost do seldom have. Signals that count the same
        // requests are one thing.
        let bare: [MonitorSignal] = [.bareSweep, .templateSweep]
        let things = zip(MonitorSignal.allCases, parts)
            .filter { !traces.contains($0.0) && !bare.contains($0.0) }.map(\.1)
        let sweep = zip(MonitorSignal.allCases, parts)
            .reduce(0) { $0 + (bare.contains($1.0) ? $1.1 : 0) }
        let strong = (things + [trace, sweep]).count(where: { $0 * strength >= 0.75 * total })
        if strength >= 3, strong >= 2 { return .block }
        if strength >= 1.5, trace >= 0.4 * total { return .hideThoughts }
        return strength >= 1.5 ? .slow : .watch
    }
}
