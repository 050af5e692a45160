// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// The field `grader` of a problem file.
struct GraderRecord {
    private let object: JSONObject
    private let type: String

    private static let common: Set<String> = ["type", "extraction", "strict"]
    /// The options of each type.
    private static let options: [String: Set<String>] = [
        "exact": ["ignore_case", "ignore_space"],
        "numeric": ["tolerance", "relative_tolerance"],
        "choice": ["choices"],
        "regex": ["pattern", "search"],
        "json_schema": ["schema"],
        "program": [
            "command", "time_limit_seconds", "cpu_seconds", "memory_mb", "output_bytes", "network",
        ],
    ]

    init(_ value: JSONValue) throws(EvaluationError) {
        guard let object = value.objectValue, let type = object["type"]?.stringValue,
            let options = Self.options[type]
        else {
            throw EvaluationError(
                "'grader' must be an object whose 'type' is one of \(Self.options.keys.sorted().joined(separator: ", "))"
            )
        }
        for key in object.keys where !options.contains(key) && !Self.common.contains(key) {
            throw EvaluationError(
                "'grader.\(key)' is not known; a grader of the type \(type) has \(options.union(Self.common).sorted().joined(separator: ", "))"
            )
        }
        self.object = object
        self.type = type
    }

    func grader(allowsPrograms: Bool) throws(EvaluationError) -> any Grader {
        switch type {
        case "exact":
            return ExactGrader(
                extraction: try extraction(.whole), ignoresCase: try flag("ignore_case"),
                ignoresSpace: try flag("ignore_space"))
        case "numeric":
            return NumericGrader(
                extraction: try extraction(.lastNumber),
                tolerance: try NumericGrader.Tolerance(
                    absolute: try number("tolerance") ?? 0,
                    relative: try number("relative_tolerance") ?? 0))
        case "choice":
            return ChoiceGrader(extraction: try extraction(.choice), choices: try choices())
        case "regex":
            guard let pattern = object["pattern"]?.stringValue else {
                throw EvaluationError("'grader.pattern' must be a regular expression")
            }
            return try RegexGrader(
                pattern, searches: try flag("search"), extraction: try extraction(.whole))
        case "json_schema":
            guard let schema = object["schema"] else {
                throw EvaluationError("'grader.schema' is missing")
            }
            return try SchemaGrader(schema, extraction: try extraction(.document))
        default:
            guard allowsPrograms else {
                throw EvaluationError(
                    "a program grades this problem, which would run on this machine; allow it with --allow-programs if you trust the file"
                )
            }
            return ProgramGrader(try program(), extraction: try extraction(.whole))
        }
    }

    private func extraction(_ usual: AnswerExtraction.Fallback)
        throws(EvaluationError) -> AnswerExtraction
    {
        var fallback = usual
        if let value = object["extraction"] {
            guard let named = AnswerExtraction.Fallback(rawValue: value.stringValue ?? "") else {
                let names = AnswerExtraction.Fallback.allCases.map(\.rawValue)
                throw EvaluationError(
                    "'grader.extraction' must be one of \(names.joined(separator: ", "))")
            }
            fallback = named
        }
        return AnswerExtraction(fallback, isStrict: try flag("strict"))
    }

    private func flag(_ key: String) throws(EvaluationError) -> Bool {
        guard let value = object[key] else { return false }
        guard let flag = value.boolValue else {
            throw EvaluationError("'grader.\(key)' is \(value.kind); expected true or false")
        }
        return flag
    }

    private func number(_ key: String) throws(EvaluationError) -> Double? {
        guard let value = object[key] else { return nil }
        guard let number = value.doubleValue else {
            throw EvaluationError("'grader.\(key)' is \(value.kind); expected a number")
        }
        return number
    }

    private func integer(_ key: String, _ usual: Int) throws(EvaluationError) -> Int {
        guard let value = object[key] else { return usual }
        guard let number = value.intValue, (0...1 << 40).contains(number) else {
            throw EvaluationError("'grader.\(key)' must be an integer, 0 or more")
        }
        return number
    }

    private func choices() throws(EvaluationError) -> Set<Character> {
        guard let value = object["choices"] else { return ChoiceGrader.letters }
        let letters = (value.arrayValue ?? []).compactMap { $0.stringValue }
        guard !letters.isEmpty, letters.count == value.arrayValue?.count,
            letters.allSatisfy({ $0.count == 1 && "A"..."Z" ~= $0 })
        else { throw EvaluationError("'grader.choices' must be a list of letters, A to Z") }
        return Set(letters.joined())
    }

    private func program() throws(EvaluationError) -> SandboxedProgram {
        let command = (object["command"]?.arrayValue ?? []).compactMap(\.stringValue)
        guard !command.isEmpty, command.count == object["command"]?.arrayValue?.count else {
            throw EvaluationError("'grader.command' must be a list of texts: a program, arguments")
        }
        let seconds = try number("time_limit_seconds") ?? 10
        guard seconds > 0, seconds <= 3600 else {
            throw EvaluationError("'grader.time_limit_seconds' must be above 0, up to 3600")
        }
        return try SandboxedProgram(
            command: command, timeLimit: .milliseconds(Int(seconds * 1000)),
            processorSeconds: try integer("cpu_seconds", max(1, Int(seconds.rounded(.up)))),
            memoryBytes: try integer("memory_mb", 1024) << 20,
            outputBytes: try integer("output_bytes", 1 << 16),
            allowsNetwork: try flag("network"))
    }
}
