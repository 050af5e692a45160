// SPDX-License-Identifier: Apache-2.0
//
// What a trainer calls. Three lines of it:
//
//     let record = try RunRecord.begin(plan, in: ledger, resume: resume)
//     try record.produced(checkpoint, .checkpoint, name: "step-000500")      after each checkpoint
//     try record.finish(models: [modelDirectory])                              at the end
//
// A run that is killed leaves what it had begun with and its checkpoints; going on adds to the same run.

import Foundation
import RetortJSON

/// A run that the ledger knows.
public struct RunRecord: Sendable {
    public let run: ContentHash
    let ledger: RightsLedger

    /// Records a run, what it reads and what these came from.
    /// - Parameters:
    ///   - resume: Whether the newest run of that verb and output goes on, if there is one.
    ///   - teacherSource: What is known of an endpoint's terms; nil says only its name.
    /// - Throws: ``ProvenanceError`` if an input is not there, or a model was changed since its
    ///   lineage was written. Nothing is recorded of the run then.
    public static func begin(
        _ plan: RunPlan, in ledger: RightsLedger, resume: Bool = false,
        teacherSource: RightsSource? = nil
    ) throws(ProvenanceError) -> RunRecord {
        var edges: [(from: ContentHash, how: Derivation)] = []
        for input in plan.inputs {
            edges.append((try ledger.add(input), input.how))
        }
        if let base = plan.base {
            let model = RunPlan.Input(base, how: .initialisedFrom, kind: .model)
            edges.append((try ledger.add(model), .initialisedFrom))
        }
        switch plan.teacher {
        case .local(let path, _):
            let model = RunPlan.Input(path, how: .taughtBy, kind: .model)
            edges.append((try ledger.add(model), .taughtBy))
        case .endpoint(let host, let model):
            edges.append(
                (try ledger.addTeacher(host: host, model: model, source: teacherSource), .taughtBy))
        case nil: break
        }
        let output = URL(fileURLWithPath: plan.output).standardizedFileURL.path
        let known = resume ? try ledger.newestRun(verb: plan.verb, output: output) : nil
        let started = ledger.now()
        var details = JSONObject([
            ("verb", .string(plan.verb)), ("software", .string(plan.software)),
            ("started", .double(started)),
        ])
        if !plan.recipe.isNull { details["recipe"] = plan.recipe }
        if case .local(_, let name?) = plan.teacher { details["teacher"] = .string(name) }
        let run =
            known
            ?? ContentHash(
                of: [
                    "details": .object(details), "output": .string(output),
                    "inputs": .array(edges.map { .string("\($0.how) \($0.from.hex)") }),
                ])
        try ledger.record(
            known == nil
                ? [
                    Artefact(
                        hash: run, kind: .run, name: plan.name, created: started, path: output,
                        details: details)
                ] : [],
            edges: edges.map { Edge(from: $0.from, to: run, how: $0.how) })
        return RunRecord(run: run, ledger: ledger)
    }

    /// Records something that the run made.
    /// - Parameters:
    ///   - source: For data that is no model's: what a program wrote by rule, and under what licence.
    ///   - details: Such as the step, parameters, the number of samples.
    /// - Returns: Its address.
    @discardableResult
    public func produced(
        _ path: String, _ kind: Artefact.Kind, name: String? = nil, source: RightsSource? = nil,
        details: JSONObject = JSONObject()
    ) throws(ProvenanceError) -> ContentHash {
        let contents = try ledger.contents(of: path)
        let artefact = Artefact(
            hash: contents.address, kind: kind,
            name: name ?? (path as NSString).lastPathComponent, size: contents.size,
            created: ledger.now(), path: URL(fileURLWithPath: path).standardizedFileURL.path,
            source: source?.id, details: details)
        // A copy of what went in, as a run of no steps leaves it, is not made from itself.
        let isCopy = try ledger.isInput(contents.address, of: run)
        try ledger.record(
            [artefact], sources: source.map { [$0] } ?? [],
            edges: isCopy ? [] : [Edge(from: run, to: contents.address, how: .produced)])
        if kind == .checkpoint || kind == .model { try ledger.linkData(of: run, to: artefact.hash) }
        // The shards of a dataset by themselves too: a training run reads one of them.
        if kind == .dataset, contents.isDirectory {
            let shards = contents.files.filter { $0.path.hasSuffix(".jsonl") }
            try ledger.record(
                shards.map {
                    Artefact(
                        hash: $0.hash, kind: .shard, name: $0.path, size: $0.size,
                        created: ledger.now(), path: "\(artefact.path ?? path)/\($0.path)",
                        source: source?.id)
                }, sources: source.map { [$0] } ?? [],
                edges: shards.flatMap {
                    [
                        Edge(from: run, to: $0.hash, how: .produced),
                        Edge(from: $0.hash, to: contents.address, how: .contained),
                    ]
                })
        }
        return contents.address
    }

    /// Records the run's end and its models, and writes each one's lineage beside it.
    /// - Parameter facts: What only the end knows: steps, tokens, hours, energy, cost.
    /// - Returns: The models' addresses.
    @discardableResult
    public func finish(
        models: [String], name: String? = nil, facts: JSONObject = JSONObject()
    ) throws(ProvenanceError) -> [ContentHash] {
        var ended = facts
        ended["finished"] = .double(ledger.now())
        try ledger.addDetails(ended, to: run)
        var addresses: [ContentHash] = []
        for model in models {
            addresses.append(try produced(model, .model, name: name))
            try ledger.writeLineage(of: model)
        }
        return addresses
    }
}
