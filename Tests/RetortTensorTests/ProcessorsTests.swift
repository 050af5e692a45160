// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortTensor
import Testing

@Suite("Processors") struct ProcessorsTests {
    @Test(
        "a limit in processor time is a number of processors",
        arguments: [
            ("200000 100000\n", 2), ("150000 100000", 2), ("50000 100000", 1), ("max 100000", nil),
            ("", nil), ("0 100000", nil), ("100000 0", nil), ("x", nil),
        ] as [(String, Int?)])
    func quota(text: String, count: Int?) {
        #expect(Processors.processors(quota: text) == count)
    }

    @Test("there is at least one processor, and no more than the machine has or was said")
    func usable() {
        let environment = ProcessInfo.processInfo.environment
        let said = environment[Processors.variable].flatMap { Int($0) }
        let most = said ?? ProcessInfo.processInfo.processorCount
        #expect(Processors.usable >= 1 && Processors.usable <= most)
    }
}
