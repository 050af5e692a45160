// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import NIOPosix
import RetortJSON
import RetortProvenance
import Synchronization

/// `/v1/provenance`: how often a text stands in the operator's corpus, and which parts of an answer do.
struct ProvenanceRoutes: Sendable {
    let core: ServerCore
    /// A search may take a moment of a processor: more than these wait with the client, not here.
    private let places = Places(2)

    init(core: ServerCore) { self.core = core }

    func add(to router: Router<ServerContext>) {
        router.get("/v1/provenance") { _, _ in
            let corpus = try corpus()
            return Response(json: [
                "object": "provenance.corpus", "unit": .string(corpus.unit.rawValue),
                "documents": .integer(Int64(corpus.documentCount)),
                "size": .integer(Int64(corpus.symbolCount)),
            ])
        }
        router.post("/v1/provenance/search") { request, _ in
            let corpus = try corpus()
            let search = try CorpusSearchRequest(try await core.fields(request))
            return try await answer("provenance.search") { () throws(ProvenanceError) in
                // A letter may stand in millions of places.
                try corpus.search(
                    CorpusQuery(search.text), limit: search.limit, looked: 100_000
                ).json
            }
        }
        router.post("/v1/provenance/trace") { request, _ in
            let corpus = try corpus()
            let trace = try CorpusTraceRequest(try await core.fields(request))
            return try await answer("provenance.trace") { () throws(ProvenanceError) in
                let bytes = Array(trace.text.utf8)
                return try corpus.trace(CorpusQuery(bytes: bytes), options: trace.options)
                    .json(of: bytes)
            }
        }
    }

    private func corpus() throws(APIError) -> CorpusIndex {
        guard let corpus = core.configuration.corpus else {
            throw APIError.notFound("this server was started without --corpus")
        }
        return corpus
    }

    /// Searching may wait for the disk, which the threads that serve others must not.
    private func answer(
        _ object: String, _ work: @escaping @Sendable () throws(ProvenanceError) -> JSONObject
    ) async throws -> Response {
        guard places.take() else {
            throw APIError(
                .tooManyRequests, "others are searching the corpus; try again in a moment",
                type: "rate_limit_error", code: "corpus_busy", retryAfter: 1)
        }
        defer { places.giveBack() }
        do {
            let found = try await NIOThreadPool.singleton.runIfActive {
                try work()
            }
            var json = JSONObject([("object", .string(object))])
            for member in found.members { json[member.key] = member.value }
            return Response(json: .object(json))
        } catch let error as ProvenanceError {
            throw APIError(
                .internalServerError, error.description, type: "server_error", code: "corpus")
        }
    }
}

/// So many at a time.
private final class Places: Sendable {
    private let free: Mutex<Int>

    init(_ count: Int) { free = Mutex(count) }

    func take() -> Bool {
        free.withLock { free in
            guard free > 0 else { return false }
            free -= 1
            return true
        }
    }

    func giveBack() { free.withLock { $0 += 1 } }
}

/// A request to `/v1/provenance/search`.
struct CorpusSearchRequest: Sendable {
    var text: String
    /// The most documents that are named.
    var limit: Int

    init(_ fields: Fields) throws(APIError) {
        text = try fields.corpusText()
        limit = try fields.integer("limit", in: 0...100) ?? 10
    }
}

/// A request to `/v1/provenance/trace`.
struct CorpusTraceRequest: Sendable {
    var text: String
    var options: TraceOptions

    init(_ fields: Fields) throws(APIError) {
        text = try fields.corpusText()
        options = TraceOptions(
            // Shorter parts are everywhere, and many searches.
            minimumLength: try fields.integer("minimum", in: 8...10_000) ?? 24,
            keepsWholeWords: try fields.bool("whole_words") ?? true,
            share: try fields.number("rarest", in: 1e-3...1),
            documentLimit: try fields.integer("limit", in: 0...100) ?? 10)
    }
}

extension Fields {
    /// The longest text that is looked for, in bytes.
    private static let longest = 256 << 10

    fileprivate func corpusText() throws(APIError) -> String {
        let text = try require("text", try string("text"))
        guard !text.isEmpty else { throw APIError.invalid("text", "is empty") }
        guard text.utf8.count <= Self.longest else {
            throw APIError(
                .contentTooLarge,
                "text has \(text.utf8.count) bytes, at most \(Self.longest) are looked for",
                param: "text", code: "text_too_long")
        }
        return text
    }
}
