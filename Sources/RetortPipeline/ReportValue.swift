// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON

/// Numbers in the files that stages write.
enum ReportValue {
    /// The number of a key; nil if there is no such file or number yet.
    /// - Parameter key: Points lead into objects.
    static func read(_ path: String, key: String) -> Double? {
        document(path).flatMap { find(key, in: $0)?.doubleValue }
    }

    static func interval(_ path: String, key: String) -> ClosedRange<Double>? {
        guard let bounds = document(path).flatMap({ find(key, in: $0)?.arrayValue }),
            bounds.count == 2, let low = bounds[0].doubleValue, let high = bounds[1].doubleValue,
            low <= high
        else { return nil }
        return low...high
    }

    private static func find(_ key: String, in json: JSONValue) -> JSONValue? {
        if let value = json[key] { return value }
        return key.split(separator: ".").reduce(Optional(json)) { $0?[String($1)] }
    }

    /// A JSON file, or the last of JSON lines.
    private static func document(_ path: String) -> JSONValue? {
        guard let bytes = FileManager.default.contents(atPath: path) else { return nil }
        if !path.hasSuffix(".jsonl"), let json = try? JSONValue(parsing: Array(bytes)) {
            return json
        }
        return bytes.split(separator: 10).reversed().lazy
            .compactMap { try? JSONValue(parsing: Array($0)) }.first
    }

    /// Two keys of JSON lines that have both.
    static func points(_ path: String, x: String, y: String) -> [(x: Double, y: Double)] {
        guard let bytes = FileManager.default.contents(atPath: path) else { return [] }
        return bytes.split(separator: 10).compactMap { line in
            guard let json = try? JSONValue(parsing: Array(line)),
                let x = json[x]?.doubleValue, let y = json[y]?.doubleValue
            else { return nil }
            return (x, y)
        }
    }
}
