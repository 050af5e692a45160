// SPDX-License-Identifier: Apache-2.0
//
// provenance.json: comes with a model from anywhere, so that nothing in it is believed before it fits.

import Foundation
import RetortJSON

extension Lineage {
    private static let format = "retort-provenance"
    private static let version = 1

    public var json: JSONValue {
        [
            "format": .string(Self.format), "version": .integer(Int64(Self.version)),
            "root": .string(root.hex),
            "artefacts": .array(artefacts.map { Self.json($0) }),
            "edges": .array(edges.map { Self.json($0) }),
            "sources": .array(
                sources.sorted { $0.key < $1.key }.map { id, source in
                    var object = source.json.objectValue ?? JSONObject()
                    let evidence = evidence[id] ?? []
                    if !evidence.isEmpty {
                        object["evidence"] = .array(evidence.map(\.json))
                    }
                    return .object(object)
                }),
            "decisions": .array(decisions.map(\.json)),
        ]
    }

    private static func json(_ artefact: Artefact) -> JSONValue {
        var object = JSONObject([
            ("sha256", .string(artefact.hash.hex)), ("kind", .string(artefact.kind.rawValue)),
            ("name", .string(artefact.name)), ("created", .double(artefact.created)),
        ])
        object["size"] = artefact.size.map { .integer(Int64($0)) }
        object["source"] = artefact.source.map { .string($0.hex) }
        object["text_sha256"] = artefact.textHash.map { .string($0.hex) }
        if !artefact.details.isEmpty {
            object["details"] = withoutPaths(.object(artefact.details))
        }
        return .object(object)
    }

    private static func json(_ edge: Edge) -> JSONValue {
        var object = JSONObject([
            ("from", .string(edge.from.hex)), ("to", .string(edge.to.hex)),
            ("how", .string(edge.how.rawValue)),
        ])
        object["source"] = edge.source.map { .string($0.hex) }
        if !edge.details.isEmpty { object["details"] = withoutPaths(.object(edge.details)) }
        return .object(object)
    }

    /// Of absolute paths only the last part: the rest says who made the model, and where.
    private static func withoutPaths(_ json: JSONValue) -> JSONValue {
        switch json {
        case .string(let text) where text.hasPrefix("/"):
            .string((text as NSString).lastPathComponent)
        case .array(let items): .array(items.map { withoutPaths($0) })
        case .object(let object):
            .object(JSONObject(object.members.map { ($0.key, withoutPaths($0.value)) }))
        default: json
        }
    }

    // MARK: Reading

    /// - Throws: ``ProvenanceError`` if it is no lineage, of a newer version, or does not fit
    ///   together: an edge to what is not there, a source whose hash is another.
    public init(parsing bytes: some Sequence<UInt8>) throws(ProvenanceError) {
        let json: JSONValue
        do throws(JSONError) { json = try JSONValue(parsing: bytes) } catch {
            throw ProvenanceError("the lineage is \(error)", advice: "get the file again")
        }
        try self.init(json)
    }

    public init(_ json: JSONValue) throws(ProvenanceError) {
        let fields = try LedgerFields(json, place: "lineage")
        guard try fields.text("format") == Self.format else {
            throw fields.wrong("format", expected: "'\(Self.format)'")
        }
        let version = try fields.optionalCount("version") ?? 0
        guard version <= Self.version else {
            throw ProvenanceError(
                "the lineage has version \(version)", expected: "version \(Self.version)",
                advice: "update this retort")
        }
        self.init(root: try fields.hash("root"))
        for item in try fields.array("sources") { try read(source: item) }
        var known: Set<ContentHash> = []
        for item in try fields.array("artefacts") {
            let artefact = try Self.artefact(item)
            guard known.insert(artefact.hash).inserted else { continue }
            if let source = artefact.source, sources[source] == nil {
                throw ProvenanceError(
                    "the lineage lacks the source \(source.hex.prefix(12)) of an artefact",
                    advice: "get the file again")
            }
            artefacts.append(artefact)
        }
        for item in try fields.array("edges") {
            let edge = try Self.edge(item)
            guard known.contains(edge.from), known.contains(edge.to) else {
                throw ProvenanceError(
                    "the lineage has an edge to an artefact that is not in it",
                    advice: "get the file again")
            }
            if let source = edge.source, sources[source] == nil {
                throw ProvenanceError(
                    "the lineage lacks the source \(source.hex.prefix(12)) of a work",
                    advice: "get the file again")
            }
            edges.append(edge)
        }
        for item in try fields.array("decisions") {
            let decision = try RecordedDecision(item)
            guard known.contains(decision.artefact) else { continue }
            decisions.append(decision)
        }
        guard known.contains(root) else {
            throw ProvenanceError(
                "the lineage does not hold its own root", advice: "get the file again")
        }
    }

    private mutating func read(source json: JSONValue) throws(ProvenanceError) {
        var object = json.objectValue ?? JSONObject()
        let evidence = object["evidence"]?.arrayValue ?? []
        object["evidence"] = nil
        let source = try RightsSource(.object(object))
        let id = source.id
        sources[id] = source
        for item in evidence { self.evidence[id, default: []].append(try OptOutEvidence(item)) }
    }

    private static func artefact(_ json: JSONValue) throws(ProvenanceError) -> Artefact {
        let fields = try LedgerFields(json, place: "artefact")
        guard let kind = Artefact.Kind(rawValue: try fields.text("kind")) else {
            throw fields.wrong(
                "kind", expected: Artefact.Kind.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return Artefact(
            hash: try fields.hash("sha256"), kind: kind, name: try fields.text("name"),
            size: try fields.optionalCount("size"),
            created: try fields.optionalNumber("created") ?? 0,
            source: try fields.optionalHash("source"),
            textHash: try fields.optionalHash("text_sha256"),
            details: try fields.optionalObject("details"))
    }

    private static func edge(_ json: JSONValue) throws(ProvenanceError) -> Edge {
        let fields = try LedgerFields(json, place: "edge")
        return Edge(
            from: try fields.hash("from"), to: try fields.hash("to"),
            how: Derivation(rawValue: try fields.text("how")),
            source: try fields.optionalHash("source"),
            details: try fields.optionalObject("details"))
    }
}
