// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A key of an API. It describes itself without its text, so that it cannot end up in a log.
public struct APIKey: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    let text: String

    /// - Parameter source: Where the text is from, for the error.
    /// - Throws: ``ClientError`` of kind `invalidSetting` if the text cannot stand in a header.
    public init(_ text: String, source: String = "the API key") throws(ClientError) {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw ClientError(
                .invalidSetting,
                "\(source) is \(text.isEmpty ? "empty" : "not a key"); expected ASCII letters and"
                    + " signs, no spaces")
        }
        self.text = text
    }

    /// The key in an environment variable; white space around it is dropped.
    /// - Throws: ``ClientError`` of kind `invalidSetting` if it is not set or not a key.
    public init(
        environmentVariable name: String,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(ClientError) {
        guard let text = environment[name] else {
            throw ClientError(
                .invalidSetting,
                "the environment has no \(name); set it to the endpoint's API key")
        }
        try self.init(
            text.trimmingCharacters(in: .whitespacesAndNewlines),
            source: "the environment variable \(name)")
    }

    /// The key in a file that holds nothing else.
    /// - Throws: ``ClientError`` of kind `invalidSetting` if it cannot be read or holds no key.
    public init(file path: String) throws(ClientError) {
        let data: Data
        do {
            let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { try? handle.close() }
            data = try handle.read(upToCount: Self.longestFile + 1) ?? Data()
        } catch {
            throw ClientError(.invalidSetting, "the key file \(path) cannot be read")
        }
        guard data.count <= Self.longestFile else {
            throw ClientError(
                .invalidSetting,
                "the key file \(path) is longer than \(Self.longestFile) bytes; expected a key alone"
            )
        }
        try self.init(
            String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines),
            source: "the content of \(path)")
    }

    private static let longestFile = 16_384

    public var description: String { "<key>" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
