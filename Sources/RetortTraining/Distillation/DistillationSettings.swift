// SPDX-License-Identifier: Apache-2.0

import RetortJSON
import RetortTensor

/// The section `distill` of a recipe; `docs/distillation.md` describes every key.
public struct DistillationSettings: Sendable {
    /// What a student learns from.
    public enum Method: String, Sendable, CaseIterable {
        /// What the teacher wrote, as far as it was found right.
        case traces
        /// What the teacher expects after each token of some texts.
        case logits
        /// What the teacher expects after each token of what the student writes.
        case onPolicy = "on_policy"
    }

    public var method = Method.traces
    /// Who is asked; read by whoever asks.
    public var teacher = JSONValue.null
    public var collect = JSONValue.null
    public var dataset = JSONValue.null
    /// The directory of a local teacher.
    public var teacherModel: String?
    /// How far the student is from the teacher.
    package var divergence = Divergence.Kind.forward
    public var beta: Float = 0.5
    public var temperature: Float = 1
    /// The teacher's likeliest tokens that are compared, the others as one; nil compares all.
    public var topK: Int?
    /// A directory where the teacher's distributions are kept.
    public var cache: String?

    init(_ fields: RecipeFields) throws(TrainingError) {
        method = try fields.choice("method", Method.self) ?? method
        teacher = fields.value("teacher") ?? .null
        collect = fields.value("collect") ?? .null
        dataset = fields.value("dataset") ?? .null
        teacherModel = teacher["model"]?.stringValue
        let loss = try fields.fields("loss")
        divergence =
            try loss.choice("divergence", Divergence.Kind.self)
            ?? (method == .onPolicy ? .reverse : .forward)
        beta = try loss.float("beta", in: 0...1) ?? beta
        guard divergence != .jensenShannon || (beta > 0 && beta < 1) else {
            throw loss.fail(
                "beta",
                "is \(beta), with which 'jsd' is zero whatever the student does; give 'forward' or 'reverse'"
            )
        }
        temperature = try loss.float("temperature", in: 0.01...100) ?? temperature
        topK = try loss.integer("top_k", in: 1...1 << 20)
        cache = try loss.string("cache")
        try loss.finish()
        try fields.finish()
        guard teacher.objectValue != nil else {
            throw fields.fail(
                "teacher", "is missing; name a 'model' or an 'endpoint' below it")
        }
        guard method == .traces || teacherModel != nil else {
            throw fields.fail(
                "teacher.model",
                "is missing; '\(method.rawValue)' needs all of what the teacher expects, which no endpoint gives: name a Hugging Face directory"
            )
        }
        guard cache == nil || method == .logits else {
            throw fields.fail(
                "loss.cache",
                "is of use with 'logits' only: what the student writes does not come twice")
        }
    }
}
