// SPDX-License-Identifier: Apache-2.0

import Foundation

/// How the reports of this module are written: keys in snake case and in order.
public enum ReportJSON {
    /// - Throws: ``ProvenanceError`` for a number that JSON has no word for.
    public static func text(of report: some Encodable) throws(ProvenanceError) -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(report), as: UTF8.self)
        } catch {
            throw ProvenanceError("a report cannot be written as JSON: \(error)")
        }
    }

    /// - Throws: ``ProvenanceError`` if the text is no such report.
    public static func read<Report: Decodable>(_ type: Report.Type, from text: String)
        throws(ProvenanceError) -> Report
    {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        do {
            return try decoder.decode(type, from: Data(text.utf8))
        } catch {
            throw ProvenanceError("not a report of this kind: \(error)")
        }
    }
}
