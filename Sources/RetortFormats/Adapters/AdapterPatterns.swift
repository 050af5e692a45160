// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// Numbers for single layers, such as peft's `alpha_pattern`. A key is a regular expression that a
/// layer's name, or what of it stands behind a dot, must match; the first that does counts.
struct AdapterPatterns {
    private var entries: [(pattern: Regex<AnyRegexOutput>, value: Float)] = []

    /// - Throws: ``FormatError`` if the field is no object of numbers, or a key no expression.
    init(_ fields: JSONFields, _ key: String) throws(FormatError) {
        guard let object = try fields.object(key) else { return }
        for name in object.object.keys {
            guard let value = try object.number(name) else { continue }
            guard let pattern = try? Regex("(.*\\.)?(\(name))") else {
                throw FormatError("\(object.path): '\(name)' is no regular expression")
            }
            entries.append((pattern, Float(value)))
        }
    }

    func value(of layer: String) -> Float? {
        entries.first { (try? $0.pattern.wholeMatch(in: layer)) != nil }?.value
    }
}
