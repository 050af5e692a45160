// SPDX-License-Identifier: Apache-2.0

/// All that an audit of a model found.
public struct AuditReport: Codable, Sendable, Equatable {
    /// A window whose near copies were sampled.
    public struct NearWindow: Codable, Sendable, Equatable {
        public var work: String
        public var start: Int
        public var result: NearVerbatim

        public init(work: String, start: Int, result: NearVerbatim) {
            self.work = work
            self.start = start
            self.result = result
        }
    }

    /// What the report calls the model.
    public var model: String
    public var works: [ExtractionReport]
    public var nearVerbatim: [NearWindow]
    public var canaries: CanaryReport?
    public var datasetInference: DatasetInferenceReport?

    public init(
        model: String, works: [ExtractionReport] = [], nearVerbatim: [NearWindow] = [],
        canaries: CanaryReport? = nil, datasetInference: DatasetInferenceReport? = nil
    ) {
        self.model = model
        self.works = works
        self.nearVerbatim = nearVerbatim
        self.canaries = canaries
        self.datasetInference = datasetInference
    }

    /// The report as JSON, its keys in snake case and in order.
    /// - Throws: ``ProvenanceError``
    public func json() throws(ProvenanceError) -> String { try ReportJSON.text(of: self) }
}
