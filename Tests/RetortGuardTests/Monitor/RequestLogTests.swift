// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortGuard
import RetortJSON
import TestSupport
import Testing

@Suite("Logs of requests") struct RequestLogTests {
    private func record(_ id: String = "r1") -> RequestRecord {
        RequestRecord(
            id: id, time: 1_793_577_600.25, key: "key-1", organisation: "org", address: 0xABC,
            userAgent: "curl/8", model: "m", promptTokens: 12, completionTokens: 345,
            reasoningTokens: 100, temperature: 0.7, topP: 0.9, maxTokens: 1024, n: 2, logprobs: 5,
            isStream: true, thoughts: "summary",
            sketch: RequestSketcher(secret: .open).sketch(user: "Explain tides."))
    }

    /// A line of LiteLLM's log.
    private func gatewayLine(_ more: String = "") -> String {
        #"{"id":"x1","call_type":"acompletion","startTime":1793577600.5,"model":"m","prompt_tokens":9,"completion_tokens":20,"stream":true,"end_user":"","metadata":{"user_api_key_hash":"hash-1","user_api_key_user_id":"u","user_api_key_team_id":"team","requester_ip_address":"192.0.2.7"},"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello"},{"role":"user","content":[{"type":"text","text":"Explain tides."}]}],"model_parameters":{"temperature":0.5,"max_tokens":64,"n":4,"logprobs":true,"top_logprobs":20}\#(more)}"#
    }

    private func read(_ text: String, keepsText: Bool = false, maximum: Int = 1 << 20) throws -> (
        records: [RequestRecord], problems: RequestLog.Problems
    ) {
        let folder = try TemporaryFolder()
        let path = folder.path("log.jsonl")
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        var log = RequestLog(keepsText: keepsText, maximumLineBytes: maximum)
        var records: [RequestRecord] = []
        try log.read(path: path) { records.append($0) }
        return (records, log.problems)
    }

    @Test("a record comes back from its line")
    func line() throws {
        let (records, problems) = try read(record().line + "\n" + record("r2").line + "\n")
        #expect(records == [record(), record("r2")])
        #expect(problems.unused == 0)
        #expect(problems.description.isEmpty)
    }

    @Test("a record that lacks what is optional comes back too")
    func short() throws {
        let short = RequestRecord(id: "", time: 0, key: "k", sketch: RequestSketch())
        #expect(try read(short.line).records == [short])
    }

    @Test("a line of LiteLLM is read: who, when, with which settings, and what the text looks like")
    func gateway() throws {
        let (records, problems) = try read(gatewayLine() + "\n")
        let found = try #require(records.first)
        #expect(problems.gateway == 1)
        #expect(found.key == "hash-1")
        #expect(found.organisation == "team")
        #expect(found.address == SketchSecret.open.address("192.0.2.7"))
        #expect(found.time == 1_793_577_600.5)
        #expect(found.n == 4)
        #expect(found.logprobs == 20)
        #expect(found.maxTokens == 64)
        #expect(found.temperature == 0.5)
        #expect(found.isStream)
        #expect(found.text == nil)
        let sketch = RequestSketcher(secret: .open)
            .sketch(system: "Be brief.", user: "Explain tides.", turns: 2)
        #expect(found.sketch == sketch)
        #expect(try read(gatewayLine(), keepsText: true).records.first?.text == "Explain tides.")
    }

    @Test("a line of LiteLLM inside a callback's object, and with a date as text, is read")
    func wrapped() throws {
        let line = gatewayLine().replacing("1793577600.5", with: #""2026-11-02T00:00:00.5Z""#)
        let (records, _) = try read(#"{"standard_logging_object":\#(line)}"#)
        #expect(records.first?.time == 1_793_577_600.5)
    }

    @Test("without a key, whoever else a gateway names is the key")
    func identity() throws {
        let line = gatewayLine().replacing(#""hash-1""#, with: "null")
        #expect(try read(line).records.first?.key == "user:u")
    }

    @Test("lines that cannot be used are counted and told, and the rest is used")
    func problems() throws {
        let lines = [
            record().line, "not JSON", "", "[1]", #"{"a":1}"#, #"{"retort_request":2}"#,
            record().line.replacing(#""key":"key-1","#, with: ""),
            record().line.replacing(#""time":1793577600.25"#, with: #""time":"soon""#),
            record().line.replacing(#""sketch":"AQ"#, with: #""sketch":"!!"#),
            gatewayLine().replacing(#""messages""#, with: #""other""#),
            String(repeating: "x", count: 4000), gatewayLine(), record("r9").line,
            String(record().line.prefix(100)),
        ]
        let (records, problems) = try read(lines.joined(separator: "\n"), maximum: 2000)
        #expect(records.map(\.id) == ["r1", "x1", "r9"])
        #expect(problems.lines == 14)
        #expect(problems.blank == 1)
        #expect(problems.notJSON == 1)
        #expect(problems.unknown == 2)
        #expect(problems.tooLong == 1)
        #expect(problems.isCut)
        #expect(problems.incomplete["key"] == 1)
        #expect(problems.incomplete["time"] == 1)
        #expect(problems.incomplete["sketch"] == 1)
        #expect(problems.incomplete["messages"] == 1)
        #expect(problems.first == [2, 4, 5, 6, 7])
        #expect(problems.description.contains("cut in the middle"))
        #expect(problems.description.contains("The other 3 records were"))
    }

    @Test("a last line without a line feed is used if it is whole")
    func unterminated() throws {
        let (records, problems) = try read(record().line)
        #expect(records.count == 1)
        #expect(!problems.isCut)
    }

    @Test(
        "a log without any record is refused, and its text not repeated",
        arguments: ["", "\n\n", "secret", #"{"secret": 1}"#])
    func none(text: String) throws {
        let error = #expect(throws: GuardError.self) { try read(text) }
        #expect(error?.description.contains("no record") == true)
        #expect(error?.description.contains("secret") == false)
    }

    @Test(
        "absurd numbers are cut to what can be counted",
        arguments: ["1e300", "-5", "9223372036854775807", "1e400", "NaN", "\"x\"", "null"])
    func absurd(number: String) throws {
        let line = gatewayLine().replacing(
            "\"prompt_tokens\":9", with: "\"prompt_tokens\":\(number)"
        )
        .replacing("\"n\":4", with: "\"n\":\(number)")
        let (records, _) = try read(line)
        if let found = records.first {
            #expect((0...1 << 40).contains(found.promptTokens))
            #expect((1...1 << 40).contains(found.n))
        }
    }

    @Test(
        "times are read and written",
        arguments: [
            ("1970-01-01", 0), ("2026-11-02T00:00:00Z", 1_793_577_600),
            ("2026-11-02 01:00:00+01:00", 1_793_577_600),
            ("2024-02-29T12:00:00-0230", 1_709_217_000),
            ("2000-03-01", 951_868_800),
        ] as [(String, Double)])
    func times(text: String, seconds: Double) {
        #expect(TimeText.seconds(text) == seconds)
        #expect(TimeText.seconds(TimeText.text(seconds).replacing(" UTC", with: "Z")) == seconds)
    }

    @Test(
        "what is no time is refused",
        arguments: [
            "", "2026", "2026-13-01", "2026-11-02T25:00:00", "2026-11-02x", "2026-11-02T00:00:00+",
        ])
    func noTimes(text: String) {
        #expect(TimeText.seconds(text) == nil)
    }
}
