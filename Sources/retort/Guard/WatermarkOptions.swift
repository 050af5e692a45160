// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import RetortEngine
import RetortGuard

/// Marks what is written.
struct WatermarkOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Mark the answers with this key of 'retort guard keygen'; of a folder of keys the newest marks.",
            valueName: "path"),
        completion: .file())
    var watermark: String?

    @Option(
        name: .customLong("scheme"),
        help: ArgumentHelp(
            "Another scheme than the key's: \(WatermarkScheme.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "name"),
        transform: WatermarkOptions.scheme)
    var scheme: WatermarkScheme?

    func validate() throws {
        guard scheme == nil || watermark != nil else {
            throw ValidationError("--scheme goes with --watermark.")
        }
    }

    /// The keys; nil without the option.
    /// - Throws: `GuardError` if a file cannot be used.
    func ring() throws -> WatermarkKeyRing? {
        try watermark.map { try WatermarkKeyRing(path: $0, scheme: scheme) }
    }

    /// Of a folder of keys the newest.
    func key() throws -> WatermarkKey? { try ring()?.active }

    @Sendable static func scheme(_ name: String) throws -> WatermarkScheme {
        guard let scheme = WatermarkScheme(rawValue: name) else {
            throw ValidationError("--scheme: '\(name)' is not known.")
        }
        return scheme
    }
}
