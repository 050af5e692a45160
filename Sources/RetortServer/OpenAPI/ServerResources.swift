// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The files that come with the server.
public enum ServerResources {
    private static let bundleName = "retort_RetortServer.resources"

    /// The folder with the files: beside the executable, where the build puts it, or in
    /// `../share/retort`. (The generated `Bundle.module` would trap where it is missing.)
    /// - Throws: ``ServerError`` if it is in none of these places.
    public static func folder() throws(ServerError) -> URL {
        let executable = Bundle.main.executableURL?.resolvingSymlinksInPath()
        let bases = [Bundle.main.bundleURL, executable?.deletingLastPathComponent()]
        for base in bases.compactMap({ $0 }) {
            for candidate in ["\(bundleName)/Resources", "../share/retort/server"] {
                let folder = base.appendingPathComponent(candidate).standardizedFileURL
                if FileManager.default.fileExists(atPath: folder.path) { return folder }
            }
        }
        throw ServerError(
            "the server's files are missing; keep \(bundleName) in the folder of the executable")
    }
}
