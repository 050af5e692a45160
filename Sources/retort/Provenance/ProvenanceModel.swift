// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortEngine
import RetortProvenance

/// What is known of a model.
enum ProvenanceModel {
    /// A file or directory; `bundled` is the one that comes with this program.
    static func path(of model: String) throws -> String {
        model == "bundled" ? try BundledModel.path() : model
    }

    /// The ledger's, else the lineage beside it.
    static func lineage(of path: String, _ ledger: RightsLedger?) throws -> Lineage {
        if let ledger {
            let address = try ledger.contents(of: path).address
            if try ledger.artefact(address) != nil { return try ledger.lineage(of: address) }
        }
        let file = RightsLedger.lineagePath(of: path)
        guard let lineage = try RightsLedger.statedLineage(beside: path) else {
            throw CommandError(
                "nobody recorded what \(path) was made of: there is no \(file), and no ledger that knows it; name one with --ledger, or record it with 'retort provenance add'"
            )
        }
        guard lineage.root == (try ContentFiles(path: path)).address else {
            throw CommandError("\(file) is of something else: \(path) was changed since")
        }
        return lineage
    }
}
