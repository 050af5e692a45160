// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// What the policy says of a licence, a model or a service.
public struct PolicyRow: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        /// Patterns are of SPDX identifiers and of what Hugging Face calls licences.
        case dataLicence = "data-licence"
        /// Patterns are of models' names.
        case teacher
        /// Patterns are of hosts: the contract with whoever runs the model.
        case service
        /// Patterns are of datasets' names: says who wrote it, whatever its tag says.
        case dataset
    }

    /// How sure the row is.
    public enum Basis: String, Sendable, CaseIterable {
        /// The text itself was read.
        case read
        /// A report of others on it was.
        case reported
        /// Common knowledge, not checked on that day.
        case recalled
        /// A rule of this policy.
        case rule
    }

    public var id: String
    public var kind: Kind
    public var patterns: [NamePattern]
    public var verdict: GateVerdict
    public var obligations: [Obligation]
    /// The licence of it, where it has a name.
    public var licence: String?
    /// For datasets: the models that wrote it.
    public var generators: [String]
    /// Where it is said, and the hash of the text where it was taken.
    public var url: String?
    public var textHash: ContentHash?
    /// The day on which it was read or the row was written, `2026-11-24`.
    public var read: String
    public var basis: Basis
    public var note: String?

    init(_ json: JSONValue, number: Int) throws(ProvenanceError) {
        let place = "policy row \(json["id"]?.stringValue ?? "\(number)")"
        let fields = try LedgerFields(json, place: place)
        id = try fields.text("id")
        guard let kind = Kind(rawValue: try fields.text("kind")) else {
            throw fields.wrong(
                "kind", expected: Kind.allCases.map(\.rawValue).joined(separator: ", "))
        }
        self.kind = kind
        patterns = try fields.texts("patterns").map { NamePattern($0) }
        guard !patterns.isEmpty else { throw fields.wrong("patterns", expected: "at least one") }
        guard let verdict = GateVerdict(rawValue: try fields.text("verdict")) else {
            throw fields.wrong(
                "verdict", expected: GateVerdict.allCases.map(\.rawValue).joined(separator: ", "))
        }
        self.verdict = verdict
        obligations = []
        for item in try fields.array("obligations") {
            obligations.append(try Obligation(item, row: id))
        }
        licence = try fields.optionalText("licence")
        generators = try fields.texts("generators")
        url = try fields.optionalText("url")
        textHash = try fields.optionalHash("text_sha256")
        read = try fields.text("read")
        guard let basis = Basis(rawValue: try fields.text("basis")) else {
            throw fields.wrong(
                "basis", expected: Basis.allCases.map(\.rawValue).joined(separator: ", "))
        }
        self.basis = basis
        note = try fields.optionalText("note")
        try fields.finish([
            "id", "kind", "patterns", "verdict", "obligations", "licence", "generators", "url",
            "text_sha256", "read", "basis", "note",
        ])
    }
}

/// A name in which `*` stands for any characters. Case, spaces and underscores do not matter.
public struct NamePattern: Sendable, Hashable {
    public let text: String
    private let parts: [[UInt8]]

    public init(_ text: String) {
        self.text = text
        parts = Self.normalized(text).split(
            separator: UInt8(ascii: "*"), omittingEmptySubsequences: false
        ).map { Array($0) }
    }

    /// How many characters it says: of two patterns that match, the one that says more counts.
    public var literalCount: Int { parts.reduce(0) { $0 + $1.count } }

    static func normalized(_ name: String) -> [UInt8] {
        name.lowercased().utf8.map { $0 == 0x20 || $0 == 0x5F ? 0x2D : $0 }
    }

    /// Whether all of a name is like this; a pattern without `/` is compared with what stands behind
    /// a name's last one.
    public func matches(_ name: String) -> Bool {
        var name = Self.normalized(name)[...]
        if !text.contains("/"), let slash = name.lastIndex(of: UInt8(ascii: "/")) {
            name = name[(slash + 1)...]
        }
        guard let first = parts.first, let last = parts.last else { return false }
        guard parts.count > 1 else { return name.elementsEqual(first) }
        guard name.count >= first.count + last.count, name.starts(with: first) else { return false }
        name = name.dropFirst(first.count)
        guard name.suffix(last.count).elementsEqual(last) else { return false }
        name = name.dropLast(last.count)
        for part in parts.dropFirst().dropLast() {
            guard let place = Self.find(part, in: name) else { return false }
            name = name[(place + part.count)...]
        }
        return true
    }

    private static func find(_ part: [UInt8], in name: ArraySlice<UInt8>) -> Int? {
        guard !part.isEmpty else { return name.startIndex }
        guard name.count >= part.count else { return nil }
        return (name.startIndex...(name.endIndex - part.count)).first {
            name[$0...].starts(with: part)
        }
    }
}
