// SPDX-License-Identifier: Apache-2.0
//
// robots.txt as RFC 9309 has it: groups of user agents with rules, the longest match wins, and of equal
// ones that which allows. Besides it reads AIPREF's rule Content-Usage and RSL's record License. Any
// bytes are a file; what is no rule is passed over, as the RFC says.

/// What a site says to crawlers.
public struct RobotsFile: Sendable, Equatable {
    /// Bytes that are read: the RFC asks for at least 500 KiB.
    public static let byteLimit = 500 * 1024

    struct Rule: Sendable, Equatable {
        var pattern: PathPattern
        var allows: Bool
    }

    struct Usage: Sendable, Equatable {
        var pattern: PathPattern
        var preferences: UsagePreferences
    }

    struct Group: Sendable, Equatable {
        /// In lower case.
        var agents: [String] = []
        var rules: [Rule] = []
        var usages: [Usage] = []
    }

    private(set) var groups: [Group] = []
    /// Addresses of RSL documents.
    public private(set) var licences: [String] = []
    /// Whether there was more than is read.
    public private(set) var isCut: Bool
    /// All that was read.
    private let bytes: [UInt8]

    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
        isCut = bytes.count > Self.byteLimit
        var content = bytes.prefix(Self.byteLimit)
        if content.starts(with: [0xEF, 0xBB, 0xBF]) { content = content.dropFirst(3) }
        // A line that the limit cuts is no line.
        if isCut, let end = content.lastIndex(where: { $0 == 0x0A || $0 == 0x0D }) {
            content = content[..<end]
        }
        // User agents in lines one after another share the rules behind them.
        var isNaming = false
        for line in content.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            guard let (name, value) = Self.record(line) else { continue }
            switch name {
            case "user-agent":
                if !isNaming { groups.append(Group()) }
                isNaming = true
                groups[groups.count - 1].agents.append(Self.token(value))
            case "allow", "disallow":
                isNaming = false
                // An empty path matches nothing; a rule before any agent is nobody's.
                guard !value.isEmpty, !groups.isEmpty else { continue }
                groups[groups.count - 1].rules.append(
                    Rule(pattern: PathPattern(value), allows: name == "allow"))
            case "content-usage":
                isNaming = false
                guard !groups.isEmpty, let usage = Self.usage(value) else { continue }
                groups[groups.count - 1].usages.append(usage)
            case "license":
                licences.append(String(decoding: value, as: UTF8.self))
            default: continue
            }
        }
    }

    /// `name: value # comment`, the name in lower case.
    private static func record(_ line: ArraySlice<UInt8>) -> (String, ArraySlice<UInt8>)? {
        let line = line.prefix { $0 != UInt8(ascii: "#") }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let name = trimmed(line[..<colon])
        return (String(decoding: name, as: UTF8.self).lowercased(), trimmed(line[(colon + 1)...]))
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
        let start = bytes.drop { isSpace($0) }
        guard let last = start.lastIndex(where: { !isSpace($0) }) else { return start.prefix(0) }
        return start[...last]
    }

    /// The product's name: letters, `_` and `-`, up to anything else.
    private static func token(_ value: ArraySlice<UInt8>) -> String {
        if value.first == UInt8(ascii: "*") { return "*" }
        let name = value.prefix {
            (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D || $0 == 0x5F
        }
        return String(decoding: name, as: UTF8.self).lowercased()
    }

    /// An optional path, then preferences.
    private static func usage(_ value: ArraySlice<UInt8>) -> Usage? {
        var path = Array("/".utf8)[...]
        var rest = value
        if value.first == UInt8(ascii: "/") || value.first == UInt8(ascii: "*") {
            path = value.prefix { $0 != 0x20 && $0 != 0x09 }
            rest = trimmed(value.dropFirst(path.count))
        }
        guard let preferences = UsagePreferences(String(decoding: rest, as: UTF8.self)) else {
            return nil
        }
        return Usage(pattern: PathPattern(path), preferences: preferences)
    }

    // MARK: Questions

    /// All groups that name the crawler, as one; else those for `*`.
    private func group(for agent: String) -> Group? {
        let agent = Self.token(Array(agent.utf8)[...])
        func merged(_ name: String) -> Group? {
            let own = groups.filter { $0.agents.contains(name) }
            guard !own.isEmpty else { return nil }
            return Group(
                agents: [name], rules: own.flatMap(\.rules), usages: own.flatMap(\.usages))
        }
        return (agent.isEmpty ? nil : merged(agent)) ?? merged("*")
    }

    /// Whether a crawler may fetch a path.
    /// - Parameters:
    ///   - path: With its query, from `/` on.
    ///   - agent: The crawler's product token, such as `GPTBot`.
    public func allows(_ path: String, agent: String) -> Bool {
        guard path != "/robots.txt" else { return true }
        let path = PathPattern.normalized(Array((path.isEmpty ? "/" : path).utf8))
        var best: Rule?
        for rule in group(for: agent)?.rules ?? [] where rule.pattern.matches(normalized: path) {
            guard let known = best else {
                best = rule
                continue
            }
            let isLonger = rule.pattern.length > known.pattern.length
            let isMilder = rule.pattern.length == known.pattern.length && rule.allows
            if isLonger || isMilder { best = rule }
        }
        return best?.allows ?? true
    }

    /// What AIPREF's rules say of a path: those of the longest pattern; where several are of that
    /// length, the strictest.
    public func preferences(_ path: String, agent: String) -> UsagePreferences? {
        let path = PathPattern.normalized(Array((path.isEmpty ? "/" : path).utf8))
        let matching = (group(for: agent)?.usages ?? []).filter {
            $0.pattern.matches(normalized: path)
        }
        guard let longest = matching.map(\.pattern.length).max() else { return nil }
        return matching.filter { $0.pattern.length == longest }.map(\.preferences)
            .reduce(nil) { $0?.and($1) ?? $1 }
    }

    /// The crawler that may not train, else the first of which something is said.
    private func training(_ path: String, _ agents: [String]) -> (agent: String, isAllowed: Bool)? {
        let said = agents.compactMap { agent in
            preferences(path, agent: agent)?.allowsTraining.map { (agent, $0) }
        }
        return said.first { !$0.1 } ?? said.first
    }

    /// What the file says of a path being trained on.
    /// - Parameters:
    ///   - agents: The crawlers that fetch for training; one that may not is a reservation.
    ///   - fetched: Seconds since 1970.
    public func evidence(url: String, path: String, agents: [String], fetched: Double)
        -> OptOutEvidence
    {
        var verdict = OptOutEvidence.Verdict.silent
        var reason = "no rule concerns \(path)"
        var method = OptOutEvidence.Method.robots
        if let agent = agents.first(where: { !allows(path, agent: $0) }) {
            verdict = .reserved
            reason = "\(agent) may not fetch \(path)"
        } else if let (agent, said) = training(path, agents) {
            method = .aipref
            verdict = said ? .permitted : .reserved
            reason = "Content-Usage for \(agent) says train-ai=\(said ? "y" : "n") of \(path)"
        } else if !groups.isEmpty {
            // Being let in is no permission to train.
            reason =
                "\(agents.joined(separator: ", ")) may fetch \(path); nothing is said of training"
        }
        return OptOutEvidence(
            method: method, url: url, fetched: fetched, snapshot: ContentHash(of: bytes),
            body: bytes, verdict: verdict, reason: reason)
    }
}
