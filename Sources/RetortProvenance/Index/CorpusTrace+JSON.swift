// SPDX-License-Identifier: Apache-2.0
//
// The one form of what is found, for the command line and for HTTP.

import RetortJSON

extension CorpusTrace {
    /// `span_count`, `coverage` and `spans`; offsets and lengths are in bytes of the text.
    /// - Parameter bytes: The text that was traced.
    public func json(of bytes: [UInt8]) -> JSONObject {
        JSONObject([
            ("span_count", .integer(Int64(spanCount))), ("coverage", .double(coverage)),
            ("truncated", .bool(isCut)),
            (
                "spans",
                .array(
                    spans.map { span in
                        [
                            "offset": .integer(Int64(span.offset)),
                            "length": .integer(Int64(span.length)),
                            "text": .string(
                                String(
                                    decoding: bytes[span.offset..<span.offset + span.length],
                                    as: UTF8.self)),
                            "count": .integer(Int64(span.count)),
                            "log_probability": .double(span.logProbability),
                            "sources": .array(
                                span.sources.map { source in
                                    var object = source.document.json
                                    object["offset"] = .integer(Int64(source.offset))
                                    return .object(object)
                                }),
                        ]
                    })
            ),
        ])
    }
}

extension SearchResult {
    /// `count`, `document_count` (null where there are too many to look at) and `documents`.
    public var json: JSONObject {
        JSONObject([
            ("count", .integer(Int64(count))),
            ("document_count", documentCount.map { .integer(Int64($0)) } ?? .null),
            (
                "documents",
                .array(
                    documents.map { found in
                        var object = found.document.json
                        object["count"] = .integer(Int64(found.count))
                        object["offset"] = .integer(Int64(found.offset))
                        return .object(object)
                    })
            ),
        ])
    }
}

extension IndexedDocument {
    /// The name if there is one, the place, and the licence that the text states.
    public var title: String {
        (source.name.map { "\($0) in " } ?? "") + source.place
            + (source.licence.map { " (\($0))" } ?? "")
    }

    var json: JSONObject {
        JSONObject([
            ("path", .string(source.path)), ("file_offset", .integer(Int64(source.offset))),
            ("name", source.name.map { .string($0) } ?? .null),
            ("licence", source.licence.map { .string($0) } ?? .null),
            ("length", .integer(Int64(length))), ("sha256", .string(sha256)),
        ])
    }
}
