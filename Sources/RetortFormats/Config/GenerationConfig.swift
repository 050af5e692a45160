// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// How a model's makers want it sampled and where it stops. Names as in generation_config.json; nil
/// where nothing is said.
public struct GenerationConfig: Sendable, Equatable {
    /// Tokens that end a text, the main one first; empty where none is named.
    public var eosTokenIds: [Int]
    public var bosTokenId: Int?
    public var padTokenId: Int?
    public var doSample: Bool?
    public var temperature: Float?
    public var topP: Float?
    public var topK: Int?
    public var minP: Float?
    public var repetitionPenalty: Float?
    public var maxNewTokens: Int?

    public init(
        eosTokenIds: [Int] = [], bosTokenId: Int? = nil, padTokenId: Int? = nil,
        doSample: Bool? = nil, temperature: Float? = nil, topP: Float? = nil, topK: Int? = nil,
        minP: Float? = nil, repetitionPenalty: Float? = nil, maxNewTokens: Int? = nil
    ) {
        self.eosTokenIds = eosTokenIds
        self.bosTokenId = bosTokenId
        self.padTokenId = padTokenId
        self.doSample = doSample
        self.temperature = temperature
        self.topP = topP
        self.topK = topK
        self.minP = minP
        self.repetitionPenalty = repetitionPenalty
        self.maxNewTokens = maxNewTokens
    }

    /// Reads generation_config.json.
    /// - Throws: ``FormatError`` if it is no JSON object or a field has the wrong type.
    public init(json bytes: [UInt8], path: String = "generation_config.json") throws(FormatError) {
        let file = MappedFile(bytes: bytes, name: path)
        try self.init(
            JSONFields(object: JSONFile.object(bytes: file.bytes, path: path), path: path))
    }

    init(_ fields: JSONFields) throws(FormatError) {
        func float(_ key: String) throws(FormatError) -> Float? {
            try fields.number(key).map { Float($0) }
        }
        try self.init(tokens: fields)
        doSample = try fields.flag("do_sample")
        temperature = try float("temperature")
        topP = try float("top_p")
        topK = try fields.integer("top_k")
        minP = try float("min_p")
        repetitionPenalty = try float("repetition_penalty")
        maxNewTokens = try fields.integer("max_new_tokens")
    }

    /// Reads only the special tokens: all that config.json says of generation.
    init(tokens fields: JSONFields) throws(FormatError) {
        self.init(
            eosTokenIds: Self.unique(try fields.integers("eos_token_id") ?? []),
            bosTokenId: try fields.integers("bos_token_id")?.first,
            padTokenId: try fields.integers("pad_token_id")?.first)
    }

    /// What a GGUF file says: the sampling that its makers ship and the tokens that end a text.
    init(_ gguf: GGUFFile) throws(FormatError) {
        func float(_ key: String) throws(FormatError) -> Float? {
            guard let value = try gguf.number(key).map({ Float($0) }) else { return nil }
            guard value.isFinite else {
                throw FormatError("\(gguf.path): \(key) is \(value); a finite number was expected")
            }
            return value
        }
        var ends: [Int] = []
        for name in ["eos", "eot", "eom"] {
            if let id = try gguf.integer("tokenizer.ggml.\(name)_token_id") { ends.append(id) }
        }
        self.init(
            eosTokenIds: Self.unique(ends),
            bosTokenId: try gguf.integer("tokenizer.ggml.bos_token_id"),
            padTokenId: try gguf.integer("tokenizer.ggml.padding_token_id"),
            temperature: try float("general.sampling.temp"),
            topP: try float("general.sampling.top_p"),
            topK: try gguf.integer("general.sampling.top_k"),
            minP: try float("general.sampling.min_p"),
            repetitionPenalty: try float("general.sampling.penalty_repeat"))
    }

    /// Fills in special tokens that are not set.
    package mutating func addTokens(of other: GenerationConfig) {
        if eosTokenIds.isEmpty { eosTokenIds = other.eosTokenIds }
        bosTokenId = bosTokenId ?? other.bosTokenId
        padTokenId = padTokenId ?? other.padTokenId
    }

    private static func unique(_ ids: [Int]) -> [Int] {
        var seen: Set<Int> = []
        return ids.filter { seen.insert($0).inserted }
    }

    /// One id, or a list where there are several; nil for none.
    var eosTokenIdJSON: JSONValue? {
        let ids = eosTokenIds.map { JSONValue.integer(Int64($0)) }
        return ids.count > 1 ? .array(ids) : ids.first
    }

    /// The document of a generation_config.json.
    public var json: JSONValue {
        func integer(_ value: Int?) -> JSONValue? { value.map { .integer(Int64($0)) } }
        var object = JSONObject()
        object["bos_token_id"] = integer(bosTokenId)
        // Without it transformers refuses to save a temperature.
        let samples = temperature != nil || topP != nil || topK != nil || minP != nil
        object["do_sample"] = doSample.map { .bool($0) } ?? (samples ? true : nil)
        object["eos_token_id"] = eosTokenIdJSON
        object["max_new_tokens"] = integer(maxNewTokens)
        object["min_p"] = minP.map { .shortest($0) }
        object["pad_token_id"] = integer(padTokenId)
        object["repetition_penalty"] = repetitionPenalty.map { .shortest($0) }
        object["temperature"] = temperature.map { .shortest($0) }
        object["top_k"] = integer(topK)
        object["top_p"] = topP.map { .shortest($0) }
        return .object(object)
    }
}
