// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// Where data came from, and under what terms.
public struct RightsSource: Sendable, Equatable {
    /// How it was got. The classes are those that the EU's summary asks for.
    public enum Acquisition: String, Sendable, CaseIterable {
        /// A dataset that anybody can get.
        case publicDataset = "public-dataset"
        /// From a rightholder, by a contract.
        case licensed
        /// From others, not public.
        case privateDataset = "private-dataset"
        case crawled
        /// From the users of a service.
        case users
        /// Written by a program or a model.
        case generated
        case other
        /// Nobody said.
        case unknown
    }

    public static let noAssertion = "NOASSERTION"

    public var name: String
    /// An SPDX expression; `NOASSERTION` where nobody said.
    public var licence: String
    public var url: String?
    public var publisher: String?
    /// Where the terms stand, and the SHA-256 of them as they were read.
    public var termsURL: String?
    public var termsHash: ContentHash?
    public var acquisition: Acquisition
    /// Seconds since 1970.
    public var acquired: Double?
    /// Names of models that wrote it. A dataset's licence says nothing about theirs.
    public var generators: [String]
    /// The program that wrote it by rule, if no model did.
    public var program: String?
    /// Whom to name.
    public var attribution: String?
    public var note: String?

    public init(
        name: String, licence: String = noAssertion, url: String? = nil, publisher: String? = nil,
        termsURL: String? = nil, termsHash: ContentHash? = nil,
        acquisition: Acquisition = .unknown, acquired: Double? = nil, generators: [String] = [],
        program: String? = nil, attribution: String? = nil, note: String? = nil
    ) {
        self.name = name
        self.licence = licence
        self.url = url
        self.publisher = publisher
        self.termsURL = termsURL
        self.termsHash = termsHash
        self.acquisition = acquisition
        self.acquired = acquired
        self.generators = generators
        self.program = program
        self.attribution = attribution
        self.note = note
    }

    /// The hash of all that is said here: what changes is another source.
    public var id: ContentHash { ContentHash(of: json) }

    /// Whether both say the same but for the day on which it was had.
    public func saysTheSame(as other: RightsSource) -> Bool {
        var own = self
        own.acquired = other.acquired
        return own == other
    }

    /// Data that a program wrote by rule: there is no author but the program's user.
    public static func written(by program: String, name: String, licence: String) -> RightsSource {
        RightsSource(name: name, licence: licence, acquisition: .generated, program: program)
    }

    public var json: JSONValue {
        var object = JSONObject([
            ("name", .string(name)), ("licence", .string(licence)),
            ("acquisition", .string(acquisition.rawValue)),
        ])
        object["url"] = url.map { .string($0) }
        object["publisher"] = publisher.map { .string($0) }
        object["terms_url"] = termsURL.map { .string($0) }
        object["terms_sha256"] = termsHash.map { .string($0.hex) }
        object["acquired"] = acquired.map { .double($0) }
        if !generators.isEmpty { object["generators"] = .array(generators.map { .string($0) }) }
        object["program"] = program.map { .string($0) }
        object["attribution"] = attribution.map { .string($0) }
        object["note"] = note.map { .string($0) }
        return .object(object)
    }

    /// - Throws: ``ProvenanceError`` that names the member; members that are not known are refused,
    ///   as a misspelt one would be lost.
    public init(_ json: JSONValue) throws(ProvenanceError) {
        let fields = try LedgerFields(json, place: "source")
        name = try fields.text("name")
        licence = try fields.optionalText("licence") ?? Self.noAssertion
        url = try fields.optionalText("url")
        publisher = try fields.optionalText("publisher")
        termsURL = try fields.optionalText("terms_url")
        termsHash = try fields.optionalHash("terms_sha256")
        let acquisition = try fields.optionalText("acquisition") ?? Acquisition.unknown.rawValue
        guard let known = Acquisition(rawValue: acquisition) else {
            throw fields.wrong(
                "acquisition",
                expected: Acquisition.allCases.map(\.rawValue).joined(separator: ", "))
        }
        self.acquisition = known
        acquired = try fields.optionalNumber("acquired")
        generators = try fields.texts("generators")
        program = try fields.optionalText("program")
        attribution = try fields.optionalText("attribution")
        note = try fields.optionalText("note")
        try fields.finish([
            "name", "licence", "url", "publisher", "terms_url", "terms_sha256", "acquisition",
            "acquired", "generators", "program", "attribution", "note",
        ])
    }
}
