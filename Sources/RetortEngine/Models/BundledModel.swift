// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The small model that ships inside the package, see docs/bundled-model.md.
public enum BundledModel {
    private static let bundleName = "retort_RetortEngine.resources"
    private static let fileName = "retort-bundled.gguf"

    /// Where the file lies: in the resource folder beside the executable, where the build puts it,
    /// or in `../share/retort`. (The generated `Bundle.module` would trap where it is missing.)
    /// - Throws: ``EngineError`` if it is in none of these places.
    public static func path() throws -> String {
        let executable = Bundle.main.executableURL?.resolvingSymlinksInPath()
        let folders = [Bundle.main.bundleURL, executable?.deletingLastPathComponent()]
        for folder in folders.compactMap({ $0 }) {
            for candidate in ["\(bundleName)/\(fileName)", "../share/retort/\(fileName)"] {
                let path = folder.appendingPathComponent(candidate).standardizedFileURL.path
                if FileManager.default.fileExists(atPath: path) { return path }
            }
        }
        throw EngineError(
            "the bundled model is missing; keep \(bundleName) in the folder of the executable")
    }
}
