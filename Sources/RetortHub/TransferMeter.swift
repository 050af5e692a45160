// SPDX-License-Identifier: Apache-2.0

/// A transfer rate over the last seconds. It has no clock: the caller says what time it is.
package struct TransferMeter: Sendable {
    private let window: Double
    private var samples: [(time: Double, bytes: Int)] = []
    private var first = 0

    /// - Parameter window: seconds to look back.
    package init(window: Double = 5) { self.window = window }

    /// Notes bytes that arrived at `time` (seconds from any origin, never going back).
    package mutating func add(_ bytes: Int, at time: Double) {
        // Buffers come by the thousand a second: one sample for each 50 ms is enough.
        if let last = samples.last, samples.count - first > 1, time - last.time < 0.05 {
            samples[samples.count - 1].bytes += bytes
        } else {
            samples.append((time, bytes))
        }
        while first < samples.count - 1, time - samples[first].time > window { first += 1 }
        if first > 256 {
            samples.removeFirst(first)
            first = 0
        }
    }

    /// Bytes per second at `time`; zero until two samples are 0.2 s apart.
    package func rate(at time: Double) -> Double {
        let recent = samples[first...].filter { time - $0.time <= window }
        guard let start = recent.first, time - start.time >= 0.2 else { return 0 }
        // The first sample's bytes came before the span that is measured.
        let bytes = recent.dropFirst().reduce(0) { $0 + $1.bytes }
        return Double(bytes) / (time - start.time)
    }
}
