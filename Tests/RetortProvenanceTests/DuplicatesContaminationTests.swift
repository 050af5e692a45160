// SPDX-License-Identifier: Apache-2.0

import RetortProvenance
import Testing

@Suite("Contamination") struct DuplicatesContaminationTests {
    private static func numbered(_ range: Range<Int>, _ stem: String = "w") -> String {
        range.map { "\(stem)\($0)" }.joined(separator: " ")
    }

    @Test("an item's share is the words that long enough runs cover, with the sources by share")
    func share() throws {
        var scan = try ContaminationScan([
            ContaminationItem(set: "s", id: "1", text: Self.numbered(0..<40)),
            ContaminationItem(set: "s", id: "2", text: Self.numbered(0..<40, "v")),
        ])
        scan.add("before " + Self.numbered(0..<15) + " after", name: "a")
        scan.add(Self.numbered(10..<30).uppercased(), name: "b")
        scan.add(Self.numbered(0..<12, "v") + " and " + Self.numbered(12..<24, "v"), name: "short")
        scan.add(Self.numbered(0..<15) + " gap " + Self.numbered(25..<40), name: "c")
        let report = scan.report()
        #expect(report.documents == 4)
        #expect(report.items.map(\.id) == ["1"])
        let item = try #require(report.items.first)
        #expect([item.words, item.wordsFound, item.longestRun, item.documents] == [40, 40, 20, 3])
        #expect(item.share == 1)
        #expect(item.sources.map(\.name) == ["c", "b", "a"])
        #expect(item.sources.map(\.words) == [30, 20, 15])
        #expect(report.sets.first?.items == 2)
        #expect(report.sets.first?.itemsTouched == 1)
        #expect(report.sets.first?.itemsContaminated == 1)
    }

    @Test("items shorter than a run are looked for as a whole, the shortest not at all")
    func short() throws {
        var scan = try ContaminationScan([
            ContaminationItem(set: "s", id: "six", text: "one two three four five six"),
            ContaminationItem(set: "s", id: "four", text: "one two three four"),
            ContaminationItem(set: "t", id: "none", text: "?"),
        ])
        scan.add("zero one two three four five seven", name: "not")
        scan.add("zero one two three, four five SIX seven", name: "is")
        let report = scan.report()
        #expect(report.items.map(\.id) == ["six"])
        #expect(report.items.first?.sources.map(\.name) == ["is"])
        #expect(report.sets.map(\.itemsNotTested) == [1, 1])
    }

    @Test("a template that many items share tells nothing, and is no part of the share")
    func template() throws {
        let template = Self.numbered(0..<20, "template")
        let items = (0..<60).map { number in
            ContaminationItem(
                set: "s", id: "\(number)",
                text: template + " " + Self.numbered(0..<20, "item\(number)x"))
        }
        var scan = try ContaminationScan(items)
        scan.add(template, name: "a")
        scan.add(items[7].text, name: "b")
        let report = scan.report()
        #expect(report.templateGrams == 8)
        #expect(report.items.map(\.id) == ["7"])
        #expect(report.items.first?.share == 1)
        // Runs that go over its end have 12 of its words.
        #expect(report.items.first?.words == 32)
    }

    @Test("a report survives JSON")
    func json() throws {
        var scan = try ContaminationScan([
            ContaminationItem(set: "s", id: "1", text: Self.numbered(0..<20))
        ])
        scan.add(Self.numbered(0..<13), name: "a")
        let report = scan.report()
        #expect(report.items.first?.share == 0.65)
        #expect(try ReportJSON.read(ContaminationReport.self, from: report.json()) == report)
    }

    @Test("no items and settings out of range are refused")
    func refused() {
        #expect(throws: ProvenanceError.self) { try ContaminationScan([]) }
        var settings = ContaminationSettings()
        settings.gramWords = 1
        #expect(throws: ProvenanceError.self) {
            try ContaminationScan(
                [ContaminationItem(set: "s", id: "1", text: "x")], settings: settings)
        }
    }
}
