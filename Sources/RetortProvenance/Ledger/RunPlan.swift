// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// What a run says of itself before it begins.
public struct RunPlan: Sendable {
    /// A file or a directory that the run reads.
    public struct Input: Sendable {
        public var path: String
        public var how: Derivation
        public var kind: Artefact.Kind
        /// nil if the ledger knows it, or its lineage stands beside it.
        public var source: RightsSource?

        public init(
            _ path: String, how: Derivation = .trainedOn, kind: Artefact.Kind = .shard,
            source: RightsSource? = nil
        ) {
            self.path = path
            self.how = how
            self.kind = kind
            self.source = source
        }
    }

    /// Who is asked.
    public enum Teacher: Sendable, Equatable {
        /// A GGUF file or a Hugging Face directory.
        case local(path: String, name: String?)
        /// An API: its host, and what it calls the model.
        case endpoint(host: String, model: String)
    }

    /// `train`, `sft`, `rl`, `distill`, `collect`, `convert`, `traces`, …
    public var verb: String
    public var name: String
    /// The directory that it writes; what a run that goes on is known again by.
    public var output: String
    /// The recipe with all its settings. Must hold no secrets: it travels with the model.
    public var recipe: JSONValue
    public var inputs: [Input]
    /// The model that training begins from.
    public var base: String?
    public var teacher: Teacher?
    /// Such as `retort 0.9`.
    public var software: String

    public init(
        verb: String, name: String, output: String, recipe: JSONValue = .null,
        inputs: [Input] = [], base: String? = nil, teacher: Teacher? = nil, software: String
    ) {
        self.verb = verb
        self.name = name
        self.output = output
        self.recipe = recipe
        self.inputs = inputs
        self.base = base
        self.teacher = teacher
        self.software = software
    }
}
