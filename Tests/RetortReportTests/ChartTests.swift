// SPDX-License-Identifier: Apache-2.0

import RetortReport
import TestSupport
import Testing

@Suite struct ChartTests {
    private static func chart(_ bars: [BarChart.Bar], maximum: Double? = nil) -> String {
        BarChart(
            id: "bars", title: "a <b>", description: "c & d", unit: "%", axis: "\"kind\"",
            parts: ["correct", "wrong"], bars: bars, maximum: maximum
        ).svg
    }

    @Test("a bar chart is well-formed and escaped, whatever its values")
    func wellFormed() {
        let bars = [
            BarChart.Bar(name: "<1>", values: [3, 1], interval: 2...5, note: "3 & 1"),
            BarChart.Bar(name: "2", values: [.nan, .infinity], note: ""),
            BarChart.Bar(name: "3", values: [0, 0], note: "none"),
        ]
        for svg in [Self.chart(bars), Self.chart([]), Self.chart(bars, maximum: 1)] {
            #expect(markupProblems(svg) == [])
            #expect(svg.contains("a &lt;b&gt;") && svg.contains("&quot;kind&quot;"))
            #expect(!svg.contains("nan") && !svg.contains("inf"))
        }
        #expect(Self.chart(bars).contains("&lt;1&gt;"))
    }

    @Test("bars stack from the axis and the interval lies where its ends are")
    func places() {
        let svg = Self.chart(
            [.init(name: "a", values: [1, 1], interval: 1...3, note: "")], maximum: 4)
        // The scale goes from 280 at 0 to 34 at 4.
        #expect(svg.contains("class=\"f1\" x=\"70\" y=\"218.5\" width=\"768\" height=\"61.5\""))
        #expect(svg.contains("class=\"f2\" x=\"70\" y=\"157\" width=\"768\" height=\"61.5\""))
        #expect(svg.contains("class=\"error\" x1=\"454\" x2=\"454\" y1=\"218.5\" y2=\"95.5\""))
    }

    @Test("names of many bars are thinned out")
    func manyBars() {
        let bars = (0..<100).map { BarChart.Bar(name: "n\($0)", values: [1], note: "") }
        let svg = Self.chart(bars)
        #expect(svg.contains(">n0<") && !svg.contains(">n1<"))
    }

    @Test("a histogram counts every value once, in round bins", arguments: [1, 7, 24])
    func histogram(bins: Int) {
        let values = (0..<1000).map { Double($0 * 7 % 813) }
        let histogram = Histogram([values, [5, .nan, -1, .infinity]], bins: bins)
        #expect(histogram.counts.map { $0[0] }.reduce(0, +) == 1000)
        #expect(histogram.counts.map { $0[1] }.reduce(0, +) == 1)
        #expect(histogram.counts.count <= bins + 1)
        #expect(Histogram([[], []]).counts == [[0, 0]])
        #expect(histogram.bars(["a", "b"])[0].note.contains(" a, "))
    }

    @Test("escaping keeps lines only where it is asked to")
    func lines() {
        #expect(MarkupText.escape("a\r\n\tb<") == "a   b&lt;")
        #expect(MarkupText.escape("a\r\n\tb<", keepsLines: true) == "a\n\tb&lt;")
        #expect(MarkupText.escape("\u{0}\u{1B}", keepsLines: true) == "\u{FFFD}\u{FFFD}")
    }
}
