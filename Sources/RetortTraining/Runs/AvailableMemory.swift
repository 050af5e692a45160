// SPDX-License-Identifier: Apache-2.0

import Foundation

/// How much memory can still be had.
package enum AvailableMemory {
    /// Bytes that programs can take without others being pushed out: what the kernel says, or what the
    /// limit of the control group leaves if that is less. Nil where the system does not tell.
    package static func bytes() -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8) else {
            return nil
        }
        let machine = value(in: text).map { $0 << 10 }
        guard let limit = number("memory.max"), let used = number("memory.current") else {
            return machine
        }
        return min(machine ?? .max, max(0, limit - used))
    }

    /// The kibibytes in `MemAvailable:   12345 kB`.
    package static func value(in text: String) -> Int? {
        for line in text.split(separator: "\n") where line.hasPrefix("MemAvailable:") {
            return line.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        }
        return nil
    }

    private static func number(_ file: String) -> Int? {
        let text = try? String(contentsOfFile: "/sys/fs/cgroup/\(file)", encoding: .utf8)
        return text.flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }

    /// - Parameter needed: Bytes that are about to be written for the first time.
    /// - Throws: ``TrainingError`` if there are not as many.
    package static func check(_ needed: Int) throws(TrainingError) {
        guard let free = bytes(), needed > free else { return }
        func gibibytes(_ bytes: Int) -> String {
            String(format: "%.1f", Double(bytes) / Double(1 << 30))
        }
        throw TrainingError(
            "training needs \(gibibytes(needed)) GiB more and \(gibibytes(free)) GiB are free; a smaller training.batch with more accumulation, training.checkpointing or 8-bit optimizer state needs less"
        )
    }
}
