// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// The documents that can be written of a model.
public enum DocumentFormat: String, Sendable, CaseIterable {
    /// CycloneDX 1.6, an ML-BOM.
    case cyclonedx
    /// SPDX 3.0.1, profiles AI and Dataset.
    case spdx
    /// Croissant 1.0 with RAI 1.0, of the training data.
    case croissant
    /// The public summary of training content of Article 53(1)(d) of the EU's AI Act, as JSON.
    case euSummary = "eu-summary"
    /// The same for people, as Markdown.
    case euSummaryText = "eu-summary-md"
    /// Hugging Face's README.md.
    case modelCard = "model-card"
    case datasetCard = "dataset-card"

    /// The usual name of the file.
    public var fileName: String {
        switch self {
        case .cyclonedx: "bom.cdx.json"
        case .spdx: "bom.spdx3.json"
        case .croissant: "croissant.json"
        case .euSummary: "eu-summary.json"
        case .euSummaryText: "eu-summary.md"
        case .modelCard: "README.md"
        case .datasetCard: "dataset-README.md"
        }
    }
}

extension DocumentFormat {
    /// The JSON Schema (2020-12) of the EU summary, as a text.
    public static var euSummarySchema: String {
        String(decoding: PackageResources.eu_summary_schema_json, as: UTF8.self)
    }
}

extension ModelLineage {
    /// A document as a text that ends in a line feed.
    public func document(_ format: DocumentFormat) -> String {
        switch format {
        case .cyclonedx: Self.text(CycloneDXDocument(self).json)
        case .spdx: Self.text(SPDXDocument(self).json)
        case .croissant: Self.text(CroissantDocument(self).json)
        case .euSummary: Self.text(EUSummary(self).json)
        case .euSummaryText: EUSummary(self).text
        case .modelCard: ModelCard(self).text
        case .datasetCard: DataCard(self).text
        }
    }

    private static func text(_ json: JSONValue) -> String { json.text(.pretty) + "\n" }

    /// Writes documents into a directory, each with its usual name.
    /// - Returns: Their paths.
    /// - Throws: ``ProvenanceError`` if one cannot be written.
    @discardableResult
    public func write(_ formats: [DocumentFormat] = DocumentFormat.allCases, to directory: String)
        throws(ProvenanceError) -> [String]
    {
        var paths: [String] = []
        for format in formats {
            let path = "\(directory)/\(format.fileName)"
            try ProvenanceFile.write(document(format), to: path)
            paths.append(path)
        }
        return paths
    }
}
