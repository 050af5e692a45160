// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortFormats

/// What of a pipeline is done, in `OUTPUT/pipeline.json`.
public struct PipelineState: Codable, Sendable, Equatable {
    public struct Entry: Codable, Sendable, Equatable {
        /// Of the command and of the plan's files that it names; another begins anew.
        public var digest: String
        public var isDone = false
        /// Of all tries together.
        public var seconds = 0.0
        public var tries = 0
        /// Its share of the machine's time: that of stages that ran side by side is divided among them.
        public var machine: Double?
        /// Seconds since 1970.
        public var finished: Double?

        public var machineSeconds: Double { machine ?? seconds }
    }

    public var version = 1
    public var stages: [String: Entry] = [:]

    public init() {}

    static func path(_ output: String) -> String { "\(output)/pipeline.json" }

    /// Reads what there is.
    /// - Throws: ``PipelineError`` if it is damaged or of another version.
    public init(output: String) throws(PipelineError) {
        let path = Self.path(output)
        guard let bytes = FileManager.default.contents(atPath: path) else {
            self.init()
            return
        }
        do { self = try JSONDecoder().decode(PipelineState.self, from: bytes) } catch {
            throw PipelineError("\(path) is damaged; remove it to run every stage again")
        }
        guard version == 1 else {
            throw PipelineError("\(path) has the version \(version); this program reads 1")
        }
    }

    /// - Throws: `FormatError` if it cannot be written.
    func write(output: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try OutputFile.write(
            String(decoding: try encoder.encode(self), as: UTF8.self) + "\n",
            to: Self.path(output))
    }
}
