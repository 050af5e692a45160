// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// What documents say of a model that its lineage does not know.
public struct ModelFacts: Sendable, Equatable {
    /// A measurement.
    public struct Evaluation: Sendable, Equatable {
        public var task: String
        public var metric: String
        public var value: Double
        /// Of 95 %.
        public var interval: ClosedRange<Double>?

        public init(
            task: String, metric: String, value: Double, interval: ClosedRange<Double>? = nil
        ) {
            self.task = task
            self.metric = metric
            self.value = value
            self.interval = interval
        }
    }

    public var name: String
    public var version: String
    /// An SPDX expression.
    public var licence: String
    /// Who gives the model away.
    public var provider: String
    /// A mail address or a page.
    public var contact: String?
    /// When it was given away, in seconds since 1970.
    public var released: Double
    /// Where it can be got.
    public var downloadURL: String?
    public var description: String?
    /// Such as `DeepseekV3ForCausalLM`.
    public var architecture: String?
    public var parameters: Int?
    /// Tokens that training read, all epochs once.
    public var trainingTokens: Int?
    /// BCP 47.
    public var languages: [String] = []
    public var limitations: [String] = []
    /// What it is meant for.
    public var uses: [String] = []
    public var evaluations: [Evaluation] = []
    /// What the provider did against illegal content in the data.
    public var contentMeasures: String?
    /// What the provider does about reservations, besides what the ledger has evidence of.
    public var reservationMeasures: String?

    public init(
        name: String, version: String, licence: String, provider: String, released: Double
    ) {
        self.name = name
        self.version = version
        self.licence = licence
        self.provider = provider
        self.released = released
    }

    /// Reads the members by their names in snake case: `name`, `version`, `licence`, `provider`,
    /// `released` (seconds since 1970), `training_tokens`, `evaluations` of `task`, `metric`, `value`
    /// and `interval`, and so on.
    /// - Throws: ``ProvenanceError`` that names the member.
    public init(_ json: JSONValue) throws(ProvenanceError) {
        let fields = try LedgerFields(json, place: "model")
        self.init(
            name: try fields.text("name"), version: try fields.text("version"),
            licence: try fields.text("licence"), provider: try fields.text("provider"),
            released: try fields.optionalNumber("released") ?? 0)
        _ = try LicenceExpression(parsing: licence)
        contact = try fields.optionalText("contact")
        downloadURL = try fields.optionalText("download_url")
        description = try fields.optionalText("description")
        architecture = try fields.optionalText("architecture")
        parameters = try fields.optionalCount("parameters")
        trainingTokens = try fields.optionalCount("training_tokens")
        languages = try fields.texts("languages")
        limitations = try fields.texts("limitations")
        uses = try fields.texts("uses")
        contentMeasures = try fields.optionalText("content_measures")
        reservationMeasures = try fields.optionalText("reservation_measures")
        for item in try fields.array("evaluations") {
            evaluations.append(try Self.evaluation(item))
        }
        try fields.finish([
            "name", "version", "licence", "provider", "contact", "released", "download_url",
            "description", "architecture", "parameters", "training_tokens", "languages",
            "limitations", "uses", "evaluations", "content_measures", "reservation_measures",
        ])
    }

    private static func evaluation(_ json: JSONValue) throws(ProvenanceError) -> Evaluation {
        let fields = try LedgerFields(json, place: "model.evaluations")
        guard let value = try fields.optionalNumber("value") else {
            throw fields.wrong("value", expected: "a number")
        }
        var interval: ClosedRange<Double>?
        let ends = try fields.array("interval").compactMap(\.doubleValue)
        if ends.count == 2, ends[0] <= ends[1] { interval = ends[0]...ends[1] }
        return Evaluation(
            task: try fields.text("task"), metric: try fields.text("metric"), value: value,
            interval: interval)
    }
}
