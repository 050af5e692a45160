// SPDX-License-Identifier: Apache-2.0

import Foundation

extension AuditReport {
    /// The report for people, with what it does not show.
    public var markdown: String {
        var lines = ["# Memorisation audit of \(Self.cell(model))", ""]
        if !works.isEmpty { lines += extraction }
        if !nearVerbatim.isEmpty { lines += near }
        if let canaries { lines += Self.exposure(canaries) }
        if let datasetInference { lines += Self.inference(datasetInference) }
        lines += [
            "## What this does not show", "",
            "- A low chance of extraction is one of these prefixes and this way of drawing; other "
                + "prompts may extract more.",
            "- A work that is easily written may have been quoted widely or be easily guessed; compare "
                + "it with the controls.",
            "- No single document is said to have been trained on, or not.", "",
        ]
        return lines.joined(separator: "\n")
    }

    private var extraction: [String] {
        var lines = ["## Extraction", ""]
        if let audit = works.first?.audit {
            lines += [
                "Windows of \(audit.prefixTokens) given and \(audit.suffixTokens) written tokens, "
                    + "\(audit.stride) apart, drawn with \(Self.text(audit.scheme)). Shares of the work "
                    + "that is written word for word with the chance p_z or more.", "",
            ]
            let heads = audit.thresholds.map { "p_z ≥ \(Self.percent($0))" }
            lines.append(
                "| work | windows | " + heads.joined(separator: " | ") + " | greedy | best p_z |")
            lines.append("|---|---|" + heads.map { _ in "---|" }.joined() + "---|---|")
        }
        for work in works {
            let cells =
                [Self.cell(work.name) + (work.isControl ? " (control)" : ""), "\(work.windows)"]
                + work.coverage.map { Self.percent($0.share) } + [
                    Self.percent(work.greedy.share),
                    work.likeliest.first.map { Self.text($0.chance) } ?? "",
                ]
            lines.append("| " + cells.joined(separator: " | ") + " |")
        }
        return lines + [""]
    }

    private var near: [String] {
        var lines = [
            "## Near copies", "",
            "Samples whose suffix differs in few tokens, with the interval of Clopper and Pearson.",
            "",
            "| work | token | changes | samples | chance | interval |", "|---|---|---|---|---|---|",
        ]
        for window in nearVerbatim {
            let interval = window.result.interval
            lines.append(
                "| \(Self.cell(window.work)) | \(window.start) | \(window.result.mostChanges) "
                    + "(\(window.result.distance.rawValue)) | \(interval.hits) of \(interval.count) | "
                    + "\(Self.percent(Double(interval.hits) / Double(interval.count))) | "
                    + "\(Self.percent(interval.lower)) – \(Self.percent(interval.upper)) |")
        }
        return lines + [""]
    }

    private static func exposure(_ report: CanaryReport) -> [String] {
        var lines = [
            "## Canaries", "",
            "Among \(report.references) sentences that were never used; at most "
                + "\(number(report.mostExposure)) bits.", "",
            "| planted | canaries | mean exposure, bits | p |", "|---|---|---|---|",
        ]
        for point in report.curve {
            lines.append(
                "| \(point.repetitions) | \(point.canaries.count) | \(number(point.meanExposure)) | "
                    + "\(number(point.pValue)) |")
        }
        return lines + [""]
    }

    private static func inference(_ report: DatasetInferenceReport) -> [String] {
        let finding =
            switch report.finding {
            case .trainedOn:
                "The model knows the suspect texts, as a set, better than texts that are drawn alike."
            case .notShown:
                "The model was not shown to know the suspect texts better than texts that are drawn "
                    + "alike. That is no evidence that it was not trained on them."
            case .notDrawnAlike:
                "The suspect and the held-out texts are not drawn alike, or the held-out texts differ "
                    + "from themselves: nothing can be inferred."
            }
        return [
            "## Dataset inference", "", finding, "",
            "| texts | held out | p | held out against itself | without a model |",
            "|---|---|---|---|---|",
            "| \(report.suspectTexts) | \(report.heldOutTexts) | \(number(report.pValue)) | "
                + "\(number(report.controlPValue)) | \(number(report.blindPValue)) |", "",
            "It holds only if the held-out texts are drawn as the suspect ones are; it says nothing "
                + "of any one text.", "",
        ]
    }

    private static func text(_ scheme: SamplingScheme) -> String {
        (["temperature \(scheme.temperature)"]
            + [scheme.topK.map { "top-k \($0)" }, scheme.topP.map { "top-p \($0)" }]
            .compactMap { $0 }).joined(separator: ", ")
    }

    private static func text(_ chance: ExtractionChance) -> String {
        guard chance.logarithm.isFinite else { return "0" }
        return chance.value > 1e-4
            ? percent(chance.value) : "10^\(number(chance.logarithm / 2.302_585_092_994_046))"
    }

    private static func percent(_ share: Double) -> String { number(100 * share) + " %" }

    /// Three digits.
    private static func number(_ value: Double) -> String { String(format: "%.3g", value) }

    /// Names come from files: they do not end a cell.
    private static func cell(_ name: String) -> String {
        name.replacingOccurrences(of: "|", with: "\\|").replacingOccurrences(of: "\n", with: " ")
    }
}
