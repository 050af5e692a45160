// SPDX-License-Identifier: Apache-2.0

/// How a text is traced to a corpus.
public struct TraceOptions: Sendable {
    /// The least length of a span in bytes or tokens.
    public var minimumLength: Int
    /// Of bytes: cut spans to whole words.
    public var keepsWholeWords: Bool
    /// Keep the rarest spans, this share of the text's words or tokens in number; nil for all spans.
    /// OLMoTrace (arXiv:2504.07096) keeps 0.05.
    public var share: Double?
    /// The most documents that are named for a span.
    public var documentLimit: Int
    /// The most spans that are looked for in a shard; their lengths together are limited to some 1 MiB, too.
    public var spanLimit: Int

    public init(
        minimumLength: Int, keepsWholeWords: Bool = true, share: Double? = nil,
        documentLimit: Int = 10, spanLimit: Int = 4096
    ) {
        self.spanLimit = spanLimit
        self.minimumLength = minimumLength
        self.keepsWholeWords = keepsWholeWords
        self.share = share
        self.documentLimit = documentLimit
    }

    /// At least 24 bytes, or 8 tokens.
    public init(unit: IndexUnit) { self.init(minimumLength: unit == .bytes ? 24 : 8) }
}

/// Which parts of a text stand in the corpus, and where.
public struct CorpusTrace: Equatable, Sendable {
    /// In the order of the text.
    public var spans: [Span]
    /// How many spans there were before the rarest were chosen.
    public var spanCount: Int
    /// Share of the text's bytes or tokens that are in one of those.
    public var coverage: Double
    /// Whether there may be more spans behind the last, and more of the text be covered: a limit was
    /// reached.
    public var isCut = false

    /// A part of the text that the corpus has, and that no longer part that it has contains.
    public struct Span: Equatable, Sendable {
        /// In bytes or tokens from the start of the text.
        public var offset: Int
        public var length: Int
        /// How often it occurs in the corpus.
        public var count: Int
        /// The natural logarithm of the product of its words' or tokens' frequencies in the corpus: the lower,
        /// the less a span of such words is expected by chance.
        public var logProbability: Double
        public var sources: [Source]
    }

    /// A place of a span.
    public struct Source: Equatable, Sendable {
        public var document: IndexedDocument
        /// In bytes or tokens from the start of the document.
        public var offset: Int
    }
}
