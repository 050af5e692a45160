// SPDX-License-Identifier: Apache-2.0

/// How much a text must share with a work to be followed as a copy of it.
public struct NearCopySettings: Sendable, Equatable {
    /// The least Jaccard index of a near copy's runs of words and the work's.
    public var similarity = DuplicateSettings().similarity
    /// The least share of the work's runs in a longer text, or of an excerpt's runs in the work.
    public var part = 0.5
    /// A part of fewer runs may be a turn of phrase. Near copies may be shorter.
    public var leastRuns = 20
    /// Words of a run.
    public var shingleWords = DuplicateSettings().shingleWords

    public init() {}

    func validate() throws(ProvenanceError) {
        guard similarity > 0, similarity <= 1, part > 0, part <= 1, leastRuns >= 1,
            1...64 ~= shingleWords
        else {
            throw ProvenanceError(
                "copies of similarity \(similarity), or that share a part of \(part) and"
                    + " \(leastRuns) runs of \(shingleWords) words",
                expected: "similarity and part above 0, up to 1; a run or more of 1 to 64 words")
        }
    }
}
