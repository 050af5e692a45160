// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The parts of a corpus that stand in it twice, with the documents' names.
public struct ExactRepeats: Codable, Sendable, Equatable {
    public struct Span: Codable, Sendable, Equatable {
        /// A path, with the place in the file where it is not the start.
        public var document: String
        /// What the document calls itself.
        public var name: String?
        /// In the document, in bytes.
        public var offset: Int
        public var length: Int
        /// A document that has it too, or the same one.
        public var other: String
        public var otherName: String?
        public var otherOffset: Int
    }

    /// The least length.
    public var minimum: Int
    /// Parts; they may overlap.
    public var count: Int
    /// Bytes of documents that are in one part or more, each once. The first copies are among them.
    public var bytes: Int
    /// Parts that are named, the first ones.
    public var listed: Int
    public var spans: [Span]

    /// - Parameters:
    ///   - mostListed: Parts that are named; all are counted.
    ///   - scratch: As ``CorpusIndex/repeatedSpans(minimum:scratch:_:)`` has it, which also says when it throws.
    public init(_ index: CorpusIndex, minimum: Int, mostListed: Int = 100_000, scratch: URL? = nil)
        throws(ProvenanceError)
    {
        var (count, bytes) = (0, 0)
        var spans: [Span] = []
        // They come in the order of the documents, so that one end tells what was counted.
        var reached = Occurrence(document: 0, offset: 0)
        try index.repeatedSpans(minimum: minimum, scratch: scratch) {
            span throws(ProvenanceError) in
            let end = span.place.offset + span.length
            let start =
                span.place.document == reached.document
                ? max(span.place.offset, reached.offset) : span.place.offset
            count += 1
            bytes += max(0, end - start)
            reached = Occurrence(document: span.place.document, offset: end)
            guard spans.count < mostListed, let document = index.document(span.place.document),
                let other = index.document(span.other.document)
            else { return }
            spans.append(
                Span(
                    document: document.source.place, name: document.source.name,
                    offset: span.place.offset, length: span.length, other: other.source.place,
                    otherName: other.source.name, otherOffset: span.other.offset))
        }
        self.minimum = minimum
        self.count = count
        self.bytes = bytes
        listed = spans.count
        self.spans = spans
    }

    /// The report as JSON, its keys in snake case and in order.
    /// - Throws: ``ProvenanceError``
    public func json() throws(ProvenanceError) -> String { try ReportJSON.text(of: self) }
}
