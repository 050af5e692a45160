// SPDX-License-Identifier: Apache-2.0
//
// Lines typed before, kept in the user's state folder, readable by the user alone.
// RETORT_NO_HISTORY keeps them in memory only.

import Foundation
import RetortJSON

package struct InputHistory {
    private static let longest = 1000
    package private(set) var lines: [String] = []
    private let url: URL?

    /// - Parameter url: Nil keeps the history in memory.
    package init(url: URL?) {
        self.url = url
        guard let url, let text = try? String(contentsOf: url, encoding: .utf8) else { return }
        // One JSON string a line, since an entry may hold line breaks.
        lines = text.split(separator: "\n").suffix(Self.longest).compactMap {
            try? JSONValue(parsing: String($0)).stringValue
        }
    }

    /// `$XDG_STATE_HOME/retort/history`, by default `~/.local/state/retort/history`.
    package static func standardURL(environment: [String: String]) -> URL? {
        guard environment["RETORT_NO_HISTORY"] == nil else { return nil }
        let state =
            environment["XDG_STATE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
            ?? environment["HOME"].map { $0 + "/.local/state" }
        return state.map { URL(fileURLWithPath: $0 + "/retort/history") }
    }

    package mutating func add(_ line: String) {
        guard !line.isEmpty, line != lines.last else { return }
        lines.append(line)
        if lines.count > Self.longest { lines.removeFirst() }
    }

    /// Writes the file; a history that cannot be kept is no reason to stop.
    package func save() {
        guard let url else { return }
        let text = lines.map { JSONValue.string($0).text() + "\n" }.joined()
        let folder = url.deletingLastPathComponent()
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let temporary = folder.appendingPathComponent(".history.\(getpid())")
        let created = FileManager.default.createFile(
            atPath: temporary.path, contents: Data(text.utf8),
            attributes: [.posixPermissions: 0o600])
        if created { rename(temporary.path, url.path) }
    }
}
