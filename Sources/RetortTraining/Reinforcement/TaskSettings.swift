// SPDX-License-Identifier: Apache-2.0

import RetortEvaluation
import RetortJSON

/// What `rl.task` and `rl.rewards` of a recipe say.
public struct TaskSettings: Sendable {
    /// The tasks of the levels, the easiest first.
    public var levels: [(name: String, task: any EvaluationTask)] = []
    /// Where the held-out problems come from: the last level's task, or a file of their own.
    public var heldOut: any EvaluationTask
    /// Text put behind each prompt, such as how the answer is to be given.
    public var suffix = ""
    /// What a correct answer, one in the format, and one in the language are worth.
    public var accuracy = 1.0
    public var format = 0.0
    public var language = 0.0
    /// Whose letters a thought shall have.
    public var script = Script.latin

    public enum Script: String, Sendable, CaseIterable {
        case latin, cjk, cyrillic
    }

    /// - Throws: ``TrainingError`` for a key that is missing, unknown or out of range; `EvaluationError`
    ///   if there is no such task.
    public init(task: JSONValue, rewards: JSONValue) throws {
        try self.init(RecipeFields(task, place: "rl.task"), needsHeldOut: true)
        let worth = try RecipeFields(rewards, place: "rl.rewards")
        accuracy = try worth.number("accuracy", in: 0...1000) ?? accuracy
        format = try worth.number("format", in: 0...1000) ?? format
        language = try worth.number("language", in: 0...1000) ?? language
        script = try worth.choice("script", Script.self) ?? script
        try worth.finish()
    }

    /// A task whose problems are only trained on.
    /// - Parameter place: Where it stands in the recipe.
    /// - Throws: As ``init(task:rewards:)`` does.
    package init(training task: JSONValue, place: String) throws {
        try self.init(RecipeFields(task, place: place), needsHeldOut: false)
    }

    private init(_ fields: RecipeFields, needsHeldOut: Bool) throws {
        guard let name = try fields.string("name") else {
            throw fields.fail(
                "name", "is missing; there are \(TaskCatalog.names.joined(separator: ", "))")
        }
        var options = TaskCatalog.Options()
        options.path = try fields.string("data")
        options.allowsPrograms = try fields.flag("allow_programs") ?? false
        options.numbers = try fields.integer("numbers", in: 2...8) ?? options.numbers
        let sizes = try Self.sizes(fields.value("digits"), fields)
        for size in sizes {
            var own = options
            own.digits = size ?? own.digits
            let made = try TaskCatalog.task(name, own)
            levels.append((made.name, made))
        }
        guard let last = levels.last else { throw fields.fail("digits", "is an empty list") }
        heldOut = last.task
        if let path = try fields.string("held_out") {
            options.path = path
            heldOut = try TaskCatalog.task(name.hasPrefix("file:") ? "file:\(path)" : name, options)
        } else if needsHeldOut, !last.task.isGenerated {
            throw fields.fail(
                "held_out", "is missing; it names a file of problems that are not trained on")
        }
        suffix = try fields.string("prompt_suffix") ?? ""
        try fields.finish()
    }

    /// `3`, `3x2`, or a list of them; a task without digits has one level.
    private static func sizes(_ value: JSONValue?, _ fields: RecipeFields) throws -> [(Int, Int)?] {
        guard let value else { return [nil] }
        return try (value.arrayValue ?? [value]).map { item in
            let text = item.intValue.map { String($0) } ?? item.stringValue ?? ""
            guard let digits = ArithmeticTask.digits(text) else {
                throw fields.fail("digits", "has '\(text)'; expected such as 3 or 3x2")
            }
            return digits
        }
    }
}
