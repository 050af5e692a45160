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
