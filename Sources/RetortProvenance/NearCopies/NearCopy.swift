// SPDX-License-Identifier: Apache-2.0

/// A text that is almost a work, or shares a large part with one.
struct NearCopy {
    /// What of a text is a work's.
    struct Overlap: Comparable {
        var kind: TakedownReport.Match.Kind
        /// As ``TakedownReport/Match/similarity``.
        var similarity: Double

        /// The nearer is the greater; a near copy is nearer than what shares a part.
        static func < (a: Self, b: Self) -> Bool {
            let (first, second) = (a.kind == .nearCopy, b.kind == .nearCopy)
            return first == second ? a.similarity < b.similarity : second
        }
    }

    /// The work, or the shard that it stands in.
    var artefact: ContentHash
    /// The nearest, if there are several in the artefact.
    var overlap: Overlap
    /// The path of the file that it stands in.
    var file: String
    /// Which samples of the shard.
    var records: RecordRanges?
}
