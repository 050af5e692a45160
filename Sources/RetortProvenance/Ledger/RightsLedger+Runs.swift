// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import RetortJSON

extension RightsLedger {
    /// Records what a run reads. Where it came from is what the caller says, what the ledger knows of
    /// that content, or what its lineage says; else nobody knows, which the gate will say.
    @discardableResult
    public func add(_ input: RunPlan.Input) throws(ProvenanceError) -> ContentHash {
        let contents = try contents(of: input.path)
        let address = contents.address
        if try artefact(address) == nil, let lineage = try lineage(beside: input.path) {
            try add(lineage)
        }
        try record(
            [
                Artefact(
                    hash: address, kind: input.kind,
                    name: (input.path as NSString).lastPathComponent, size: contents.size,
                    created: now(), path: URL(fileURLWithPath: input.path).standardizedFileURL.path,
                    source: input.source?.id)
            ], sources: input.source.map { [$0] } ?? [])
        return address
    }

    /// Records a model that is known by its name alone.
    func addTeacher(host: String, model: String, source: RightsSource?) throws(ProvenanceError)
        -> ContentHash
    {
        let address = Self.address(ofTeacher: model, host: host)
        let source =
            source
            ?? RightsSource(name: model, url: "https://\(host)", publisher: host)
        try record(
            [
                Artefact(
                    hash: address, kind: .model, name: model, created: now(), source: source.id,
                    details: JSONObject([("endpoint", .string(host))]))
            ], sources: [source])
        return address
    }

    /// There is no content to hash: the address is the hash of host and name.
    public static func address(ofTeacher model: String, host: String) -> ContentHash {
        ContentHash(of: "endpoint\n\(host.lowercased())\n\(model)\n")
    }

    func newestRun(verb: String, output: String) throws(ProvenanceError) -> ContentHash? {
        try read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT hash FROM artefact WHERE kind = 'run' AND path = ?
                        AND details ->> 'verb' = ? ORDER BY id DESC LIMIT 1
                    """, arguments: [output, verb])
            return rows.first.flatMap { ContentHash(bytes: $0["hash"] as Data) }
        }
    }

    func isInput(_ hash: ContentHash, of run: ContentHash) throws(ProvenanceError) -> Bool {
        try read { db in
            try Self.neighbours(of: run, forward: false, db).contains { $0.artefact.hash == hash }
        }
    }

    /// A distillation learns from answers that it collected itself: they are no input of the run, but
    /// a copy in them is in the model.
    func linkData(of run: ContentHash, to model: ContentHash) throws(ProvenanceError) {
        try write { db in
            for (data, _) in try Self.neighbours(of: run, forward: true, db)
            where data.kind == .dataset || data.kind == .shard {
                try Self.insert(Edge(from: data.hash, to: model, how: .trainedOn), db)
            }
        }
    }

    /// Adds to an artefact's details; members of the same name are replaced.
    func addDetails(_ details: JSONObject, to hash: ContentHash) throws(ProvenanceError) {
        try write { db in
            guard var all = try Self.artefact(hash, db)?.details else { return }
            for member in details.members { all[member.key] = member.value }
            try db.execute(
                sql: "UPDATE artefact SET details = ? WHERE hash = ?",
                arguments: [JSONValue.object(all).text(), hash.bytes])
        }
    }

    /// Records that one file or directory was made of another without training: converted,
    /// quantised, filtered. The origin must be known, or its lineage beside it.
    /// - Returns: The result's address.
    @discardableResult
    public func derived(
        _ path: String, kind: Artefact.Kind, from origin: String, originKind: Artefact.Kind,
        how: Derivation, details: JSONObject = JSONObject()
    ) throws(ProvenanceError) -> ContentHash {
        let from = try add(RunPlan.Input(origin, kind: originKind))
        let to = try add(RunPlan.Input(path, kind: kind))
        try record(edges: [Edge(from: from, to: to, how: how, details: details)])
        return to
    }
}
