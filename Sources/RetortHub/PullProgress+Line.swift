// SPDX-License-Identifier: Apache-2.0

extension PullProgress {
    /// The progress as one line of at most `columns` characters: share, bar, bytes, rate, time left.
    package func line(columns: Int) -> String {
        let share = totalBytes > 0 ? Double(completedBytes) / Double(totalBytes) : 1
        // Never 100 % before all is there.
        let percent = completedBytes >= totalBytes ? 100 : min(Int(share * 100), 99)
        var tail = " \(ByteCount(max(completedBytes, 0))) of \(ByteCount(totalBytes))"
        if bytesPerSecond > 0, completedBytes < totalBytes {
            tail += "  \(ByteCount(Int(min(bytesPerSecond, 1e15))))/s"
            if let secondsLeft { tail += "  \(Self.time(secondsLeft)) left" }
        }
        if totalFiles > 1 { tail += "  \(completedFiles)/\(totalFiles) files" }
        let head = String(repeating: " ", count: percent < 10 ? 2 : percent < 100 ? 1 : 0)
        let text = "\(head)\(percent)%"
        let width = min(columns - text.count - tail.count - 3, 30)
        guard width >= 5 else { return String((text + tail).prefix(max(columns, 0))) }
        let filled = Int((Double(width) * min(max(share, 0), 1)).rounded(.down))
        let bar =
            String(repeating: "#", count: filled) + String(repeating: "-", count: width - filled)
        return "\(text) [\(bar)]\(tail)"
    }

    /// `9s`, `1m38s`, `2h05m`.
    private static func time(_ seconds: Double) -> String {
        let total = Int(min(seconds.rounded(.up), 3_600_000))
        func padded(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        if total < 60 { return "\(total)s" }
        if total < 3600 { return "\(total / 60)m\(padded(total % 60))s" }
        return "\(total / 3600)h\(padded(total % 3600 / 60))m"
    }
}
