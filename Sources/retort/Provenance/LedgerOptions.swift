// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortProvenance

/// Where the rights ledger is.
struct LedgerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The ledger; RETORT_LEDGER, or ledger.sqlite beside what is named, if this is left out.",
            valueName: "file"),
        completion: .file())
    var ledger: String?

    /// - Parameter place: A run's directory or a model, beside which the ledger is looked for.
    func path(beside place: String) -> String {
        if let ledger { return ledger }
        return RightsLedger.defaultPath(output: place)
    }

    func open(beside place: String) throws -> RightsLedger {
        try RightsLedger(path: path(beside: place), create: false)
    }

    /// Nil if there is none and none was named.
    func openIfThere(beside place: String) throws -> RightsLedger? {
        let path = path(beside: place)
        guard ledger != nil || FileManager.default.fileExists(atPath: path) else { return nil }
        return try RightsLedger(path: path, create: false)
    }
}
