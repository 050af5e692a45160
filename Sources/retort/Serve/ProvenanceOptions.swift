// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import RetortGuard
import RetortProvenance
import RetortServer

/// What a server does about answers that repeat texts, and where it looks for them.
struct ProvenanceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Texts that answers must not repeat, of 'retort provenance protect'.",
            valueName: "file"),
        completion: .file())
    var protect: String?

    @Option(
        help: ArgumentHelp(
            "block, resample, cite or off, for all routes or as ROUTE=ACTION; may be given several times.",
            valueName: "action"))
    var onRepeat: [String] = []

    @Option(
        help: ArgumentHelp(
            "A corpus in which clients may look where an answer has been seen, of 'retort provenance index'.",
            valueName: "folder"),
        completion: .directory)
    var corpus: String?

    func validate() throws {
        guard protect != nil || onRepeat.isEmpty else {
            throw ValidationError("--on-repeat goes with --protect.")
        }
        _ = try actions()
    }

    private func actions() throws -> (
        action: OutputFilterRules.Action, routes: [String: OutputFilterRules.Action]
    ) {
        var action = OutputFilterRules.Action.block
        var routes: [String: OutputFilterRules.Action] = [:]
        for entry in onRepeat {
            let parts = entry.split(separator: "=", maxSplits: 1).map(String.init)
            guard let word = parts.last, let known = OutputFilterRules.Action(rawValue: word) else {
                throw ValidationError("--on-repeat: '\(entry)' is not known.")
            }
            if parts.count == 1 {
                action = known
            } else {
                guard GuardPolicy.routes.contains(parts[0]) else {
                    throw ValidationError(
                        "--on-repeat: '\(parts[0])' is no route; expected \(GuardPolicy.routes.joined(separator: ", "))."
                    )
                }
                routes[parts[0]] = known
            }
        }
        return (action, routes)
    }

    /// - Throws: `ProvenanceError` if the index cannot be used.
    func openCorpus() throws -> CorpusIndex? {
        guard let corpus else { return nil }
        let index = try CorpusIndex(path: corpus)
        guard index.unit == .bytes else {
            throw ProvenanceError(
                "\(corpus) is an index of \(index.unit.rawValue); --corpus takes one of bytes")
        }
        return index
    }

    /// - Throws: `ProvenanceError` if the file cannot be used.
    func rules() throws -> OutputFilterRules? {
        guard let protect else { return nil }
        let index = try ProtectedTextIndex(
            fileContent: try InputFile.bytes(path: protect), path: protect)
        let (action, routes) = try actions()
        return OutputFilterRules(index, action: action, routes: routes)
    }
}
