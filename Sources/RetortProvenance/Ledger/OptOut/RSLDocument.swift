// SPDX-License-Identifier: Apache-2.0
//
// Really Simple Licensing 1.0 (recommendation of November 2025): what may be done with which parts of a
// site and for what payment. A document that declares a type is refused: entities have no place in it.

/// Licences that a site offers.
public struct RSLDocument: Sendable, Equatable {
    public static let mediaType = "application/rsl+xml"
    static let byteLimit = 4 << 20

    struct Licence: Sendable, Equatable {
        /// nil if nothing is said: all is permitted that is not prohibited.
        var permits: Set<String>?
        var prohibits: Set<String> = []
        var payments: [String] = []
        /// What else it depends on, such as `user` and `geo`: who asks does not say who they are.
        var limits: Set<String> = []
    }

    struct Content: Sendable, Equatable {
        var url: String
        /// Whoever uses it has to ask there, even if it costs nothing.
        var server: String?
        var licences: [Licence] = []
    }

    private(set) var contents: [Content] = []
    private let bytes: [UInt8]

    /// - Throws: ``ProvenanceError`` if it is no such document, is cut, or declares a type.
    public init(parsing bytes: [UInt8]) throws(ProvenanceError) {
        self.bytes = bytes
        guard bytes.count <= Self.byteLimit else {
            throw ProvenanceError(
                "the RSL document has \(bytes.count) bytes", expected: "at most \(Self.byteLimit)")
        }
        var reader = TagReader(bytes)
        var open: [String] = []
        var usage: String?
        var hasRoot = false
        while let tag = reader.next() {
            guard !reader.hasDoctype else {
                throw ProvenanceError(
                    "the RSL document declares a type or entities", expected: "plain elements")
            }
            let name = Self.local(tag.name)
            if tag.name.hasPrefix("/") {
                guard open.popLast() == name else {
                    throw ProvenanceError(
                        "an element of the RSL document is not closed where it should be",
                        advice: "read it yourself: a broken document is no permission")
                }
                if name == usage { close(name, tag.text) }
                usage = nil
                continue
            }
            guard open.count < 64 else {
                throw ProvenanceError("the RSL document is nested too deeply")
            }
            if open.isEmpty, name != "rsl" {
                throw ProvenanceError(
                    "the document begins with another element", expected: "<rsl>")
            }
            hasRoot = true
            begin(name, tag, within: open.last)
            usage = tag.attributes["type"] == "usage" ? name : nil
            if !tag.isEmpty { open.append(name) }
        }
        guard open.isEmpty, !reader.isCut, !reader.hasDoctype else {
            throw ProvenanceError(
                "the RSL document ends too early", expected: "</rsl>", advice: "get it again")
        }
        guard hasRoot else {
            throw ProvenanceError("the RSL document has no elements", expected: "<rsl>")
        }
    }

    /// Without the prefix of a namespace.
    private static func local(_ name: String) -> String {
        let name = name.hasPrefix("/") ? name.dropFirst() : name[...]
        return String(name.split(separator: ":").last ?? "")
    }

    private mutating func begin(_ name: String, _ tag: TagReader.Tag, within parent: String?) {
        switch (name, parent) {
        case ("content", "rsl"?):
            contents.append(
                Content(url: tag.attributes["url"] ?? "/", server: tag.attributes["server"]))
        case ("license", "content"?):
            guard !contents.isEmpty else { return }
            contents[contents.count - 1].licences.append(Licence())
        case ("payment", "license"?):
            change { $0.payments.append(tag.attributes["type"] ?? "free") }
        case ("permits", "license"?), ("prohibits", "license"?):
            let type = tag.attributes["type"] ?? ""
            guard type != "usage" else { return }
            change { $0.limits.insert(type.isEmpty ? "of no type" : String(type.prefix(40))) }
        default: break
        }
    }

    private mutating func close(_ name: String, _ text: String) {
        let words = text.split { $0.isWhitespace || $0 == "," }.map { $0.lowercased() }
        switch name {
        case "permits": change { $0.permits = ($0.permits ?? []).union(words) }
        case "prohibits": change { $0.prohibits.formUnion(words) }
        default: break
        }
    }

    private mutating func change(_ body: (inout Licence) -> Void) {
        guard let content = contents.indices.last,
            let licence = contents[content].licences.indices.last
        else { return }
        body(&contents[content].licences[licence])
    }

    // MARK: Questions

    /// What is said of training on a path: of the content with the longest matching address.
    /// - Parameters:
    ///   - site: Where the document is from, such as `https://example.org`.
    ///   - fetched: Seconds since 1970.
    public func evidence(url: String, site: String, path: String, fetched: Double)
        -> OptOutEvidence
    {
        let normalized = PathPattern.normalized(Array((path.isEmpty ? "/" : path).utf8))
        let home = Self.parts(site).origin
        var best: (content: Content, length: Int)?
        for content in contents {
            let (origin, place) = Self.parts(content.url)
            guard origin == nil ? place.hasPrefix("/") : origin == home else { continue }
            let pattern = PathPattern(Array(place.utf8))
            guard pattern.matches(normalized: normalized), pattern.length > best?.length ?? -1
            else { continue }
            best = (content, pattern.length)
        }
        let (verdict, reason) =
            best.map { Self.judge($0.content) }
            ?? (.silent, "no content of the document concerns \(path)")
        return OptOutEvidence(
            method: .rsl, url: url, fetched: fetched, snapshot: ContentHash(of: bytes),
            body: bytes, verdict: verdict, reason: reason)
    }

    /// The host, with its port if that is another than the scheme's, in lower case; nil for a path. A
    /// site is the same over http and https. Patterns are no addresses that Foundation would read.
    private static func parts(_ url: String) -> (origin: String?, path: String) {
        func rooted(_ path: Substring) -> String {
            path.isEmpty || path.hasPrefix("?") ? "/" + path : String(path)
        }
        guard let slashes = url.firstRange(of: "//"),
            url[..<slashes.lowerBound].allSatisfy({ $0.isLetter || $0 == ":" })
        else { return (nil, rooted(url[...])) }
        let scheme = url[..<slashes.lowerBound].lowercased()
        let rest = url[slashes.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        var host = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        // An address that names no scheme has that of the page, which may be either.
        for (name, port) in [("http:", ":80"), ("https:", ":443")]
        where (scheme == name || scheme.isEmpty) && host.hasSuffix(port) {
            host = host.dropLast(port.count)
        }
        guard ["", "http:", "https:"].contains(scheme) else { return ("\(scheme)//\(host)", "") }
        return (host.lowercased(), rooted(rest[authority.endIndex...]))
    }

    private static let training: Set<String> = ["all", "ai-all", "ai-train"]
    /// Kinds of payment that cost no money.
    private static let free: Set<String> = ["free", "attribution"]

    private static func judge(_ content: Content) -> (OptOutEvidence.Verdict, String) {
        if let server = content.server {
            return (.reserved, "a licence has to be got from \(server.prefix(200))")
        }
        guard !content.licences.isEmpty else { return (.silent, "no licence is offered") }
        var reason = ""
        for licence in content.licences {
            if !licence.prohibits.isDisjoint(with: training) {
                reason = "a licence prohibits ai-train"
            } else if let permits = licence.permits, permits.isDisjoint(with: training) {
                reason = "a licence permits \(permits.sorted().joined(separator: ", ")) alone"
            } else if !licence.limits.isEmpty {
                // A licence for others is no permission, and says that the rest is kept.
                let limits = licence.limits.sorted().joined(separator: ", ")
                reason = "a licence is for some alone (\(limits))"
            } else if let payment = licence.payments.first(where: { !free.contains($0) }),
                !licence.payments.contains(where: { free.contains($0) })
            {
                reason = "ai-train is licensed for payment (\(payment.prefix(40)))"
            } else {
                return (.permitted, "a licence permits ai-train without payment")
            }
        }
        return (.reserved, reason)
    }
}
