// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortProvenance
import TestSupport
import Testing

@Suite("Opt-outs") struct OptOutTests {
    private static func file(_ name: String) throws -> [UInt8] {
        let tests = URL(fileURLWithPath: "\(#filePath)").deletingLastPathComponent()
            .deletingLastPathComponent()
        return Array(try Data(contentsOf: tests.appendingPathComponent("Fixtures/\(name)")))
    }

    // MARK: robots.txt

    @Test(
        "robots.txt: the crawler's group, else that for all; the longest match, of equals the milder",
        arguments: [
            ("any", "/", true), ("any", "/private/x", false), ("any", "/private/but-this/x", true),
            ("any", "/a/b.pdf", false), ("any", "/a/b.pdfx", true), ("any", "/a.pdf?x", true),
            ("GPTBot", "/", false), ("gptbot/1.1", "/x", false), ("CCBot", "/private", false),
            ("GPTBot", "/robots.txt", true), ("retort-bot", "/private", true),
            ("retort-bot", "/café/x", false), ("retort-bot", "/caf%c3%a9", false),
            ("retort-bot", "/a/b", true), ("retort-bot", "/a%2fb", false),
            ("retort-bot", "/~user", true), ("retort-bot", "/second-group/x", false),
            ("", "/private", false),
        ])
    func robots(_ agent: String, _ path: String, _ expected: Bool) throws {
        #expect(RobotsFile(try Self.file("robots.txt")).allows(path, agent: agent) == expected)
    }

    @Test(
        "robots.txt: groups and rules as RFC 9309 has them",
        arguments: [
            ("", "/x", true), ("Disallow: /", "/x", true), ("User-agent: *\nDisallow:", "/x", true),
            ("user-AGENT:*\rDISALLOW:/x", "/x", false),
            ("\u{FEFF}User-agent: *\nDisallow: /x", "/x", false),
            ("User-agent: *\nAllow: /x\nDisallow: /x", "/x", true),
            ("User-agent: *\nDisallow: /x*y*z$", "/x1y2z", false),
            ("User-agent: *\nDisallow: /x*y*z$", "/x1y2zz", false),
            ("User-agent: *\nDisallow: /x*y*z$", "/x1y2z3", true),
            ("User-agent: *\nDisallow: /x$", "/x", false),
            ("User-agent: *\nDisallow: /x$", "/xy", true),
            ("User-agent: *\nDisallow: *", "/x", false),
            ("User-agent: other\nDisallow: /", "/x", true),
            ("User-agent: b\nUnknown: 1\nUser-agent: bot\nDisallow: /", "/x", false),
            ("User-agent: *\nDisallow: /\nUser-agent: bot\nAllow: /x", "/y", true),
            ("User-agent: *\nDisallow: /%zz", "/%zz", false),
            ("User-agent: *\nDisallow: /%7Eu%2fx", "/~u%2Fx", false),
            ("User-agent: *\nDisallow: /~u", "/%7eu", false),
            ("User-agent: *\nDisallow: /x # and more", "/x", false),
            ("User-agent: *\nDisallow: /file-with-a-%2A.html", "/file-with-a-*.html", false),
            ("User-agent: *\nDisallow: /file-with-a-%2a.html", "/file-with-a-%2A.html", false),
            ("User-agent: *\nDisallow: /file-with-a-%2A.html", "/file-with-a-b.html", true),
            ("User-agent: *\nDisallow: /foo-%24", "/foo-$", false),
            ("User-agent: *\nDisallow: /foo-%24$", "/foo-$", false),
            ("User-agent: *\nDisallow: /foo-%24$", "/foo-$x", true),
            ("User-agent: *\nDisallow: /a$b", "/a$b", false),
            ("User-agent: *\nDisallow: /a$b", "/a%24b", false),
            ("User-agent: *\nDisallow: /a*b", "/a*b", false),
        ])
    func rules(_ text: String, _ path: String, _ expected: Bool) {
        #expect(RobotsFile(Array(text.utf8)).allows(path, agent: "bot") == expected)
    }

    @Test("robots.txt: what lies behind 500 KiB is not read, and a line cut there is none")
    func long() {
        let filler = String(repeating: "# filler\n", count: 500 * 1024 / 9)
        let text = "User-agent: *\nDisallow: /a\n" + filler
        let cut = RobotsFile(Array((text + "Disallow: /bcdefghijklmnop\n").utf8))
        #expect(cut.isCut && !cut.allows("/a", agent: "x") && cut.allows("/b", agent: "x"))
        let within = String(text.dropLast(100)) + "\nDisallow: /b\n"
        #expect(!RobotsFile(Array(within.utf8)).allows("/b", agent: "x"))
    }

    @Test(
        "robots.txt: a hundred thousand stars take no longer than they must",
        .timeLimit(.minutes(1)))
    func stars() {
        let pattern = String(repeating: "*a", count: 50_000)
        let file = RobotsFile(Array("User-agent: *\nDisallow: /\(pattern)b$".utf8))
        #expect(file.allows("/" + String(repeating: "a", count: 100_000), agent: "x"))
    }

    // MARK: Evidence

    @Test(
        "robots.txt and its AIPREF rules give a verdict with a reason",
        arguments: [
            ("/private", OptOutEvidence.Verdict.reserved, OptOutEvidence.Method.robots),
            ("/x", .permitted, .aipref), ("/essays/1", .reserved, .aipref),
        ])
    func evidence(
        _ path: String, _ verdict: OptOutEvidence.Verdict, _ method: OptOutEvidence.Method
    ) throws {
        let bytes = try Self.file("robots.txt")
        let file = RobotsFile(bytes)
        #expect(file.licences == ["https://example.org/rsl.xml"])
        let evidence = file.evidence(url: "u", path: path, agents: ["any"], fetched: 5)
        #expect(evidence.verdict == verdict && evidence.method == method)
        #expect(!evidence.reason.isEmpty && evidence.snapshot == ContentHash(of: bytes))
    }

    @Test("being let in is no permission to train")
    func letIn() {
        let file = RobotsFile(Array("User-agent: *\nAllow: /".utf8))
        let evidence = file.evidence(url: "u", path: "/", agents: ["x"], fetched: 0)
        #expect(evidence.verdict == .silent)
    }

    @Test(
        "of crawlers of which different things are said, the one that may not train counts",
        arguments: [["a", "b"], ["b", "a"]])
    func crawlers(_ agents: [String]) {
        let text =
            "User-agent: a\nContent-Usage: train-ai=y\n"
            + "User-agent: b\nContent-Usage: train-ai=n\n"
        let evidence = RobotsFile(Array(text.utf8)).evidence(
            url: "u", path: "/", agents: agents, fetched: 0)
        #expect(evidence.verdict == .reserved && evidence.method == .aipref)
        #expect(evidence.reason.contains("for b"), "\(evidence.reason)")
    }

    @Test(
        "Content-Usage is a dictionary of RFC 9651, or says nothing",
        arguments: [
            ("train-ai=n", OptOutEvidence.Verdict.reserved), ("train-ai=y", .permitted),
            ("search=y, train-ai=n", .reserved), ("search=y", .silent),
            ("train-ai=n;x=1;y=\"a,b\", search=y", .reserved),
            ("train-ai=y, train-ai=n", .reserved),
            ("train-ai=n, train-ai=y", .permitted), ("train-ai=maybe", .silent),
            ("train-ai", .silent), ("train-ai=?0", .silent), ("train-ai=\"n\"", .silent),
            ("bots=n", .reserved), ("bots=n, train-ai=y", .permitted), ("", .silent),
            ("train-ai=n,", .silent), ("Train-AI=n", .silent), ("train-ai=n search=y", .silent),
            ("train-ai=(y n), bots=n", .reserved), ("train-ai=n, \"", .silent),
            ("train-ai=\"", .silent), ("train-ai=\"\\", .silent), ("train-ai=:", .silent),
            (" train-ai=n ,\tsearch=y ", .reserved),
        ])
    func usage(_ field: String, _ expected: OptOutEvidence.Verdict) {
        let evidence = UsagePreferences.evidence(header: field, url: "u", fetched: 0)
        #expect(evidence.verdict == expected, "\(evidence.reason)")
    }

    @Test(
        "tdmrep.json: the first rule that matches",
        arguments: [
            ("/free/x", OptOutEvidence.Verdict.permitted), ("/free/x.jpg", .permitted),
            ("/x.jpg", .reserved), ("/x", .reserved),
        ])
    func tdmrep(_ path: String, _ expected: OptOutEvidence.Verdict) throws {
        let file = try TDMReservation(parsing: try Self.file("tdmrep.json"))
        #expect(file.evidence(url: "u", path: path, fetched: 0).verdict == expected)
        let policy = file.evidence(url: "u", path: "/x", fetched: 0).reason
        #expect(policy.contains("https://example.org/policy.json"))
    }

    @Test(
        "tdmrep.json: what is broken is an error",
        arguments: [
            "", "{}", "[1]", "[{\"location\": \"/\"}]",
            "[{\"location\": \"/\", \"tdm-reservation\": 2}]",
            "[{\"location\": 1, \"tdm-reservation\": 1}]", "[{", "\u{0}",
        ])
    func brokenReservation(_ text: String) {
        #expect(throws: ProvenanceError.self) { try TDMReservation(parsing: Array(text.utf8)) }
    }

    @Test(
        "tdm-reservation of headers and meta elements",
        arguments: [
            ("1", OptOutEvidence.Verdict.reserved), (" 0 ", .permitted), ("yes", .silent),
            (nil, .silent),
        ] as [(String?, OptOutEvidence.Verdict)])
    func headers(_ value: String?, _ expected: OptOutEvidence.Verdict) {
        let header = TDMReservation.evidence(
            reservation: value, policy: nil, url: "u", fetched: 0)
        #expect(header.verdict == expected)
        let page = "<html><head><META content='\(value ?? "")' name=\"TDM-Reservation\"></head>"
        let found = HTMLMeta.contents(of: ["tdm-reservation"], in: Array(page.utf8))
        #expect(found["tdm-reservation"] == (value ?? ""))
        let body = "<head></head><body><meta name=tdm-reservation content=1>"
        #expect(HTMLMeta.contents(of: ["tdm-reservation"], in: Array(body.utf8)).isEmpty)
    }

    @Test(
        "RSL: the longest content's licences, what they permit, prohibit and cost",
        arguments: [
            ("/x", OptOutEvidence.Verdict.reserved, "alone"), ("/open/x", .permitted, "permits"),
            ("/news/x", .reserved, "payment (training)"), ("/paid/x", .reserved, "has to be got"),
            ("/mixed/x", .permitted, "permits"), ("/by-user/x", .reserved, "prohibits"),
            ("/schools/x", .reserved, "some alone (user)"),
            ("/europe/x", .reserved, "some alone (geo)"),
            ("/not-there/x", .reserved, "some alone (geo)"),
            ("/elsewhere-too/x", .permitted, "permits"),
        ])
    func rsl(_ path: String, _ expected: OptOutEvidence.Verdict, _ reason: String) throws {
        let document = try RSLDocument(parsing: try Self.file("rsl.xml"))
        let evidence = document.evidence(
            url: "u", site: "https://example.org", path: path, fetched: 0)
        #expect(evidence.verdict == expected)
        #expect(evidence.reason.contains(reason), "\(evidence.reason)")
    }

    @Test(
        "RSL: a content's address is this site's whatever the case, the scheme and its port",
        arguments: [
            ("https://example.org/a", "https://example.org", true),
            ("https://EXAMPLE.org/a", "https://example.org", true),
            ("https://example.org/a", "https://Example.ORG", true),
            ("http://example.org/a", "https://example.org", true),
            ("https://example.org:443/a", "https://example.org", true),
            ("HTTP://example.org:80/a", "https://example.org", true),
            ("https://example.org/a", "http://example.org:80", true),
            ("https://user@example.org/a", "https://example.org", true),
            ("//example.org/a", "https://example.org", true),
            ("https://example.org", "https://example.org", true),
            ("https://example.org?x", "https://example.org", false),
            ("https://example.org:8443/a", "https://example.org:8443", true),
            ("https://example.org:8443/a", "https://example.org", false),
            ("https://example.org.evil/a", "https://example.org", false),
            ("https://example.net/a", "https://example.org", false),
            ("ftp://example.org/a", "https://example.org", false),
            ("//example.net/a", "https://example.org", false),
        ])
    func place(_ url: String, _ site: String, _ isHere: Bool) throws {
        let text =
            "<rsl><content url='\(url)'><license><prohibits type='usage'>all</prohibits>"
            + "</license></content></rsl>"
        let evidence = try RSLDocument(parsing: Array(text.utf8)).evidence(
            url: "u", site: site, path: "/a/b", fetched: 0)
        #expect(evidence.verdict == (isHere ? .reserved : .silent))
    }

    @Test(
        "RSL: a broken document, another one, or one with entities is an error",
        arguments: [
            "", "no elements", "<html></html>", "<rsl>", "<rsl><content></rsl>", "<rsl",
            "<rsl></rsl></rsl>",
            "<!DOCTYPE rsl [<!ENTITY a \"b\">]><rsl>&a;</rsl>", "<rsl><!ENTITY x></rsl>",
            "<rsl><content url=\"/", "<rsl><!-- </rsl>", "<rsl/><!-- ", "</rsl>",
            String(repeating: "<rsl>", count: 1000),
        ])
    func brokenRSL(_ text: String) {
        #expect(throws: ProvenanceError.self) { try RSLDocument(parsing: Array(text.utf8)) }
    }

    @Test(
        "no file that lost or changed a byte traps",
        arguments: ["robots.txt", "rsl.xml", "tdmrep.json"])
    func mutated(_ name: String) throws {
        let bytes = try Self.file(name)
        var random = SeededRandom(seed: 1)
        for index in bytes.indices {
            for change in 0..<2 {
                var mutated = bytes
                if change == 0 {
                    mutated.remove(at: index)
                } else {
                    mutated[index] = UInt8(truncatingIfNeeded: random.next())
                }
                switch name {
                case "robots.txt":
                    let file = RobotsFile(mutated)
                    _ = file.evidence(url: "u", path: "/private", agents: ["x"], fetched: 0)
                case "rsl.xml":
                    _ = try? RSLDocument(parsing: mutated).evidence(
                        url: "u", site: "s", path: "/", fetched: 0)
                default: _ = try? TDMReservation(parsing: mutated)
                }
            }
        }
    }
}
