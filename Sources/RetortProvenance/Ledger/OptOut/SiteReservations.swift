// SPDX-License-Identifier: Apache-2.0
//
// All that a site says of one page being trained on, from what it answered. Who fetches, or has saved the
// answers, is no matter here.

import Foundation

/// What to ask a site about a page, and what its answers say.
public struct SiteReservations: Sendable {
    /// What can be asked of a site.
    public enum Part: String, Sendable, CaseIterable {
        /// The page itself: its headers and the head of its HTML.
        case page
        /// RFC 9309, with the rules of AIPREF and RSL.
        case robots
        /// The TDM Reservation Protocol's file.
        case tdmrep
        /// A licence document of RSL.
        case rsl
    }

    /// What came of a request.
    public struct Answer: Sendable {
        public var part: Part
        public var url: String
        /// 200 for a file that somebody saved.
        public var status: Int
        /// Names in lower case, each with its values.
        public var headers: [String: [String]]
        public var body: [UInt8]
        /// Seconds since 1970.
        public var fetched: Double

        public init(
            part: Part, url: String, status: Int = 200, headers: [String: [String]] = [:],
            body: [UInt8], fetched: Double
        ) {
            self.part = part
            self.url = url
            self.status = status
            self.headers = headers
            self.body = body
            self.fetched = fetched
        }
    }

    /// `https://example.org`
    public let site: String
    /// With the query, from `/` on.
    public let path: String
    /// Without the name and password that an address can have: it is kept with the evidence.
    public let page: String
    /// Licence documents that a site is asked for: it names them, but does not decide how many
    /// requests are made.
    public static let licenceLimit = 8

    /// - Throws: ``ProvenanceError`` if it is no address of the web.
    public init(page: String) throws(ProvenanceError) {
        guard let components = URLComponents(string: page),
            let scheme = components.scheme?.lowercased(), scheme == "http" || scheme == "https",
            let host = components.host, !host.isEmpty
        else {
            throw ProvenanceError("'\(page)'", expected: "an address such as https://example.org/a")
        }
        self.page = Self.withoutUser(components) ?? page
        site = "\(scheme)://\(host)" + (components.port.map { ":\($0)" } ?? "")
        let query = components.percentEncodedQuery.map { "?\($0)" } ?? ""
        path =
            (components.percentEncodedPath.isEmpty ? "/" : components.percentEncodedPath) + query
    }

    /// - Returns: nil if it names no user and stays as it is.
    private static func withoutUser(_ components: URLComponents) -> String? {
        guard components.user != nil || components.password != nil else { return nil }
        var components = components
        components.user = nil
        components.password = nil
        return components.string
    }

    /// Where the parts are that every site has at the same place.
    public func url(of part: Part) -> String? {
        switch part {
        case .page: page
        case .robots: "\(site)/robots.txt"
        case .tdmrep: "\(site)/.well-known/tdmrep.json"
        case .rsl: nil
        }
    }

    /// The licence documents that robots.txt or the page name, as absolute addresses on the web.
    public func licences(of answer: Answer) -> [String] {
        var names: [String] = []
        if answer.part == .robots, (200..<300).contains(answer.status) {
            names = RobotsFile(answer.body).licences
        } else if answer.part == .page {
            for field in answer.headers["link"] ?? [] { names += Self.licenceLinks(field) }
            names += HTMLMeta(answer.body).licences
        }
        let base = URL(string: answer.url)
        return names.compactMap { name in
            guard let url = URL(string: name, relativeTo: base)?.absoluteURL,
                url.scheme == "http" || url.scheme == "https"
            else { return nil }
            let components = URLComponents(url: url, resolvingAgainstBaseURL: false)
            return components.flatMap { Self.withoutUser($0) } ?? url.absoluteString
        }
    }

    /// Whether a crawler that got this answer for robots.txt may ask for anything else but licences.
    public func allowsMore(after robots: Answer, agent: String) -> Bool {
        switch robots.status {
        case 200..<300: RobotsFile(robots.body).allows(path, agent: agent)
        // RFC 9309, 2.3.1.4: all is disallowed.
        case 500...: false
        default: true
        }
    }

    /// The licence documents to ask for, each once, no more than ``licenceLimit``.
    public func licences(of answers: [Answer]) -> [String] {
        Array(named(answers).prefix(Self.licenceLimit))
    }

    /// That there are licence documents that are not asked for; nil if there are none.
    public func licencesLeftOut(of answers: [Answer]) -> OptOutEvidence? {
        let named = named(answers)
        guard named.count > Self.licenceLimit,
            let last = answers.last(where: { !licences(of: $0).isEmpty })
        else { return nil }
        // What is not read may reserve.
        return missing(
            last, .rsl,
            "\(named.count) licence documents are named, of which \(Self.licenceLimit) are read")
    }

    private func named(_ answers: [Answer]) -> [String] {
        var seen: Set<String> = []
        return answers.flatMap { licences(of: $0) }.filter { seen.insert($0).inserted }
    }

    /// `<https://example.org/x>; rel="license"; type="application/rsl+xml"`
    private static func licenceLinks(_ field: String) -> [String] {
        // Addresses have no commas unescaped, by and large; one that does is not followed.
        field.split(separator: ",").compactMap { link in
            let parts = link.split(separator: ";").map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            guard let target = parts.first, target.hasPrefix("<"), target.hasSuffix(">") else {
                return nil
            }
            let attributes = parts.dropFirst().map {
                $0.lowercased().replacing("\"", with: "").replacing(" ", with: "")
            }
            guard attributes.contains("rel=license"),
                attributes.contains("type=\(RSLDocument.mediaType)")
            else { return nil }
            return String(target.dropFirst().dropLast())
        }
    }

    /// What an answer says. A document that cannot be read reserves: it is no permission, and the
    /// other answers count as they would without it.
    /// - Parameter agents: The crawlers that fetch for training; one that may not is a reservation.
    public func evidence(of answer: Answer, agents: [String]) -> [OptOutEvidence] {
        switch answer.part {
        case .robots: return [robots(answer, agents)]
        case .tdmrep:
            guard answer.status == 200 else { return [] }
            do throws(ProvenanceError) {
                return [
                    try TDMReservation(parsing: answer.body).evidence(
                        url: answer.url, path: path, fetched: answer.fetched)
                ]
            } catch {
                // Sites that answer every address with a page have no such file.
                return Self.isPage(answer)
                    ? [] : [missing(answer, .tdmrep, "it cannot be read: \(error)")]
            }
        case .rsl:
            guard answer.status == 200 else {
                return [
                    missing(answer, .rsl, "the licence document answers \(answer.status)")
                ]
            }
            return [licence(answer)]
        case .page: return page(answer)
        }
    }

    private static func isPage(_ answer: Answer) -> Bool {
        if answer.headers["content-type"]?.contains(where: { $0.lowercased().contains("html") })
            == true
        {
            return true
        }
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let body = answer.body.starts(with: mark) ? answer.body.dropFirst(3) : answer.body[...]
        return body.first { $0 > 0x20 } == UInt8(ascii: "<")
    }

    private func licence(_ answer: Answer) -> OptOutEvidence {
        do throws(ProvenanceError) {
            return try RSLDocument(parsing: answer.body).evidence(
                url: answer.url, site: site, path: path, fetched: answer.fetched)
        } catch {
            return missing(answer, .rsl, "the licence document cannot be read: \(error)")
        }
    }

    private func robots(_ answer: Answer, _ agents: [String]) -> OptOutEvidence {
        switch answer.status {
        case 200..<300:
            return RobotsFile(answer.body).evidence(
                url: answer.url, path: path, agents: agents, fetched: answer.fetched)
        case 500...:
            // RFC 9309, 2.3.1.4: a crawler must assume that all is disallowed.
            return missing(
                answer, .robots, "robots.txt answers \(answer.status): nothing may be fetched")
        default:
            // 2.3.1.3: what is not there forbids nothing.
            var evidence = missing(answer, .robots, "there is no robots.txt (\(answer.status))")
            evidence.verdict = .silent
            return evidence
        }
    }

    private func missing(_ answer: Answer, _ method: OptOutEvidence.Method, _ reason: String)
        -> OptOutEvidence
    {
        OptOutEvidence(
            method: method, url: answer.url, fetched: answer.fetched,
            snapshot: ContentHash(of: answer.body), body: answer.body, verdict: .reserved,
            reason: reason)
    }

    private func page(_ answer: Answer) -> [OptOutEvidence] {
        var found: [OptOutEvidence] = []
        func header(_ name: String) -> String? {
            answer.headers[name].map { $0.joined(separator: ", ") }
        }
        if let usage = header("content-usage") {
            found.append(
                UsagePreferences.evidence(
                    header: usage, url: answer.url, fetched: answer.fetched))
        }
        let head = HTMLMeta(answer.body)
        let meta = head.contents
        // One statement of a page: where header and element differ, the stricter.
        let said = [
            (header("tdm-reservation"), header("tdm-policy")),
            (meta["tdm-reservation"], meta["tdm-policy"]),
        ].filter { $0.0 != nil }.map { reservation, policy in
            TDMReservation.evidence(
                reservation: reservation, policy: policy, url: answer.url,
                fetched: answer.fetched)
        }
        if let strictest = said.first(where: { $0.verdict == .reserved }) ?? said.first {
            found.append(strictest)
        }
        for text in head.inlineLicences {
            var document = answer
            document.body = text
            found.append(licence(document))
        }
        return found
    }
}

extension [OptOutEvidence] {
    /// One reservation reserves; else one permission permits.
    public var verdict: OptOutEvidence.Verdict {
        if contains(where: { $0.verdict == .reserved }) { return .reserved }
        return contains { $0.verdict == .permitted } ? .permitted : .silent
    }
}
