// SPDX-License-Identifier: Apache-2.0
//
// What surrounds the model in a tokenizer.json: normalizer, pre-tokenizer, post-processor, decoder.
// A GGUF vocabulary is given the same description (see Tokenizer+GGUF.swift), so that both kinds
// of file run through one pipeline and can be written as either.

import RetortJSON

/// The small parts of a tokenizer.json.
struct TokenizerComponents: Sendable {
    var normalizer: JSONValue = .null
    var preTokenizer: JSONValue = .null
    var postProcessor: JSONValue = .null
    var decoder: JSONValue = .null
}

extension JSONValue {
    /// The member, nil also where it is null.
    func member(_ key: String) -> JSONValue? {
        guard let value = self[key], !value.isNull else { return nil }
        return value
    }
}

/// The `type` of a component, and its members.
private func typeName(_ value: JSONValue, _ what: String) throws(TokenizerError) -> String {
    guard let name = value["type"]?.stringValue else {
        throw TokenizerError("the \(what) has no type; expected an object with \"type\"")
    }
    return name
}

private func list(_ value: JSONValue, _ key: String, _ what: String) throws(TokenizerError)
    -> [JSONValue]
{
    guard let items = value[key]?.arrayValue else {
        throw TokenizerError("the \(what) of type Sequence has no array \"\(key)\"")
    }
    guard items.count <= 64 else {
        throw TokenizerError("the \(what) has \(items.count) steps; at most 64 are supported")
    }
    return items
}

private func pattern(_ value: JSONValue?, _ what: String) throws(TokenizerError) -> SplitPattern {
    if let literal = value?["String"]?.stringValue { return .literal(Array(literal.utf8)) }
    if let regex = value?["Regex"]?.stringValue { return .regex(try RegexProgram(regex)) }
    throw TokenizerError("the \(what) has no pattern; expected {\"String\": ..} or {\"Regex\": ..}")
}

private let deepestNesting = 16

// MARK: Normalizer

extension Normalizer {
    init(json: JSONValue?) throws(TokenizerError) {
        if let json, !json.isNull { try append(json, depth: 0) }
    }

    private mutating func append(_ json: JSONValue, depth: Int) throws(TokenizerError) {
        let name = try typeName(json, "normalizer")
        switch name {
        case "Sequence":
            guard depth < deepestNesting else {
                throw TokenizerError("the normalizer is nested too deep")
            }
            for step in try list(json, "normalizers", "normalizer") {
                try append(step, depth: depth + 1)
            }
        case "NFC": steps.append(.canonical(composes: true))
        case "NFD": steps.append(.canonical(composes: false))
        case "Prepend":
            guard let prefix = json["prepend"]?.stringValue else {
                throw TokenizerError("the normalizer Prepend has no string \"prepend\"")
            }
            if !prefix.isEmpty { steps.append(.prepend(Array(prefix.utf8))) }
        case "Replace":
            guard let content = json["content"]?.stringValue else {
                throw TokenizerError("the normalizer Replace has no string \"content\"")
            }
            let pattern = try pattern(json["pattern"], "normalizer Replace")
            steps.append(.replace(pattern, Array(content.utf8)))
        case "Strip":
            steps.append(
                .strip(
                    left: json["strip_left"]?.boolValue ?? true,
                    right: json["strip_right"]?.boolValue ?? true))
        default:
            throw TokenizerError(
                "the normalizer \(name) is not supported; known are NFC, NFD, Prepend, Replace, "
                    + "Strip and Sequence")
        }
    }
}

// MARK: Pre-tokenizer

/// The steps before the model, and whether they end in GPT-2's spelling of bytes.
struct PreTokenizer: Sendable {
    var steps: [PreTokenizerStep] = []
    var isByteLevel = false

    init(json: JSONValue?) throws(TokenizerError) {
        if let json, !json.isNull { try append(json, depth: 0) }
    }

    private mutating func append(_ json: JSONValue, depth: Int) throws(TokenizerError) {
        let name = try typeName(json, "pre-tokenizer")
        guard !isByteLevel else {
            throw TokenizerError(
                "the pre-tokenizer \(name) follows ByteLevel; expected ByteLevel to be the last")
        }
        switch name {
        case "Sequence":
            guard depth < deepestNesting else {
                throw TokenizerError("the pre-tokenizer is nested too deep")
            }
            for step in try list(json, "pretokenizers", "pre-tokenizer") {
                try append(step, depth: depth + 1)
            }
        case "Split": steps.append(try split(json))
        case "ByteLevel":
            if json["add_prefix_space"]?.boolValue ?? true { steps.append(.prefixSpace) }
            if json["use_regex"]?.boolValue ?? true { steps.append(.gpt2) }
            isByteLevel = true
        case "Digits":
            if json["individual_digits"]?.boolValue ?? false {
                steps.append(.digits)
            } else {
                steps.append(try regex(#"\p{N}"#, .contiguous))
            }
        case "Metaspace": steps.append(try metaspace(json))
        case "Whitespace": steps.append(try regex(#"\w+|[^\w\s]+"#, .removed, invert: true))
        case "WhitespaceSplit": steps.append(try regex(#"\s"#, .removed))
        case "Punctuation":
            let behavior = try behavior(json, whenMissing: .isolated)
            steps.append(try regex(#"[\p{P}!-/:-@\[-`{-~]"#, behavior))
        default:
            throw TokenizerError(
                "the pre-tokenizer \(name) is not supported; known are Split, ByteLevel, Digits, "
                    + "Metaspace, Whitespace, WhitespaceSplit, Punctuation and Sequence")
        }
    }

    private func regex(
        _ pattern: String, _ behavior: SplitBehavior, invert: Bool = false
    ) throws(TokenizerError) -> PreTokenizerStep {
        .split(.regex(try RegexProgram(pattern)), behavior, invert: invert)
    }

    private func behavior(_ json: JSONValue, whenMissing standard: SplitBehavior?)
        throws(TokenizerError) -> SplitBehavior
    {
        guard let name = json.member("behavior")?.stringValue else {
            if let standard { return standard }
            throw TokenizerError("the pre-tokenizer Split has no string \"behavior\"")
        }
        guard let behavior = SplitBehavior(rawValue: name) else {
            throw TokenizerError(
                "the behavior of the pre-tokenizer Split is not known; known are Isolated, "
                    + "Removed, MergedWithPrevious, MergedWithNext and Contiguous")
        }
        return behavior
    }

    private func split(_ json: JSONValue) throws(TokenizerError) -> PreTokenizerStep {
        let behavior = try behavior(json, whenMissing: nil)
        let invert = json["invert"]?.boolValue ?? false
        if let text = json["pattern"]?["Regex"]?.stringValue {
            let isIsolated = behavior == .isolated
            // Patterns that match every scalar leave nothing to remove.
            let takesAll = isIsolated || (behavior == .removed && invert)
            func isPattern(_ known: String) -> Bool { JSONObject.sameBytes(text, known) }
            typealias Patterns = PreTokenizerPatterns
            if takesAll, isPattern(Patterns.gpt2) { return .gpt2 }
            if takesAll, isPattern(Patterns.llama3) { return .words(digits: 3) }
            if takesAll, isPattern(Patterns.qwen2) { return .words(digits: 1) }
            if isIsolated {
                if isPattern(Patterns.deepSeek3Numbers) { return .numbers(maximum: 3) }
                if isPattern(Patterns.deepSeek3Ideographs) { return .run(.deepSeek3) }
                if isPattern(Patterns.deepSeek3Words) { return .deepSeekWords }
                if isPattern(Patterns.deepSeekNewlines) || isPattern(#"[\r\n]"#) {
                    return .newlines
                }
                if isPattern(Patterns.deepSeekIdeographs) { return .run(.deepSeek) }
                if isPattern(Patterns.deepSeekTrailingSpace) { return .trailingSpace }
                if isPattern(Patterns.deepSeekPunctuation) {
                    return .spacedRun(.deepSeekPunctuation)
                }
                if isPattern(Patterns.deepSeekWords) {
                    return .spacedRun(.flags(ScalarFlags.deepSeekLetter))
                }
                if isPattern(Patterns.deepSeekCoderLetters) {
                    return .spacedRun(.flags(ScalarFlags.letter))
                }
                if isPattern(Patterns.deepSeekCoderPunctuation) {
                    return .spacedRun(.flags(ScalarFlags.punctuation))
                }
            }
        }
        let pattern = try pattern(json["pattern"], "pre-tokenizer Split")
        return .split(pattern, behavior, invert: invert)
    }

    private func metaspace(_ json: JSONValue) throws(TokenizerError) -> PreTokenizerStep {
        guard let replacement = json["replacement"]?.stringValue,
            replacement.unicodeScalars.count == 1
        else {
            throw TokenizerError("the pre-tokenizer Metaspace has no \"replacement\" character")
        }
        return .metaspace(
            replacement: Array(replacement.utf8), try prependScheme(json),
            split: json["split"]?.boolValue ?? true)
    }
}

private func prependScheme(_ json: JSONValue) throws(TokenizerError) -> PrependScheme {
    guard let name = json.member("prepend_scheme")?.stringValue else {
        return json["add_prefix_space"]?.boolValue == false ? .never : .always
    }
    guard let scheme = PrependScheme(rawValue: name) else {
        throw TokenizerError(
            "the prepend_scheme of Metaspace is not known; known are first, always and never")
    }
    return scheme
}

// MARK: Post-processor

/// The tokens put around a text.
struct PostProcessor: Sendable {
    var prefix: [Int32] = []
    var suffix: [Int32] = []
    /// Whether the file says what goes around a text, be it nothing.
    var hasTemplate = false

    init() {}

    init(json: JSONValue?) throws(TokenizerError) {
        if let json, !json.isNull { try append(json, depth: 0) }
    }

    private mutating func append(_ json: JSONValue, depth: Int) throws(TokenizerError) {
        let name = try typeName(json, "post-processor")
        switch name {
        case "Sequence":
            guard depth < deepestNesting else {
                throw TokenizerError("the post-processor is nested too deep")
            }
            for step in try list(json, "processors", "post-processor") {
                try append(step, depth: depth + 1)
            }
        case "ByteLevel": break
        case "TemplateProcessing": try appendTemplate(json)
        case "BertProcessing", "RobertaProcessing":
            hasTemplate = true
            prefix = [try id(json["cls"]?.arrayValue?.last)] + prefix
            suffix += [try id(json["sep"]?.arrayValue?.last)]
        default:
            throw TokenizerError(
                "the post-processor \(name) is not supported; known are TemplateProcessing, "
                    + "ByteLevel, BertProcessing, RobertaProcessing and Sequence")
        }
    }

    private mutating func appendTemplate(_ json: JSONValue) throws(TokenizerError) {
        hasTemplate = true
        guard let single = json["single"]?.arrayValue else {
            throw TokenizerError("the post-processor TemplateProcessing has no array \"single\"")
        }
        var before: [Int32] = []
        var after: [Int32] = []
        var isBehind = false
        for piece in single {
            if piece["Sequence"] != nil {
                isBehind = true
                continue
            }
            guard let key = piece["SpecialToken"]?["id"]?.stringValue,
                let ids = json["special_tokens"]?[key]?["ids"]?.arrayValue
            else {
                throw TokenizerError(
                    "the post-processor TemplateProcessing names a token that is not among its "
                        + "special_tokens")
            }
            for value in ids {
                let id = try id(value)
                if isBehind { after.append(id) } else { before.append(id) }
            }
        }
        prefix = before + prefix
        suffix += after
    }

    private func id(_ value: JSONValue?) throws(TokenizerError) -> Int32 {
        guard let value = value?.intValue, let id = Int32(exactly: value), id >= 0 else {
            throw TokenizerError("the post-processor has a token id that is no id")
        }
        return id
    }
}

// MARK: Decoder

/// How tokens become bytes. What concerns one token is done at load.
struct Decoder: Sendable {
    enum Step: Sendable {
        case byteLevel
        case byteFallback
        case replace(SplitPattern, [UInt8])
    }

    var steps: [Step] = []
    /// Leading spaces that are dropped.
    var leadingSpaces = 0
    /// Whether only those of the first token are.
    var onlyInFirstToken = false

    /// - Parameter isByteLevel: Whether the vocabulary is spelled in GPT-2's alphabet, which
    ///   decides where the file does not.
    init(json: JSONValue?, isByteLevel: Bool) throws(TokenizerError) {
        if let json, !json.isNull {
            try append(json, depth: 0)
        } else if isByteLevel {
            steps = [.byteLevel]
        }
    }

    private mutating func append(_ json: JSONValue, depth: Int) throws(TokenizerError) {
        let name = try typeName(json, "decoder")
        switch name {
        case "Sequence":
            guard depth < deepestNesting else {
                throw TokenizerError("the decoder is nested too deep")
            }
            for step in try list(json, "decoders", "decoder") { try append(step, depth: depth + 1) }
        case "ByteLevel": steps.append(.byteLevel)
        case "ByteFallback": steps.append(.byteFallback)
        case "Fuse": break
        case "Replace":
            guard let content = json["content"]?.stringValue else {
                throw TokenizerError("the decoder Replace has no string \"content\"")
            }
            let pattern = try pattern(json["pattern"], "decoder Replace")
            steps.append(.replace(pattern, Array(content.utf8)))
        case "Strip":
            let start = json["start"]?.intValue ?? 0
            guard json["stop"]?.intValue ?? 0 == 0,
                start == 0 || json["content"]?.stringValue == " ", (0...1000).contains(start)
            else {
                throw TokenizerError(
                    "the decoder Strip is only supported for spaces at the start")
            }
            leadingSpaces = start
        case "Metaspace":
            guard let replacement = json["replacement"]?.stringValue else {
                throw TokenizerError("the decoder Metaspace has no \"replacement\" character")
            }
            steps.append(.replace(.literal(Array(replacement.utf8)), [0x20]))
            if try prependScheme(json) != .never {
                leadingSpaces = .max
                onlyInFirstToken = true
            }
        default:
            throw TokenizerError(
                "the decoder \(name) is not supported; known are ByteLevel, ByteFallback, Fuse, "
                    + "Replace, Strip, Metaspace and Sequence")
        }
    }

    /// The bytes that a token stands for.
    /// - Parameter isAdded: Added tokens stand for their own text, which for a byte-level
    ///   vocabulary differs from what the tokenizers library decodes them to when all their
    ///   characters happen to be in the alphabet of bytes: that cannot be told from a broken text.
    func bytes(_ spelled: [UInt8], isAdded: Bool, scratch: RegexScratch) -> [UInt8] {
        var current = spelled
        for step in steps {
            switch step {
            case .byteLevel:
                guard !isAdded else { break }
                var decoded: [UInt8] = []
                if current.withUnsafeBufferPointer({
                    ByteLevelAlphabet.decode($0, into: &decoded)
                }) {
                    current = decoded
                }
            case .byteFallback:
                if let byte = byteToken(current) { current = [byte] }
            case .replace(let pattern, let content):
                let step = Normalizer(steps: [.replace(pattern, content)])
                scratch.steps = 10_000 + current.count * RegexMatcher.stepsPerByte
                if let replaced = current.withUnsafeBufferPointer({
                    step.normalized($0, scratch: scratch)
                }) {
                    current = replaced
                }
            }
        }
        return current
    }
}

/// The byte that `<0x41>` stands for.
func byteToken(_ spelled: some Collection<UInt8>) -> UInt8? {
    guard spelled.count == 6, spelled.starts(with: [0x3C, 0x30, 0x78]),
        spelled.reversed().first == 0x3E
    else { return nil }
    var value: UInt8 = 0
    for byte in spelled.dropFirst(3).prefix(2) {
        guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
        value = value << 4 | UInt8(digit)
    }
    return value
}
