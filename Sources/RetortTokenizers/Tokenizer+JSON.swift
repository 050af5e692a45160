// SPDX-License-Identifier: Apache-2.0
//
// tokenizer.json of Hugging Face's `tokenizers`, with a BPE model.

import RetortJSON

extension Tokenizer {
    /// - Parameters:
    ///   - json: The contents of tokenizer.json.
    ///   - config: The contents of tokenizer_config.json: names the special tokens, and, for files
    ///     whose post-processor does not, says whether BOS and EOS are put around a text.
    /// - Throws: ``TokenizerError`` if the file is damaged or uses what is not supported.
    public convenience init(tokenizerJSON json: JSONValue, config: JSONValue?)
        throws(TokenizerError)
    {
        guard let model = json["model"], case .object = model else {
            throw TokenizerError("tokenizer.json has no object \"model\"")
        }
        if let name = model["type"]?.stringValue, name != "BPE" {
            throw TokenizerError("the model \(name) is not supported; known is BPE")
        }
        for key in ["continuing_subword_prefix", "end_of_word_suffix"]
        where model.member(key)?.stringValue ?? "" != "" {
            throw TokenizerError("the model's \(key) is not supported; expected null")
        }
        var components = TokenizerComponents()
        components.normalizer = json["normalizer"] ?? .null
        components.preTokenizer = json["pre_tokenizer"] ?? .null
        components.postProcessor = json["post_processor"] ?? .null
        components.decoder = json["decoder"] ?? .null
        let preTokenizer = try PreTokenizer(json: components.preTokenizer)

        let addedTokens = json.member("added_tokens")?.arrayValue ?? []
        var vocabulary = VocabularyBuilder()
        let modelIDs = try Self.readVocabulary(model, addedTokens, into: &vocabulary)
        try Self.readAddedTokens(addedTokens, modelIDs, into: &vocabulary)

        var description = ModelDescription(
            merges: .pairs(try Self.readMerges(model)), isByteLevel: preTokenizer.isByteLevel)
        description.ignoresMerges = model["ignore_merges"]?.boolValue ?? false
        description.byteFallback = model["byte_fallback"]?.boolValue ?? false
        description.fusesUnknown = model["fuse_unk"]?.boolValue ?? false
        if let name = model.member("unk_token")?.stringValue, !name.isEmpty {
            description.unknownID = Self.id(of: name, vocabulary)
            guard description.unknownID != nil || preTokenizer.isByteLevel else {
                throw TokenizerError("the model's unk_token is not in the vocabulary")
            }
        }

        var ids = SpecialIDs()
        ids.bos = Self.id(config, "bos_token", vocabulary)
        ids.eos = Self.id(config, "eos_token", vocabulary)
        ids.pad = Self.id(config, "pad_token", vocabulary)
        ids.unknown = description.unknownID ?? Self.id(config, "unk_token", vocabulary)
        var postProcessor = try PostProcessor(json: components.postProcessor)
        if !postProcessor.hasTemplate {
            let prefix = config?["add_bos_token"]?.boolValue == true ? ids.bos : nil
            let suffix = config?["add_eos_token"]?.boolValue == true ? ids.eos : nil
            if prefix != nil || suffix != nil {
                postProcessor.prefix = prefix.map { [$0] } ?? []
                postProcessor.suffix = suffix.map { [$0] } ?? []
                components.postProcessor = Self.template(
                    prefix: prefix, suffix: suffix, after: components.postProcessor
                ) { vocabulary.spelled[Int($0)].map { String(decoding: $0, as: UTF8.self) } ?? "" }
            }
        }
        try self.init(
            components: components, postProcessor: postProcessor, vocabulary: vocabulary,
            description: description, preTokenizer: preTokenizer, special: ids)
    }

    /// - Returns: The model's ids of the added tokens, by their place in the list.
    private static func readVocabulary(
        _ model: JSONValue, _ addedTokens: [JSONValue], into vocabulary: inout VocabularyBuilder
    ) throws(TokenizerError) -> [Int32?] {
        guard let members = model["vocab"]?.objectValue?.members else {
            throw TokenizerError("the model has no object \"vocab\" of tokens and ids")
        }
        var contents = TokenPool()
        for token in addedTokens { contents.append((token["content"]?.stringValue ?? "").utf8) }
        let wanted = TokenTable(contents)
        var firstPlace = [Int](0..<contents.count)
        for index in 0..<contents.count where !contents[Int32(index)].isEmpty {
            if let earlier = wanted.insert(Int32(index)) {
                firstPlace[index] = firstPlace[Int(earlier)]
            }
        }
        var modelIDs = [Int32?](repeating: nil, count: contents.count)

        var bytes: [UInt8] = []
        bytes.reserveCapacity(members.count * 8)
        var ranges: [(range: Range<Int>, id: Int32)] = []
        ranges.reserveCapacity(members.count)
        for member in members {
            let start = bytes.count
            bytes.append(contentsOf: member.key.utf8)
            let id = try VocabularyBuilder.checked(member.value.intValue)
            ranges.append((start..<bytes.count, id))
            if wanted.longest > 0, let index = wanted.find(bytes[start...]) {
                modelIDs[firstPlace[Int(index)]] = id
            }
        }
        for (range, id) in ranges { try vocabulary.insert(bytes[range], id: id) }
        for index in modelIDs.indices { modelIDs[index] = modelIDs[firstPlace[index]] }
        return modelIDs
    }

    private static func readAddedTokens(
        _ list: [JSONValue], _ modelIDs: [Int32?], into vocabulary: inout VocabularyBuilder
    ) throws(TokenizerError) {
        var places: [Int32: Int] = [:]
        for (index, json) in list.enumerated() {
            guard let content = json["content"]?.stringValue else {
                throw TokenizerError("added token \(index) has no string \"content\"")
            }
            let listed = try VocabularyBuilder.checked(json["id"]?.intValue)
            // Where the model has the token too, its id counts.
            var token = AddedToken(id: modelIDs[index] ?? listed, content: Array(content.utf8))
            token.isSpecial = json["special"]?.boolValue ?? false
            token.isNormalized = json["normalized"]?.boolValue ?? true
            token.stripsLeft = json["lstrip"]?.boolValue ?? false
            token.stripsRight = json["rstrip"]?.boolValue ?? false
            token.isSingleWord = json["single_word"]?.boolValue ?? false
            if let place = places[token.id] {
                guard vocabulary.added[place].content == token.content else {
                    throw TokenizerError("two added tokens have the id \(token.id)")
                }
                vocabulary.added[place] = token
                continue
            }
            if modelIDs[index] == nil,
                Int(token.id) < vocabulary.spelled.count, vocabulary.spelled[Int(token.id)] != nil
            {
                throw TokenizerError(
                    "the added token \(index) has the id \(token.id) of another token")
            }
            guard !token.content.isEmpty else { continue }
            places[token.id] = vocabulary.added.count
            vocabulary.insert(token)
        }
    }

    private static func readMerges(_ model: JSONValue) throws(TokenizerError) -> SpelledMerges {
        guard let list = model["merges"]?.arrayValue else {
            throw TokenizerError("the model has no array \"merges\"")
        }
        var merges = SpelledMerges()
        merges.reserve(list.count)
        for (rank, entry) in list.enumerated() {
            switch entry {
            case .string(let text):
                guard text.utf8.count(where: { $0 == 0x20 }) == 1, merges.append(text.utf8) else {
                    throw Self.badMerge(rank)
                }
            case .array(let pair):
                guard pair.count == 2, let left = pair[0].stringValue,
                    let right = pair[1].stringValue
                else { throw Self.badMerge(rank) }
                merges.append(left.utf8, right.utf8)
            default: throw Self.badMerge(rank)
            }
        }
        return merges
    }

    static func badMerge(_ rank: Int) -> TokenizerError {
        TokenizerError("merge \(rank) is no pair; expected \"left right\" or [\"left\", \"right\"]")
    }

    private static func id(of name: String, _ vocabulary: VocabularyBuilder) -> Int32? {
        let bytes = Array(name.utf8)
        if let token = vocabulary.added.last(where: { $0.content == bytes }) { return token.id }
        return vocabulary.spelled.firstIndex { $0?.elementsEqual(bytes) ?? false }.map(Int32.init)
    }

    private static func id(_ config: JSONValue?, _ key: String, _ vocabulary: VocabularyBuilder)
        -> Int32?
    {
        guard let value = config?.member(key),
            let name = value.stringValue ?? value["content"]?.stringValue
        else { return nil }
        return id(of: name, vocabulary)
    }

    /// A post-processor that puts tokens around a text.
    static func template(
        prefix: Int32?, suffix: Int32?, after other: JSONValue = .null, name: (Int32) -> String
    ) -> JSONValue {
        var single: [JSONValue] = []
        var pair: [JSONValue] = []
        var tokens: [(String, JSONValue)] = []
        func piece(_ id: Int32, type: Int64) -> JSONValue {
            ["SpecialToken": ["id": .string(name(id)), "type_id": .integer(type)]]
        }
        func sequence(_ id: JSONValue, type: Int64) -> JSONValue {
            ["Sequence": ["id": id, "type_id": .integer(type)]]
        }
        for (letter, type) in [("A", 0), ("B", 1)] as [(JSONValue, Int64)] {
            let parts =
                (prefix.map { [piece($0, type: type)] } ?? []) + [sequence(letter, type: type)]
                + (suffix.map { [piece($0, type: type)] } ?? [])
            if type == 0 { single = parts }
            pair += parts
        }
        for id in Set([prefix, suffix].compactMap { $0 }).sorted() {
            let text = JSONValue.string(name(id))
            tokens.append(
                (name(id), ["id": text, "ids": [.integer(Int64(id))], "tokens": [text]]))
        }
        let template: JSONValue = [
            "type": "TemplateProcessing", "single": .array(single), "pair": .array(pair),
            "special_tokens": .object(JSONObject(tokens)),
        ]
        if other.isNull { return template }
        return ["type": "Sequence", "processors": [other, template]]
    }
}
