// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// Everything that a work went into.
public struct TakedownReport: Sendable, Equatable {
    /// A place where the work, or almost it, came in.
    public struct Match: Sendable, Equatable {
        public enum Kind: String, Sendable {
            /// The same bytes, or what was named.
            case exact
            /// The same letters and digits.
            case sameText = "same-text"
            /// Nearly the same runs of words.
            case nearCopy = "near-copy"
            /// A large part of the work stands in it.
            case contains
            /// A large part of it stands in the work.
            case excerpt

            public var isNear: Bool { self != .exact && self != .sameText }
        }

        public var artefact: Artefact
        public var kind: Kind
        /// 0 to 1: the Jaccard index of a near copy's runs of words and the work's, of what contains
        /// the work the share of the work's, of an excerpt the share of its own.
        public var similarity: Double
        /// The path of the file that a near copy was found in.
        public var file: String?
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
        /// The similarity of where it begins, if only near copies lead to it; the nearest one's.
        public var near: Double?
    }

    /// What was looked through for near copies.
    public struct Searched: Sendable, Equatable {
        /// Something that could not be compared, or not all of it, so that a copy may be in it.
        public struct Problem: Sendable, Equatable {
            public var artefact: Artefact
            public var reason: String
        }

        public var settings: NearCopySettings
        public var files = 0
        /// Lines of JSON, and files of one text.
        public var texts = 0
        public var notCompared: [Problem] = []
    }

    public var matches: [Match]
    /// The nearest first; what only near copies lead to comes last, by their similarity.
    public var touched: [Touched]
    /// Shards whose works the ledger was not told, so that the work may be in them.
    public var incomplete: [Artefact]
    /// nil if near copies were not looked for.
    public var searched: Searched?

    public func touched(_ kind: Artefact.Kind) -> [Touched] {
        touched.filter { $0.artefact.kind == kind }
    }
}

extension TakedownReport {
    public var json: JSONValue {
        [
            "matches": .array(matches.map(\.json)), "touched": .array(touched.map(\.json)),
            "incomplete": .array(incomplete.map { Self.json($0) }),
            "searched": searched?.json ?? .null,
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
        object["file"] = file.map { .string($0) }
        object["records"] = records?.json
        return .object(object)
    }
}

extension TakedownReport.Touched {
    var json: JSONValue {
        var object = TakedownReport.json(artefact).objectValue ?? JSONObject()
        object["generation"] = .integer(Int64(generation))
        object["match"] = .integer(Int64(match))
        object["near"] = near.map { .double($0) }
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

extension TakedownReport.Searched {
    var json: JSONValue {
        [
            "similarity": .double(settings.similarity), "part": .double(settings.part),
            "least_runs": .integer(Int64(settings.leastRuns)),
            "words": .integer(Int64(settings.shingleWords)), "files": .integer(Int64(files)),
            "texts": .integer(Int64(texts)),
            "not_compared": .array(
                notCompared.map { problem in
                    var object = TakedownReport.json(problem.artefact).objectValue ?? JSONObject()
                    object["reason"] = .string(problem.reason)
                    return .object(object)
                }),
        ]
    }
}
