// SPDX-License-Identifier: Apache-2.0

import RetortReport
import Testing

@Suite struct DownsamplerTests {
    @Test(
        "downsampling keeps extremes and order in at most 2,000 points",
        arguments: [
            1, 999, 1000, 1001, 50_000, 1_000_000,
        ])
    func downsampling(count: Int) {
        for isLogarithmic in [false, true] {
            var curve = Downsampler(isLogarithmic: isLogarithmic)
            let (lowest, highest) = (count / 3 + 1, count / 2 + 1)
            for step in 1...count {
                let y = step == lowest ? -5 : step == highest ? 7 : Double(step % 13) / 13
                curve.add(Double(step), y)
            }
            curve.add(Double(count + 1), .nan)
            let points = curve.points
            #expect(points.count <= Downsampler.limit)
            #expect(zip(points, points.dropFirst()).allSatisfy { $0.x < $1.x })
            if lowest != highest { #expect(points.contains(ChartPoint(x: Double(lowest), y: -5))) }
            #expect(points.contains(ChartPoint(x: Double(highest), y: count < 2 ? -5 : 7)))
            #expect(curve.smoothed.count <= Downsampler.limit / 2)
            #expect(curve.smoothed.allSatisfy { $0.y.isFinite && $0.y >= -5 && $0.y <= 7 })
            if count <= 1000, !isLogarithmic { #expect(points.count == count) }
        }
    }

    @Test("a smoothed constant is the constant")
    func smoothedConstant() {
        var curve = Downsampler()
        for step in 1...5000 { curve.add(Double(step), 3) }
        #expect(curve.smoothed.allSatisfy { abs($0.y - 3) < 1e-9 })
    }
}
