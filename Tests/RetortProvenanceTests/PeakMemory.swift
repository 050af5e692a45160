// SPDX-License-Identifier: Apache-2.0

import Foundation

#if os(Linux)
    /// The most anonymous memory while something runs, in KiB.
    enum PeakMemory {
        static func anonymous() -> Int {
            let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)
            let line = status?.split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
            return Int(line?.split(separator: " ").dropLast().last ?? "") ?? 0
        }

        static func during(_ body: () throws -> Void) async throws -> Int {
            let watch = Task.detached {
                var peak = 0
                while !Task.isCancelled {
                    peak = max(peak, anonymous())
                    try? await Task.sleep(for: .milliseconds(5))
                }
                return peak
            }
            defer { watch.cancel() }
            try body()
            watch.cancel()
            return await watch.value
        }
    }
#endif
