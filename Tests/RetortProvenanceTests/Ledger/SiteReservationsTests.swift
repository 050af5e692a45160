// SPDX-License-Identifier: Apache-2.0

import RetortProvenance
import TestSupport
import Testing

@Suite("What a site says of a page") struct SiteReservationsTests {
    private func evidence(
        _ part: SiteReservations.Part, _ body: String, status: Int = 200,
        headers: [String: [String]] = [:], page: String = "https://example.org/a/b.html?c=1"
    ) throws -> [OptOutEvidence] {
        let site = try SiteReservations(page: page)
        let answer = SiteReservations.Answer(
            part: part, url: site.url(of: part) ?? "https://example.org/l.xml", status: status,
            headers: headers, body: Array(body.utf8), fetched: 5)
        return try site.evidence(of: answer, agents: ["retort", "GPTBot"])
    }

    @Test("a page's address gives the site, the path and where to ask")
    func places() throws {
        let site = try SiteReservations(page: "HTTPS://example.org:8443/a%20b?c=d#e")
        #expect(site.site == "https://example.org:8443" && site.path == "/a%20b?c=d")
        #expect(site.url(of: .robots) == "https://example.org:8443/robots.txt")
        #expect(site.url(of: .tdmrep) == "https://example.org:8443/.well-known/tdmrep.json")
        #expect(try SiteReservations(page: "http://x").path == "/")
    }

    @Test(
        "what is no address of the web is refused",
        arguments: ["", "example.org/a", "file:///etc/passwd", "https://", "ftp://x/y"])
    func noAddress(_ text: String) {
        #expect(throws: ProvenanceError.self) { try SiteReservations(page: text) }
    }

    @Test(
        "robots.txt: what is missing forbids nothing, what fails forbids all, as RFC 9309 has it",
        arguments: [
            (200, "User-agent: *\nDisallow: /a", OptOutEvidence.Verdict.reserved),
            (200, "User-agent: *\nDisallow: /b", .silent),
            (200, "User-agent: GPTBot\nDisallow: /", .reserved),
            (200, "User-agent: *\nContent-Usage: train-ai=y", .permitted),
            (404, "User-agent: *\nDisallow: /", .silent), (403, "", .silent), (503, "", .reserved),
        ])
    func robots(_ status: Int, _ body: String, _ expected: OptOutEvidence.Verdict) throws {
        let found = try evidence(.robots, body, status: status)
        #expect(found.verdict == expected && found.count == 1)
        #expect(found.first?.snapshot == ContentHash(of: Array(body.utf8)))
        #expect(found.first?.fetched == 5)
    }

    @Test("a page's headers and elements are read, the stricter of two that differ")
    func page() throws {
        let usage = try evidence(.page, "", headers: ["content-usage": ["search=y", "train-ai=n"]])
        #expect(usage.map(\.method) == [.aipref] && usage.verdict == .reserved)
        let element = "<head><meta name=tdm-reservation content=1></head>"
        let both = try evidence(.page, element, headers: ["tdm-reservation": ["0"]])
        #expect(both.map(\.method) == [.tdmrep] && both.verdict == .reserved)
        #expect(try evidence(.page, "", headers: ["tdm-reservation": ["0"]]).verdict == .permitted)
        #expect(try evidence(.page, "<p>nothing</p>").isEmpty)
    }

    @Test("a file of TDMRep that is not there says nothing; a licence that is not there reserves")
    func missing() throws {
        #expect(try evidence(.tdmrep, "<html>", status: 404).isEmpty)
        #expect(throws: ProvenanceError.self) { try evidence(.tdmrep, "<html>") }
        #expect(try evidence(.rsl, "", status: 410).verdict == .reserved)
    }

    @Test("licence documents are found in robots.txt and in links, relative ones too")
    func licences() throws {
        let site = try SiteReservations(page: "https://example.org/a/b.html")
        func licences(
            _ part: SiteReservations.Part, _ body: String, headers: [String: [String]] = [:]
        ) -> [String] {
            site.licences(
                of: .init(
                    part: part, url: site.url(of: part) ?? "", headers: headers,
                    body: Array(body.utf8), fetched: 0))
        }
        #expect(
            licences(.robots, "License: /l.xml\nLicense: file:///etc/passwd\n")
                == ["https://example.org/l.xml"])
        let link =
            "<c.css>; rel=preload, <../l2.xml>; rel=\"license\"; type=\"application/rsl+xml\""
        #expect(licences(.page, "", headers: ["link": [link]]) == ["https://example.org/l2.xml"])
        #expect(
            licences(.page, "", headers: ["link": ["<x>; rel=license; type=text/html"]]).isEmpty)
    }

    @Test("one reservation outweighs permissions, a permission outweighs silence")
    func together() throws {
        func item(_ verdict: OptOutEvidence.Verdict) -> OptOutEvidence {
            OptOutEvidence(
                method: .terms, url: "u", fetched: 0, snapshot: ContentHash(of: "x"),
                verdict: verdict, reason: "r")
        }
        #expect([item(.permitted), item(.reserved), item(.silent)].verdict == .reserved)
        #expect([item(.silent), item(.permitted)].verdict == .permitted)
        #expect([item(.silent)].verdict == .silent)
        #expect([OptOutEvidence]().verdict == .silent)
    }
}
