// SPDX-License-Identifier: Apache-2.0

import RetortJSON
import RetortTraining

/// The section `distill.dataset` of a recipe: which answers a student learns from.
public struct DatasetSettings: Sendable {
    /// Whether only answers are kept that are known to be right.
    public var verifies = true
    public var keep = DatasetOptions.Keep.first
    public var maximumPerPrompt: Int?
    public var requiresReasoning = false
    /// Nil keeps near-duplicates.
    public var duplicateThreshold: Double? = 0.8
    /// Files of evaluation sets whose passages must not be in the dataset.
    public var decontaminate: [String] = []
    public var decontaminationWords = 8
    public var contaminationScope = DatasetOptions.ContaminationScope.prompt

    /// - Throws: `TrainingError` for a key that is unknown or out of range.
    public init(_ json: JSONValue) throws(TrainingError) {
        let fields = try RecipeFields(json, place: "distill.dataset")
        verifies = try fields.flag("verify") ?? verifies
        keep = try fields.choice("keep", DatasetOptions.Keep.self) ?? keep
        maximumPerPrompt = try fields.integer("max_per_prompt", in: 1...Int.max)
        requiresReasoning = try fields.flag("require_reasoning") ?? requiresReasoning
        if fields.value("near_duplicates")?.boolValue == false {
            duplicateThreshold = nil
        } else {
            duplicateThreshold =
                try fields.number("near_duplicates", in: 0.5...1) ?? duplicateThreshold
        }
        decontaminate = try fields.strings("decontaminate") ?? decontaminate
        decontaminationWords =
            try fields.integer("decontamination_words", in: 4...64) ?? decontaminationWords
        contaminationScope =
            try fields.choice(
                "decontamination_scope", DatasetOptions.ContaminationScope.self)
            ?? contaminationScope
        try fields.finish()
    }

    /// The options of a dataset.
    /// - Throws: ``DistillationError`` if an evaluation set cannot be read.
    func options(name: String, licence: LicenceVerdict) throws(DistillationError) -> DatasetOptions
    {
        var contamination: ContaminationIndex?
        if !decontaminate.isEmpty {
            var sets: [EvaluationSet] = []
            for path in decontaminate { sets.append(try EvaluationSet(path: path)) }
            contamination = try ContaminationIndex(sets, length: decontaminationWords)
        }
        return DatasetOptions(
            name: name, keep: keep, maximumPerPrompt: maximumPerPrompt,
            requiresReasoning: requiresReasoning, duplicateThreshold: duplicateThreshold,
            contamination: contamination, contaminationScope: contaminationScope, licence: licence)
    }
}
