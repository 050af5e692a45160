// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortClient
import RetortJSON

/// The README of a dataset: what Hugging Face reads of it as YAML, and what people should know.
struct DatasetCard {
    let plan: CollectionPlan
    let options: DatasetOptions
    let statistics: DatasetStatistics

    var text: String {
        [
            frontMatter, "# \(Self.line(options.name))", origin, acceptance, rejections,
            contamination,
            format,
        ].joined(separator: "\n\n") + "\n"
    }

    // MARK: Front matter

    private var frontMatter: String {
        """
        ---
        license: \(Self.quoted(options.licence.identifier))
        pretty_name: \(Self.quoted(options.name))
        task_categories:
        - text-generation
        annotations_creators:
        - machine-generated
        language_creators:
        - machine-generated
        size_categories:
        - \(sizeCategory)
        tags:
        - synthetic
        - distillation
        - reasoning
        - retort
        configs:
        - config_name: default
          data_files:
          - split: train
            path: \(VerifiedDataset.FileName.samples)
        ---
        """
    }

    /// The classes of Hugging Face's cards.
    private var sizeCategory: String {
        switch statistics.kept {
        case ..<1_000: "n<1K"
        case ..<10_000: "1K<n<10K"
        case ..<100_000: "10K<n<100K"
        case ..<1_000_000: "100K<n<1M"
        case ..<10_000_000: "1M<n<10M"
        default: "10M<n<100M"
        }
    }

    /// JSON's strings are YAML's.
    private static func quoted(_ text: String) -> String { JSONValue.string(text).text() }

    // MARK: Text

    private var origin: String {
        let request = plan.template
        var rows = [
            ("Teacher", Self.code(request.model)), ("Prompts", "\(statistics.prompts)"),
            ("Samples per prompt", "\(statistics.samplesPerPrompt)"),
            ("Parameters", parameters), ("Collected", dates),
            ("Samples kept", "\(statistics.kept) of \(statistics.answers) answers"),
            ("Kept per prompt", keepPolicy), ("Tokens", tokens), ("Cost", cost),
            ("Licence verdict", Self.line(options.licence.verdict)),
        ]
        if let note = options.licence.note { rows.append(("Terms", Self.line(note))) }
        if let endpoint = plan.endpoint { rows.append(("Endpoint", Self.line(endpoint.host))) }
        return """
            Answers of a teacher model to prompts, checked by a grader and written by Retort.

            """ + Self.table(["", ""], rows.map { [$0.0, $0.1] })
    }

    private var parameters: String {
        var body = plan.template.body
        body["model"] = nil
        body["messages"] = nil
        return body.isEmpty ? "the endpoint's defaults" : Self.code(JSONValue.object(body).text())
    }

    private var dates: String {
        guard let first = statistics.firstAnswer, let last = statistics.lastAnswer else {
            return ""
        }
        let days = (DatasetDate.day(first), DatasetDate.day(last))
        return days.0 == days.1 ? days.0 : "\(days.0) to \(days.1)"
    }

    private var keepPolicy: String {
        let limit = options.limit == .max ? "no limit" : "at most \(options.limit)"
        return "\(options.keep.rawValue) correct, \(limit)"
    }

    private var tokens: String {
        "\(statistics.promptTokens) of prompts, \(statistics.completionTokens) of answers, of these"
            + " \(statistics.reasoningTokens) counted as reasoning"
    }

    private var cost: String {
        let without = statistics.answersWithoutPrice
        let gap = without == 0 ? "" : "; the price of \(without) answers is not known"
        return "\(statistics.cost) for all answers, \(statistics.keptCost) for those kept\(gap)"
    }

    private var acceptance: String {
        var rows = statistics.sortedLevels.map { Self.row(Self.line($0.name), $0.level) }
        var total = DatasetStatistics.Level()
        for level in statistics.levels.values {
            total.prompts += level.prompts
            total.solved += level.solved
            total.judged += level.judged
            total.correct += level.correct
            total.kept += level.kept
        }
        rows.append(Self.row("all", total))
        return "## Acceptance by difficulty\n\n"
            + Self.table(
                ["difficulty", "prompts", "solved", "judged", "correct", "acceptance", "kept"], rows
            )
    }

    private static func row(_ name: String, _ level: DatasetStatistics.Level) -> [String] {
        let rate = level.acceptance.map { String(format: "%.1f %%", $0 * 100) } ?? "–"
        return [
            name, "\(level.prompts)", "\(level.solved)", "\(level.judged)", "\(level.correct)",
            rate,
            "\(level.kept)",
        ]
    }

    private var rejections: String {
        let rows = Rejection.allCases.compactMap { reason in
            statistics.rejections[reason].map { [Self.code(reason.rawValue), "\($0)"] }
        }
        guard !rows.isEmpty else { return "## Rejections\n\nNone." }
        return "## Rejections\n\n" + Self.table(["reason", "answers"], rows)
    }

    private var contamination: String {
        let title = "## Decontamination\n\n"
        guard let index = options.contamination else {
            return title + "The prompts were compared with no evaluation set."
        }
        let place = options.contaminationScope == .prompt ? "prompts" : "prompts and replies"
        let names = index.sets.map { Self.line($0) }.joined(separator: ", ")
        return title
            + "Runs of \(index.length) words of the \(place) were compared with \(index.itemCount) items"
            + " of \(names). \(statistics.contaminatedSamples) answers share"
            + " \(statistics.contaminationMatches) passages with them and were left out:"
            + " `\(VerifiedDataset.FileName.contamination)` shows each."
    }

    private var format: String {
        """
        ## Format

        `\(VerifiedDataset.FileName.samples)` has one sample a line: `messages` (the answer's thought is its
        `reasoning_content`), `teacher`, `license_verdict`, `request_hash`, `grader`, `finish_reason`, tokens,
        `cost_usd`, and the prompt's `prompt_id` and `difficulty`. `\(VerifiedDataset.FileName.statistics)` has the
        numbers above, `\(VerifiedDataset.FileName.duplicates)` what repeated another sample.
        """
    }

    // MARK: Markdown

    private static func table(_ head: [String], _ rows: [[String]]) -> String {
        ([head, head.map { _ in "---" }] + rows)
            .map { "| \($0.joined(separator: " | ")) |" }.joined(separator: "\n")
    }

    /// A text that stays within its line and its cell.
    private static func line(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).joined(separator: " ")
            .replacing("\\", with: "\\\\").replacing("|", with: "\\|").replacing("<", with: "&lt;")
    }

    private static func code(_ text: String) -> String {
        let text = text.split(whereSeparator: \.isNewline).joined(separator: " ")
            .replacing("|", with: "\\|").replacing("`", with: "'")
        return "`\(text)`"
    }
}
