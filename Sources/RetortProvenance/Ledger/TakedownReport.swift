// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// A text that is almost a work, as whoever compares texts found it.
public struct NearCopy: Sendable, Equatable {
    /// The work, or the shard that it stands in.
    public var artefact: ContentHash
    /// 0 to 1.
    public var similarity: Double
    /// Which samples of the shard.
    public var records: RecordRanges?

    public init(artefact: ContentHash, similarity: Double, records: RecordRanges? = nil) {
        self.artefact = artefact
        self.similarity = similarity
        self.records = records
    }
}

/// Everything that a work went into.
public struct TakedownReport: Sendable, Equatable {
    /// A place where the work, or almost it, came in.
    public struct Match: Sendable, Equatable {
        public enum Kind: String, Sendable {
            /// The same bytes, or what was named.
            case exact
            /// The same letters and digits.
            case sameText = "same-text"
            case nearCopy = "near-copy"
        }

        public var artefact: Artefact
        public var kind: Kind
        /// 0 to 1.
        public var similarity: Double
        public var records: RecordRanges?
    }

    /// One step from an artefact to what was made of it.
    public struct Step: Sendable, Equatable {
        public var how: Derivation
        public var artefact: ContentHash
        public var name: String
        /// Which samples of it, if it is a shard and that is known.
        public var records: RecordRanges?
    }

    /// Something that has, or learned from, the work.
    public struct Touched: Sendable, Equatable {
        public var artefact: Artefact
        /// Index in `matches` of where it begins.
        public var match: Int
        /// One of the shortest ways from there to the artefact, which is its last step.
        public var path: [Step]
        /// How many models are on the way, this one included: 1 for what learned from the work, 2
        /// for what learned from that.
        public var generation: Int
    }

    public var matches: [Match]
    /// The nearest first.
    public var touched: [Touched]
    /// Shards whose works the ledger was not told, so that the work may be in them.
    public var incomplete: [Artefact]

    public func touched(_ kind: Artefact.Kind) -> [Touched] {
        touched.filter { $0.artefact.kind == kind }
    }
}

extension TakedownReport {
    public var json: JSONValue {
        [
            "matches": .array(matches.map(\.json)), "touched": .array(touched.map(\.json)),
            "incomplete": .array(incomplete.map { Self.json($0) }),
        ]
    }

    static func json(_ artefact: Artefact) -> JSONValue {
        var object = JSONObject([
            ("kind", .string(artefact.kind.rawValue)), ("name", .string(artefact.name)),
            ("sha256", .string(artefact.hash.hex)),
        ])
        object["path"] = artefact.path.map { .string($0) }
        return .object(object)
    }
}

extension TakedownReport.Match {
    var json: JSONValue {
        var object = TakedownReport.json(artefact).objectValue ?? JSONObject()
        object["match"] = .string(kind.rawValue)
        object["similarity"] = .double(similarity)
        object["records"] = records?.json
        return .object(object)
    }
}

extension TakedownReport.Touched {
    var json: JSONValue {
        var object = TakedownReport.json(artefact).objectValue ?? JSONObject()
        object["generation"] = .integer(Int64(generation))
        object["match"] = .integer(Int64(match))
        object["way"] = .array(
            path.map { step in
                var object = JSONObject([
                    ("how", .string(step.how.rawValue)), ("name", .string(step.name)),
                    ("sha256", .string(step.artefact.hex)),
                ])
                object["records"] = step.records?.json
                return .object(object)
            })
        return .object(object)
    }
}
