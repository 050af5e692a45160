// SPDX-License-Identifier: Apache-2.0
//
// Feeds the fuzzer's bytes to tokenizers. The first byte says what they are: a tokenizer.json, a
// text for a small tokenizer, a pattern and a text, or a GGUF vocabulary in a form of our own. What
// loads must encode and decode without a trap, and streams must add up.

import RetortJSON
import RetortTokenizers

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start, count > 1 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: start + 1, count: count - 1))
    switch start[0] & 3 {
    case 0: fuzzJSON(bytes)
    case 1: fuzzText(bytes)
    case 2: fuzzPattern(bytes)
    default: fuzzGGUF(bytes)
    }
    return 0
}

private let sampleTexts = [
    "Hello, y'all! 12345 \r\n\n  x", "é e\u{301} 漢字カ 🚀 <s>", "   ", "ab ab\tab", "▁a ▁",
]

private func exercise(_ tokenizer: Tokenizer, _ texts: [String]) {
    for text in texts {
        let ids = tokenizer.encode(text)
        let whole = tokenizer.decode(ids)
        var stream = StreamingDetokenizer(tokenizer, skipSpecialTokens: false)
        var parts = ""
        for id in ids { parts += stream.append(id) }
        parts += stream.finish()
        guard parts.utf8.elementsEqual(whole.utf8) else { fatalError("a stream differs") }
        for id in ids where id < 0 || Int(id) >= tokenizer.vocabularySize {
            fatalError("an id is out of range")
        }
        _ = tokenizer.encode(text, addSpecialTokens: false, parseSpecialTokens: false)
    }
}

/// What is written must load again, whatever it came from.
private func exerciseExport(_ tokenizer: Tokenizer) {
    _ = try? Tokenizer(tokenizerJSON: tokenizer.tokenizerJSON(), config: nil)
    if let vocabulary = tokenizer.ggufVocabulary() { _ = try? Tokenizer(gguf: vocabulary) }
}

private func fuzzJSON(_ bytes: [UInt8]) {
    guard let json = try? JSONValue(parsing: bytes),
        let tokenizer = try? Tokenizer(tokenizerJSON: json, config: json["config"])
    else { return }
    exercise(tokenizer, sampleTexts)
    exerciseExport(tokenizer)
}

/// Bytes as tokens, a few merges, two added tokens.
private func smallTokenizer(_ preTokenizer: JSONValue, _ normalizer: JSONValue) -> Tokenizer? {
    var tokens: [[UInt8]] = []
    for byte in UInt8.min...UInt8.max {
        let scalar: UInt32
        switch byte {
        case 0x00...0x20: scalar = 0x100 + UInt32(byte)
        case 0x7F...0xA0: scalar = 0x121 + UInt32(byte) - 0x7F
        case 0xAD: scalar = 0x143
        default: scalar = UInt32(byte)
        }
        tokens.append(Array(String(Unicode.Scalar(scalar) ?? "?").utf8))
    }
    var members = tokens.enumerated().map { id, token in
        (String(decoding: token, as: UTF8.self), JSONValue.integer(Int64(id)))
    }
    let merges = [("a", "b"), ("ab", "ab"), ("Ġ", "a"), ("Ã", "©"), ("Ċ", "Ċ"), ("b", "b")]
    for (left, right) in merges { members.append((left + right, .integer(Int64(members.count)))) }
    return try? Tokenizer(
        tokenizerJSON: [
            "added_tokens": [
                ["id": 400, "content": "<s>", "special": true, "normalized": false],
                ["id": 401, "content": "aé", "lstrip": true, "rstrip": true, "single_word": true],
            ],
            "normalizer": normalizer, "pre_tokenizer": preTokenizer,
            "decoder": ["type": "ByteLevel"],
            "model": [
                "type": "BPE", "vocab": .object(JSONObject(members)),
                "merges": .array(merges.map { .array([.string($0.0), .string($0.1)]) }),
            ],
        ], config: nil)
}

private let small: [Tokenizer] = {
    var result: [Tokenizer] = []
    for name in ["gpt-2", "llama-bpe", "qwen2", "deepseek-llm", "deepseek-coder", "deepseek-v3"] {
        let vocabulary = GGUFVocabulary(model: "gpt2", pre: name, tokens: [[0x61]])
        guard let json = try? Tokenizer(gguf: vocabulary).tokenizerJSON() else { continue }
        if let tokenizer = smallTokenizer(json["pre_tokenizer"] ?? .null, nil) {
            result.append(tokenizer)
        }
    }
    return result
}()

private let composing = smallTokenizer(
    ["type": "ByteLevel", "add_prefix_space": false], ["type": "NFC"])

private func fuzzText(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    for tokenizer in small {
        let ids = tokenizer.encode(bytes: bytes, parseSpecialTokens: false)
        // White space beside "aé" is taken away.
        if !text.utf8.contains(0xA9) {
            guard tokenizer.decode(ids).utf8.elementsEqual(text.utf8) else {
                fatalError("a text does not come back")
            }
        }
        exercise(tokenizer, [text])
    }
    if let composing { exercise(composing, [text]) }
    // The bytes as ids: any stream adds up.
    if let tokenizer = small.first {
        let ids = bytes.map(Int32.init)
        var stream = StreamingDetokenizer(tokenizer, skipSpecialTokens: false)
        var parts = ""
        for id in ids { parts += stream.append(id) }
        parts += stream.finish()
        guard parts.utf8.elementsEqual(tokenizer.decode(ids).utf8) else {
            fatalError("a stream differs")
        }
    }
}

/// Up to the first zero a pattern, then a text.
private func fuzzPattern(_ bytes: [UInt8]) {
    let end = bytes.firstIndex(of: 0) ?? bytes.count
    let pattern = String(decoding: bytes[..<end], as: UTF8.self)
    let text = String(decoding: bytes[end...], as: UTF8.self)
    for behavior in ["Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous", "Removed"] {
        let split: JSONValue = [
            "type": "Split", "pattern": ["Regex": .string(pattern)],
            "behavior": .string(behavior), "invert": false,
        ]
        let level: JSONValue = ["type": "ByteLevel", "add_prefix_space": false, "use_regex": false]
        let sequence: JSONValue = ["type": "Sequence", "pretokenizers": [split, level]]
        guard let tokenizer = smallTokenizer(sequence, nil) else { return }
        exercise(tokenizer, [text, "a1 b2"])
    }
}

/// Tokens between zeros; the first byte is the model, types and scores come from the tokens.
private func fuzzGGUF(_ bytes: [UInt8]) {
    let tokens = bytes.dropFirst().split(separator: 0, omittingEmptySubsequences: false).map(
        Array.init)
    var vocabulary = GGUFVocabulary(
        model: bytes.first ?? 0 < 0x80 ? "gpt2" : "llama", tokens: tokens)
    let names = Tokenizer.knownPreTokenizers
    vocabulary.pre = names[Int(bytes.first ?? 0) % names.count]
    vocabulary.tokenTypes = tokens.map { Int32($0.count % 8) }
    vocabulary.scores = tokens.map { Float($0.last ?? 0) }
    for token in tokens where token.count == 2 {
        vocabulary.merges.append([token[0], 0x20, token[1]])
    }
    vocabulary.bosID = bytes.count > 1 ? Int32(bytes[1]) - 4 : nil
    guard let tokenizer = try? Tokenizer(gguf: vocabulary) else { return }
    exercise(tokenizer, sampleTexts)
    exerciseExport(tokenizer)
}
