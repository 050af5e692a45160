// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON

/// Commands that are run in the order of what they need, and what is reported of them.
public struct PipelinePlan: Sendable {
    public var title: String
    /// The directory of all that it makes.
    public var output: String
    public var stages: [PipelineStage]
    /// What must hold when all stages have run.
    public var expectations: [PipelineStage.Expectation] = []
    public var pricePerHour: Double?
    public var currency = "USD"
    public var report: ReportPlan
    /// The directory of the plan's own file; what lies there is part of a stage.
    public let folder: String

    /// Reads a plan; `docs/pipelines.md` describes every key.
    /// - Parameters:
    ///   - folder: Where its file is.
    ///   - changes: Values in place of the plan's `variables`.
    /// - Throws: ``PipelineError`` naming the key that is missing, unknown or of another kind.
    public init(_ json: JSONValue, folder: String, changes: [(name: String, value: String)] = [])
        throws(PipelineError)
    {
        self.folder = folder
        let fields = try PipelineFields(json, "the plan")
        var variables: [String: String] = [:]
        for member in try fields.mapping("variables").members {
            guard let text = PipelineFields.text(member.value) else {
                throw PipelineError("the variable '\(member.key)' is \(member.value.kind)")
            }
            variables[member.key] = text
        }
        let written = try fields.required("output")
        for (name, value) in changes where name != "output" {
            guard variables[name] != nil else {
                throw PipelineError(
                    "there is no variable '\(name)'; there are \((variables.keys + ["output"]).sorted().joined(separator: ", "))"
                )
            }
            variables[name] = value
        }
        output = changes.last { $0.name == "output" }?.value ?? written
        variables["here"] = folder
        variables["output"] = output
        title = try fields.text("title") ?? "Pipeline"
        let cost = try PipelineFields(fields.value("cost"), "cost")
        pricePerHour = try cost.number("price_per_hour")
        currency = try cost.text("currency") ?? currency
        try cost.finish()
        stages = []
        for (index, item) in try fields.items("stages").enumerated() {
            stages += try Self.stages(item, "stage \(index + 1)", variables)
        }
        expectations = try Self.expectations(fields, variables, "the plan")
        report = try ReportPlan(fields.value("report"), variables)
        try fields.finish()
        guard !stages.isEmpty else { throw PipelineError("the plan has no 'stages'") }
        var names: Set<String> = []
        for stage in stages where !names.insert(stage.name).inserted {
            throw PipelineError("two stages are called '\(stage.name)'")
        }
        var earlier: Set<String> = []
        for stage in stages {
            for name in stage.after where !earlier.contains(name) {
                throw PipelineError(
                    "the stage '\(stage.name)' is 'after' '\(name)', which is no stage before it")
            }
            earlier.insert(stage.name)
        }
        for row in report.gains.flatMap(\.rows) {
            for name in row.stages where !names.contains(name) {
                throw PipelineError("report: gains: there is no stage '\(name)'")
            }
        }
    }

    /// A stage for each value of `each`, or one.
    private static func stages(
        _ json: JSONValue, _ place: String, _ variables: [String: String]
    ) throws(PipelineError) -> [PipelineStage] {
        let fields = try PipelineFields(json, place)
        var variants = [variables]
        for member in try fields.mapping("each").members {
            let items = member.value.arrayValue ?? [member.value]
            let values = items.compactMap(PipelineFields.text)
            guard !values.isEmpty, values.count == items.count else {
                throw PipelineError(
                    "\(place): 'each.\(member.key)' must be a text, a number or a list of them")
            }
            variants = variants.flatMap { known in
                values.map { known.merging([member.key: $0]) { $1 } }
            }
        }
        var stages: [PipelineStage] = []
        for known in variants { stages.append(try stage(json, place, known)) }
        return stages
    }

    private static func stage(
        _ json: JSONValue, _ place: String, _ variables: [String: String]
    ) throws(PipelineError) -> PipelineStage {
        let fields = try PipelineFields(json, place)
        _ = fields.value("each")
        let name = try filled(try fields.required("name"), variables, place)
        let place = "the stage '\(name)'"
        guard !name.isEmpty, !name.contains("/"), !name.hasPrefix(".") else {
            throw PipelineError("\(place): a name is also a file's and has no slash")
        }
        let places = variables.merging(["here": "{here}", "output": "{output}"]) { $1 }
        var (words, pattern): ([String], [String]) = ([], [])
        for part in try fields.texts("run") {
            // A text is split at spaces, the items of a list are not.
            let split =
                json["run"]?.arrayValue == nil
                ? part.split(whereSeparator: \.isWhitespace).map { String($0) } : [part]
            for word in split {
                words.append(try filled(word, variables, place))
                pattern.append(try filled(word, places, place))
            }
        }
        guard !words.isEmpty else { throw PipelineError("\(place) has no 'run'") }
        var stage = PipelineStage(name: name, arguments: words, pattern: pattern)
        for path in try fields.texts("makes") {
            stage.makes.append(try inside(filled(path, variables, place), place))
        }
        for name in try fields.texts("after") {
            stage.after.append(try filled(name, variables, place))
        }
        stage.resumes = try fields.flag("resume") ?? false
        if let path = try fields.text("stdout") {
            stage.output = try inside(filled(path, variables, place), place)
        }
        stage.expectations = try expectations(fields, variables, place)
        try fields.finish()
        return stage
    }

    private static func expectations(
        _ fields: PipelineFields, _ variables: [String: String], _ place: String
    ) throws(PipelineError) -> [PipelineStage.Expectation] {
        var expectations: [PipelineStage.Expectation] = []
        for item in try fields.items("expect") {
            let own = try PipelineFields(item, "\(place): 'expect'")
            var expectation = PipelineStage.Expectation(
                file: try inside(filled(own.required("file"), variables, place), place),
                key: try own.required("key"))
            expectation.least = try own.number("at_least")
            expectation.most = try own.number("at_most")
            expectation.isRequired = try own.flag("required") ?? false
            try own.finish()
            expectations.append(expectation)
        }
        return expectations
    }

    /// Replaces `{name}`.
    static func filled(_ text: String, _ variables: [String: String], _ place: String)
        throws(PipelineError) -> String
    {
        var result = ""
        var rest = text[...]
        while let open = rest.firstIndex(of: "{") {
            guard let close = rest[open...].firstIndex(of: "}") else { break }
            let name = String(rest[rest.index(after: open)..<close])
            guard let value = variables[name] else {
                throw PipelineError(
                    "\(place): there is no variable '\(name)'; there are \(variables.keys.sorted().joined(separator: ", "))"
                )
            }
            result += rest[..<open] + value
            rest = rest[rest.index(after: close)...]
        }
        return result + rest
    }

    /// A path below the output: what is outside is not a pipeline's to remove or to write.
    static func inside(_ path: String, _ place: String) throws(PipelineError) -> String {
        let parts = path.split(separator: "/")
        guard !path.hasPrefix("/"), !parts.contains(".."), parts.contains(where: { $0 != "." })
        else {
            throw PipelineError("\(place): '\(path)' is not below the output; give a path in it")
        }
        return path
    }
}
