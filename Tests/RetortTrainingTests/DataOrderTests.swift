// SPDX-License-Identifier: Apache-2.0

import RetortTraining
import Testing

@Suite struct DataOrderTests {
    @Test(
        "the order of an epoch holds every document once",
        arguments: Array(0...70) + [127, 128, 129, 1000, 1023, 1024, 1025, 65_537])
    func bijection(count: Int) {
        for epoch in [0, 1, 7] {
            let order = IndexPermutation(count: count, seed: 5, epoch: epoch)
            var seen = [Bool](repeating: false, count: count)
            for i in 0..<count {
                let place = order[i]
                #expect((0..<count).contains(place))
                #expect(!seen[place])
                seen[place] = true
            }
        }
    }

    @Test("places of a very large order are in range and differ") func large() {
        let count = 1 << 40 + 12_345
        let order = IndexPermutation(count: count, seed: 1, epoch: 3)
        let places = (0..<2000).map { order[$0] }
        #expect(Set(places).count == 2000)
        #expect(places.allSatisfy { (0..<count).contains($0) })
        // A stream of its first places covers all of it.
        #expect(places.contains { $0 < count / 8 } && places.contains { $0 > count / 8 * 7 })
    }

    @Test("seeds, epochs and streams have orders of their own, equal keys the same order")
    func keys() {
        func order(_ seed: UInt64, _ epoch: Int, _ stream: UInt64) -> [Int] {
            let order = IndexPermutation(count: 100, seed: seed, epoch: epoch, stream: stream)
            return (0..<100).map { order[$0] }
        }
        #expect(order(1, 2, 3) == order(1, 2, 3))
        let orders = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (.max, 1 << 40, 9)]
            .map { order($0.0, $0.1, $0.2) }
        #expect(Set(orders).count == orders.count)
        #expect(!orders.contains(Array(0..<100)))
    }

    @Test(
        "every document comes first, and last, about as often as the others", arguments: [2, 5, 16])
    func uniform(count: Int) {
        let epochs = 4000
        var first = [Int](repeating: 0, count: count)
        var last = first
        for epoch in 0..<epochs {
            let order = IndexPermutation(count: count, seed: 11, epoch: epoch)
            first[order[0]] += 1
            last[order[count - 1]] += 1
        }
        let expected = Double(epochs) / Double(count)
        for counts in [first, last] {
            let chiSquare = counts.reduce(0.0) {
                $0 + (Double($1) - expected) * (Double($1) - expected) / expected
            }
            // The mean is count - 1; a tenth of this would be passed by chance in most runs.
            #expect(chiSquare < Double(count) * 4, "\(counts)")
        }
    }
}
