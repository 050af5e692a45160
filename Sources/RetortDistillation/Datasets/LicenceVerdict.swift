// SPDX-License-Identifier: Apache-2.0

/// Whether a teacher's answers may be trained on, as judged by who collects them.
public struct LicenceVerdict: Sendable, Equatable {
    /// Such as `allowed`, `forbidden`, `unknown`.
    public var verdict: String
    /// Of the dataset, as Hugging Face's cards name licences.
    public var identifier: String
    /// The terms that it rests on.
    public var note: String?

    public init(_ verdict: String, identifier: String = "unknown", note: String? = nil) {
        self.verdict = verdict
        self.identifier = identifier
        self.note = note
    }

    public static let unknown = LicenceVerdict("unknown")
}
