// SPDX-License-Identifier: Apache-2.0
//
// What all documents are written from: a model's lineage, what the gate says of it, and facts.

import RetortJSON

/// A model with what it was made of, sorted for documents.
public struct ModelLineage: Sendable {
    /// Data that were read in its making.
    public struct Data: Sendable, Equatable {
        public var artefact: Artefact
        public var source: RightsSource?
        /// Of its source; where it was made of others, of all theirs.
        public var licence: String
        /// Names of the models that wrote it, and of programs that did by rule.
        public var generators: [String]
        public var programs: [String]
        public var isSynthetic: Bool { !generators.isEmpty || !programs.isEmpty }
        /// How the first run that read it did.
        public var how: Derivation
    }

    /// Another model that it comes from.
    public struct Parent: Sendable, Equatable {
        public enum Role: String, Sendable {
            case base
            case teacher
        }

        public var artefact: Artefact
        public var role: Role
        public var licence: String
        /// Who runs it, if it was asked by an API.
        public var host: String?
        /// Whether the lineage knows what it was made of.
        public var isMade: Bool
    }

    public let facts: ModelFacts
    public let lineage: Lineage
    let graph: LineageGraph
    public let report: GateReport
    public let data: [Data]
    public let parents: [Parent]
    /// The last one first.
    public let runs: [Artefact]
    /// Of the model's files.
    public var hash: ContentHash { lineage.root }

    public init(_ lineage: Lineage, facts: ModelFacts, gate: RightsGate) {
        self.facts = facts
        self.lineage = lineage
        graph = LineageGraph(lineage)
        report = gate.check(lineage)
        runs = Self.runs(lineage, graph)
        data = Self.data(lineage, graph)
        parents = Self.parents(lineage, graph)
    }

    /// Each before those that its inputs came from; depth first, without recursion, as a lineage may
    /// be long or, forged, a ring.
    private static func runs(_ lineage: Lineage, _ graph: LineageGraph) -> [Artefact] {
        var finished: [Artefact] = []
        var seen: Set<ContentHash> = []
        var stack = [(hash: lineage.root, isOpen: false)]
        while let (hash, isOpen) = stack.popLast() {
            if isOpen {
                if let artefact = graph[hash], artefact.kind == .run { finished.append(artefact) }
                continue
            }
            // When it is come to, not when it is named: the first way to it may be a short one.
            guard seen.insert(hash).inserted else { continue }
            stack.append((hash, true))
            for (origin, _) in graph.origins(of: hash) { stack.append((origin.hash, false)) }
        }
        return finished.reversed()
    }

    private static func data(_ lineage: Lineage, _ graph: LineageGraph) -> [Data] {
        let within = Set(
            lineage.edges.filter { edge in
                edge.how == .contained && graph[edge.to]?.kind == .dataset
            }.map(\.from))
        return lineage.artefacts.compactMap { artefact in
            guard [.shard, .dataset].contains(artefact.kind), !within.contains(artefact.hash),
                artefact.hash != lineage.root
            else { return nil }
            let source = artefact.source.flatMap { lineage.sources[$0] }
            let how = graph.edges(from: artefact.hash).first?.how ?? .trainedOn
            let writers = writers(of: artefact.hash, graph, root: lineage.root)
            return Data(
                artefact: artefact, source: source,
                licence: source?.licence ?? licence(of: artefact.hash, graph),
                generators: writers.models, programs: writers.programs, how: how)
        }
    }

    /// All licences of what something was made of.
    private static func licence(of hash: ContentHash, _ graph: LineageGraph) -> String {
        var seen: Set = [hash]
        var pending = [hash]
        var licences: [String] = []
        while let next = pending.popLast() {
            for (origin, _) in graph.origins(of: next) where seen.insert(origin.hash).inserted {
                pending.append(origin.hash)
                for source in graph.sources(of: origin) where !licences.contains(source.licence) {
                    licences.append(source.licence)
                }
            }
        }
        let known = licences.filter { (try? LicenceExpression(parsing: $0)) != nil }.sorted()
        guard !known.isEmpty else { return RightsSource.noAssertion }
        return known.map { $0.contains(" ") && known.count > 1 ? "(\($0))" : $0 }
            .joined(separator: " AND ")
    }

    /// Ways on which words stay those of who wrote them.
    private static let passing: Set<Derivation> = [
        .contained, .filtered, .deduplicated, .converted, .transformed,
    ]

    /// Who wrote data: their source says so, or the teacher of the run that made them, or it is who
    /// wrote what they were taken from.
    private static func writers(
        of hash: ContentHash, _ graph: LineageGraph, root: ContentHash
    ) -> (models: [String], programs: [String]) {
        var models: [String] = []
        var programs: [String] = []
        var seen: Set = [hash]
        var pending = [hash]
        func add(_ name: String, to names: inout [String]) {
            if !names.contains(name) { names.append(name) }
        }
        while let next = pending.popLast() {
            for source in graph[next].map({ graph.sources(of: $0) }) ?? [] {
                for name in source.generators { add(name, to: &models) }
                if let program = source.program { add(program, to: &programs) }
            }
            for (origin, edge) in graph.origins(of: next) {
                if edge.how == .generated || (edge.how == .taughtBy && next != root) {
                    add(origin.name, to: &models)
                }
                let passes = passing.contains(edge.how) || origin.kind == .run
                if passes, seen.insert(origin.hash).inserted { pending.append(origin.hash) }
            }
        }
        return (models, programs)
    }

    private static func parents(_ lineage: Lineage, _ graph: LineageGraph) -> [Parent] {
        var parents: [Parent] = []
        for edge in lineage.edges where edge.how == .initialisedFrom || edge.how == .taughtBy {
            guard let artefact = graph[edge.from], artefact.hash != lineage.root else { continue }
            let role: Parent.Role = edge.how == .taughtBy ? .teacher : .base
            guard !parents.contains(where: { $0.artefact.hash == edge.from && $0.role == role })
            else { continue }
            let source = artefact.source.flatMap { lineage.sources[$0] }
            parents.append(
                Parent(
                    artefact: artefact, role: role,
                    licence: source?.licence ?? licence(of: artefact.hash, graph),
                    host: artefact.details["endpoint"]?.stringValue,
                    isMade: !graph.edges(to: artefact.hash).isEmpty))
        }
        return parents
    }

    /// Sources in the order of their names.
    var sources: [RightsSource] {
        lineage.sources.sorted { $0.value.name < $1.value.name }.map(\.value)
    }

    /// Overrides with who gave them, each once.
    var overrides: [(subject: String, override: GateOverride)] {
        report.findings.compactMap { finding in finding.override.map { (finding.subject, $0) } }
    }

    /// An identifier for a document of this model, the same for the same model: the hash as a UUID
    /// of version 8 (RFC 9562).
    func documentUUID(_ purpose: String) -> String {
        var digits = Array(ContentHash(of: "\(purpose)\n\(hash)\n\(facts.version)\n").hex.utf8)
        digits[12] = UInt8(ascii: "8")
        digits[16] = UInt8(ascii: "b")
        let text = String(decoding: digits[..<32], as: UTF8.self)
        func part(_ from: Int, _ to: Int) -> Substring {
            text[
                text.index(
                    text.startIndex, offsetBy: from)..<text.index(text.startIndex, offsetBy: to)]
        }
        return [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)]
            .joined(separator: "-")
    }
}
