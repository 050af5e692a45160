// SPDX-License-Identifier: Apache-2.0

import RetortHub
import Testing

@Suite("The transfer rate")
struct TransferMeterTests {
    @Test("A steady transfer has its rate")
    func steady() {
        var meter = TransferMeter(window: 5)
        for step in 0...1000 { meter.add(1000, at: Double(step) / 100) }
        #expect(abs(meter.rate(at: 10) - 100_000) < 2000)
    }

    @Test("The rate follows the last seconds and dies when nothing comes")
    func recent() {
        var meter = TransferMeter(window: 5)
        for step in 0...100 { meter.add(1000, at: Double(step) / 10) }
        for step in 101...200 { meter.add(10_000, at: Double(step) / 10) }
        #expect(abs(meter.rate(at: 20) - 100_000) < 3000)
        #expect(meter.rate(at: 26) == 0)
    }

    @Test("Nothing is claimed from too little")
    func early() {
        var meter = TransferMeter()
        #expect(meter.rate(at: 0) == 0)
        meter.add(1_000_000, at: 0)
        #expect(meter.rate(at: 0.1) == 0)
    }
}

@Suite("The progress line")
struct ProgressLineTests {
    private let progress = PullProgress(
        completedBytes: 4_300_000_000, totalBytes: 8_500_000_000, completedFiles: 1, totalFiles: 4,
        bytesPerSecond: 52_100_000, secondsLeft: 80.6)

    @Test(
        "It shows what fits",
        arguments: [
            (
                100,
                " 50% [###############---------------] 4.3 GB of 8.5 GB  52.1 MB/s  1m21s left  1/4 files"
            ),
            (70, " 50% [######------] 4.3 GB of 8.5 GB  52.1 MB/s  1m21s left  1/4 files"),
            (20, " 50% 4.3 GB of 8.5 G"),
        ])
    func line(columns: Int, text: String) {
        #expect(progress.line(columns: columns) == text)
    }

    @Test("It reaches 100 % only at the end")
    func end() {
        var progress = progress
        progress.completedBytes = progress.totalBytes - 1
        #expect(progress.line(columns: 80).hasPrefix(" 99%"))
        progress.completedBytes += 1
        #expect(progress.line(columns: 80).hasPrefix("100%"))
        #expect(!progress.line(columns: 80).contains("left"))
        progress.totalBytes = 0
        progress.completedBytes = 0
        #expect(progress.line(columns: 80).hasPrefix("100%"))
    }

    @Test(
        "Long waits are in hours",
        arguments: [(59.2, "1m00s"), (7500, "2h05m"), (1e300, "1000h00m")])
    func waits(seconds: Double, text: String) {
        var progress = progress
        progress.secondsLeft = seconds
        #expect(progress.line(columns: 100).contains("  \(text) left"))
    }
}
