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
        return site.evidence(of: answer, agents: ["retort", "GPTBot"])
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
        #expect(try evidence(.rsl, "", status: 410).verdict == .reserved)
    }

    @Test(
        "a site's page in place of tdmrep.json is none; what cannot be read reserves and is kept",
        arguments: [
            ("<!doctype html><p>Not found", nil, nil), ("\u{FEFF}\n <html>", nil, nil),
            ("Not found", "text/html; charset=utf-8", nil),
            ("[{\"location\": \"/\"", nil, OptOutEvidence.Verdict.reserved),
            ("", nil, .reserved), ("{}", "application/json", .reserved),
            (#"[{"location": "/", "tdm-reservation": 0}]"#, "text/html", .permitted),
        ] as [(String, String?, OptOutEvidence.Verdict?)])
    func unreadable(_ body: String, _ type: String?, _ expected: OptOutEvidence.Verdict?) throws {
        let found = try evidence(
            .tdmrep, body, headers: type.map { ["content-type": [$0]] } ?? [:])
        #expect(found.map(\.verdict) == (expected.map { [$0] } ?? []))
        if expected == .reserved {
            #expect(found.first?.reason.contains("cannot be read") == true)
            #expect(found.first?.body == Array(body.utf8) && found.first?.method == .tdmrep)
        }
    }

    @Test("a licence document that cannot be read reserves", arguments: ["<html></html>", "<rsl>"])
    func unreadableLicence(_ body: String) throws {
        let found = try evidence(.rsl, body)
        #expect(found.map(\.verdict) == [.reserved] && found.map(\.method) == [.rsl])
        #expect(found.first?.reason.contains("cannot be read") == true)
        #expect(found.first?.snapshot == ContentHash(of: Array(body.utf8)))
    }

    @Test("a licence that stands in the page's HTML is read there")
    func inlineLicence() throws {
        let rsl =
            "<rsl><content url='/a/'><license><prohibits type='usage'>ai-train</prohibits>"
            + "</license></content></rsl>"
        func page(_ type: String, _ text: String) -> String {
            "<head><title><script></title><SCRIPT type=\"\(type)\">\(text)</Script ><meta name=x></head>"
        }
        let found = try evidence(.page, page("application/RSL+xml; charset=utf-8", rsl))
        #expect(found.map(\.method) == [.rsl] && found.verdict == .reserved)
        #expect(found.first?.snapshot == ContentHash(of: rsl))
        #expect(found.first?.url == "https://example.org/a/b.html?c=1")
        #expect(try evidence(.page, page("text/plain", rsl)).isEmpty)
        let wrapped = "\n<![CDATA[\(rsl)]]>\n"
        #expect(
            try evidence(.page, page("application/rsl+xml", wrapped)).map(\.verdict) == [.reserved])
        for broken in ["<rsl>", "", "<rsl><content url='/a/'/>"] {
            let found = try evidence(.page, page("application/rsl+xml", broken))
            #expect(found.map(\.verdict) == [.reserved], "\(broken)")
            #expect(found.first?.reason.contains("cannot be read") == true)
        }
        let cut = try evidence(.page, "<script type=application/rsl+xml>\(rsl.dropLast(6))")
        #expect(cut.map(\.verdict) == [.reserved])
    }

    @Test("what stands in a script, a style or a title is no element of the page")
    func text() throws {
        let element = "<meta name=tdm-reservation content=0>"
        for name in ["script", "style", "title"] {
            let page =
                "<head><\(name)>\(element)</head></\(name)><meta name=tdm-reservation content=1>"
            #expect(try evidence(.page, page).map(\.verdict) == [.reserved], "\(name)")
        }
    }

    @Test("a name and a password of an address are not kept")
    func userInformation() throws {
        let page = "https://ann:secret@example.org/a%20b?c=d"
        let site = try SiteReservations(page: page)
        #expect(site.page == "https://example.org/a%20b?c=d" && site.url(of: .page) == site.page)
        let found = try evidence(.page, "", headers: ["tdm-reservation": ["1"]], page: page)
        #expect(found.map(\.url) == ["https://example.org/a%20b?c=d"])
        let named = site.licences(
            of: .init(
                part: .robots, url: "https://example.org/robots.txt",
                body: Array("License: https://ann:secret@example.net/l.xml".utf8), fetched: 0))
        #expect(named == ["https://example.net/l.xml"])
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
        let head =
            "<head><LINK rel='nofollow License' type=\"application/rsl+xml\" href=../l3.xml?a&amp;b>"
            + "<link rel=license type=text/html href=/l4.xml><link rel=license href=/l5.xml>"
            + "<link rel=stylesheet type=application/rsl+xml href=/l6.xml>"
            + "<script>'<link rel=license type=application/rsl+xml href=/l7.xml>'</script></head>"
        #expect(licences(.page, head) == ["https://example.org/l3.xml?a&b"])
    }

    @Test("what robots.txt names does not decide how many licence documents are asked for")
    func manyLicences() throws {
        let site = try SiteReservations(page: "https://example.org/a")
        func answer(_ count: Int) -> SiteReservations.Answer {
            let body = (0..<count).map { "License: /\($0).xml\nLicense: /0.xml\n" }.joined()
            return .init(
                part: .robots, url: "https://example.org/robots.txt", body: Array(body.utf8),
                fetched: 0)
        }
        let most = answer(SiteReservations.licenceLimit)
        #expect(site.licences(of: [most, most]).count == 8)
        #expect(site.licencesLeftOut(of: [most, most]) == nil)
        let more = answer(1000)
        #expect(
            site.licences(of: [more])
                == (0..<8).map { "https://example.org/\($0).xml" })
        let leftOut = try #require(site.licencesLeftOut(of: [more]))
        #expect(leftOut.verdict == .reserved && leftOut.method == .rsl)
        #expect(leftOut.reason.contains("1000") && leftOut.snapshot == ContentHash(of: more.body))
    }

    @Test(
        "after a robots.txt that fails or forbids nothing else is asked for",
        arguments: [
            (200, "", true), (200, "User-agent: *\nDisallow: /a", false),
            (200, "User-agent: other\nDisallow: /a", true), (404, "", true),
            (403, "User-agent: *\nDisallow: /a", true), (500, "", false), (503, "", false),
        ])
    func more(_ status: Int, _ body: String, _ expected: Bool) throws {
        let site = try SiteReservations(page: "https://example.org/a")
        let answer = SiteReservations.Answer(
            part: .robots, url: "https://example.org/robots.txt", status: status,
            body: Array(body.utf8), fetched: 0)
        #expect(site.allowsMore(after: answer, agent: "retort") == expected)
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
