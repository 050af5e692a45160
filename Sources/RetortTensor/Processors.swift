// SPDX-License-Identifier: Apache-2.0
//
// How many threads are worth starting. Threads that take turns on one processor wait for each other at
// every task, which is many times slower than one thread: what this process may use counts, not what
// the machine has.

import CRetortKernels
import Foundation

public enum Processors {
    /// The variable that sets the number for processes that are not told otherwise, such as the stages of a
    /// pipeline that run side by side.
    public static let variable = "RETORT_THREADS"

    /// Processors that this process may use: at least 1.
    public static let usable: Int = {
        if let text = ProcessInfo.processInfo.environment[variable], let count = Int(text),
            count > 0
        {
            return min(count, 256)
        }
        var count = ProcessInfo.processInfo.activeProcessorCount
        let bound = Int(rk_bound_processors())
        if bound > 0 { count = min(count, bound) }
        for most in quotas { count = min(count, most) }
        return max(1, count)
    }()

    /// Limits of the control group (version 2) that this process is in, and of those above it.
    private static var quotas: [Int] {
        let groups = FileManager.default.contents(atPath: "/proc/self/cgroup") ?? Data()
        let lines = String(decoding: groups, as: UTF8.self).split(separator: "\n")
        var path = lines.first { $0.hasPrefix("0::/") }.map { String($0.dropFirst(4)) } ?? ""
        var found: [Int] = []
        while true {
            let file = "/sys/fs/cgroup/\(path.isEmpty ? "" : path + "/")cpu.max"
            if let quota = FileManager.default.contents(atPath: file),
                let most = processors(quota: String(decoding: quota, as: UTF8.self))
            {
                found.append(most)
            }
            guard !path.isEmpty else { return found }
            path = (path as NSString).deletingLastPathComponent
        }
    }

    /// - Parameter quota: A line of `cpu.max`: microseconds in each period, or "max", and the period.
    /// - Returns: Whole processors, rounded up; nil without a limit.
    package static func processors(quota: String) -> Int? {
        let numbers = quota.split(whereSeparator: \.isWhitespace).map { Int($0) }
        guard numbers.count == 2, let time = numbers[0], let period = numbers[1], time > 0,
            period > 0
        else { return nil }
        return max(1, (time - 1) / period + 1)
    }
}
