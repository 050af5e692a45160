// SPDX-License-Identifier: Apache-2.0
//
// Reads the mappings of a recipe. A key that nobody asked for is an error: a misspelt option would
// otherwise be an option that is silently not used.

import RetortJSON

/// One mapping of a recipe and where it stands.
package final class RecipeFields {
    private let object: JSONObject
    /// The keys above, such as `model.config`.
    private let place: String
    private var asked: Set<String> = []

    package init(_ value: JSONValue?, place: String) throws(TrainingError) {
        self.place = place
        switch value {
        case nil, .null?: object = JSONObject()
        case .object(let object)?: self.object = object
        case let other?:
            throw TrainingError(
                "recipe: \(place.isEmpty ? "it" : "'\(place)'") is \(other.kind); a mapping was expected"
            )
        }
    }

    private func path(_ key: String) -> String { place.isEmpty ? key : "\(place).\(key)" }

    package func value(_ key: String) -> JSONValue? {
        asked.insert(key)
        guard let value = object[key], !value.isNull else { return nil }
        return value
    }

    package func contains(_ key: String) -> Bool { object[key].map { !$0.isNull } ?? false }

    package func fields(_ key: String) throws(TrainingError) -> RecipeFields {
        try RecipeFields(value(key), place: path(key))
    }

    private func read<T>(_ key: String, _ expected: String, _ convert: (JSONValue) -> T?)
        throws(TrainingError) -> T?
    {
        guard let value = value(key) else { return nil }
        guard let result = convert(value) else {
            throw TrainingError(
                "recipe: '\(path(key))' is \(value.kind); \(expected) was expected")
        }
        return result
    }

    package func string(_ key: String) throws(TrainingError) -> String? {
        try read(key, "a text") { $0.stringValue }
    }

    package func flag(_ key: String) throws(TrainingError) -> Bool? {
        try read(key, "true or false") { $0.boolValue }
    }

    package func integer(_ key: String, in range: ClosedRange<Int>) throws(TrainingError) -> Int? {
        guard let number = try read(key, "an integer", { $0.intValue }) else { return nil }
        guard range.contains(number) else {
            throw TrainingError(
                "recipe: '\(path(key))' is \(number); it must be between \(range.lowerBound) and \(range.upperBound)"
            )
        }
        return number
    }

    package func number(_ key: String, in range: ClosedRange<Double>) throws(TrainingError)
        -> Double?
    {
        guard let number = try read(key, "a number", { $0.doubleValue }) else { return nil }
        guard range.contains(number) else {
            throw TrainingError(
                "recipe: '\(path(key))' is \(number); it must be between \(range.lowerBound) and \(range.upperBound)"
            )
        }
        return number
    }

    package func float(_ key: String, in range: ClosedRange<Double>) throws(TrainingError) -> Float?
    {
        try number(key, in: range).map { Float($0) }
    }

    package func choice<T: RawRepresentable & CaseIterable>(_ key: String, _: T.Type)
        throws(TrainingError) -> T? where T.RawValue == String
    {
        guard let name = try string(key) else { return nil }
        guard let value = T(rawValue: name) else {
            let known = T.allCases.map(\.rawValue).joined(separator: ", ")
            throw TrainingError("recipe: '\(path(key))' is '\(name)'; expected one of \(known)")
        }
        return value
    }

    /// A text or a list of texts.
    package func strings(_ key: String) throws(TrainingError) -> [String]? {
        try read(key, "a text or a list of texts") { value in
            if let one = value.stringValue { return [one] }
            guard let items = value.arrayValue else { return nil }
            let texts = items.compactMap(\.stringValue)
            return texts.count == items.count ? texts : nil
        }
    }

    /// A mapping, a text, or a list of them.
    package func items(_ key: String) -> [JSONValue] {
        guard let value = value(key) else { return [] }
        return value.arrayValue ?? [value]
    }

    package func fail(_ key: String, _ reason: String) -> TrainingError {
        TrainingError("recipe: '\(path(key))' \(reason)")
    }

    /// - Throws: ``TrainingError`` for a key that was not asked for.
    package func finish() throws(TrainingError) {
        for key in object.keys where !asked.contains(key) {
            let known = asked.sorted().joined(separator: ", ")
            throw TrainingError("recipe: '\(path(key))' is not known; expected one of \(known)")
        }
    }
}
