// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortFormats
import RetortJSON
import TestSupport
import Testing

@Suite struct ModelCommandTests {
    @Test("tokenize and detokenize are inverse, in text and JSON")
    func tokens() throws {
        let text = "What is 12 × 34?\n  Ünïcode 🙂"
        let encoded = try CommandRun(["tokenize", "bundled", "--text", text, "--json"])
        let ids = try #require(JSONValue(parsing: encoded.output)["ids"]?.arrayValue)
        let list = ids.compactMap(\.intValue).map(String.init).joined(separator: ",")
        let plain = try CommandRun(["tokenize", "bundled", "--text", text])
        #expect(plain.output == list.replacing(",", with: " ") + "\n")
        let decoded = try CommandRun(["detokenize", "bundled", "--ids", list])
        #expect(decoded.output == text + "\n")
    }

    @Test("a tokenizer.json can stand for a model where only the tokenizer is asked for")
    func bareTokenizer() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("hf")
        #expect(try CommandRun(["convert", "bundled", path]).status == 0)
        let text = ["--text", "What is 12 + 34?"]
        let bare = try CommandRun(["tokenize", path + "/tokenizer.json"] + text)
        #expect(bare.status == 0)
        #expect(bare.output == (try CommandRun(["tokenize", "bundled"] + text)).output)
        #expect(try CommandRun(["tokenize", path + "/config.json"] + text).isOneLineError)
    }

    @Test("weights without a tokenizer are scored and converted, and cannot chat")
    func weightsAlone() throws {
        let folder = try TemporaryFolder()
        let (source, gguf, back) = (folder.path("hf"), folder.path("a.gguf"), folder.path("back"))
        #expect(try CommandRun(["convert", "bundled", source]).status == 0)
        // The lineage goes along, without a ledger of one's own; what is changed has none.
        let exists = FileManager.default.fileExists(atPath:)
        #expect(exists(source + "/provenance.json") && !exists(folder.path("ledger.sqlite")))
        try FileManager.default.removeItem(atPath: source + "/tokenizer.json")
        let ids = ["--ids", "5,6,7,8"]
        let expected = try CommandRun(["score", source] + ids)
        #expect(expected.status == 0)
        let changed = try CommandRun(["convert", source, gguf])
        #expect(changed.status == 0 && changed.errors.contains("was changed since its lineage"))
        #expect(!exists(gguf + ".provenance.json"))
        #expect(try CommandRun(["convert", gguf, back]).status == 0)
        for path in [gguf, back] {
            #expect(try CommandRun(["score", path] + ids).output == expected.output)
            for arguments in [["chat", path, "-p", "a"], ["score", path, "--text", "a"]] {
                let run = try CommandRun(arguments)
                #expect(run.isOneLineError)
                #expect(run.errors.contains("tokenizer"))
            }
        }
    }

    @Test("render prints the template's text and nothing else")
    func render() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("messages.json")
        let json =
            #"{"messages": [{"role": "user", "content": "hi"}], "add_generation_prompt": false}"#
        try json.write(toFile: path, atomically: true, encoding: .utf8)
        let run = try CommandRun(["render", "bundled", "--messages", path])
        #expect(run.status == 0)
        #expect(run.output.contains("<|im_start|>user\nhi<|im_end|>"))
        #expect(!run.output.contains("<think>"))
        let template = folder.path("t.jinja")
        try "{{ messages[0].content }}{{ extra }}".write(
            toFile: template, atomically: true, encoding: .utf8)
        try #"{"messages": [{"content": "a"}], "extra": "b"}"#.write(
            toFile: path, atomically: true, encoding: .utf8)
        #expect(try CommandRun(["render", template, "--messages", path]).output == "ab")
    }

    @Test("score prints a log-probability for each token but the first, and writes the logits")
    func score() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("logits.safetensors")
        let run = try CommandRun(
            ["score", "bundled", "--ids", "5,6,7,8", "--json", "--logits", path])
        let value = try JSONValue(parsing: run.output)
        let logprobs = try #require(value["logprobs"]?.arrayValue).compactMap(\.doubleValue)
        #expect(logprobs.count == 3)
        #expect(logprobs.allSatisfy { $0 < 0 })
        let perplexity = try #require(value["perplexity"]?.doubleValue)
        #expect(perplexity > 1)
        let logits = try SafetensorsFile(path: path).tensor("logits")
        #expect(logits.shape.first == 4)
        // The cache rounds, so that its type shows in the last digits; in a text without sense, and where
        // experts are chosen, also in the others.
        for type in ["f16", "bf16", "q8_0"] {
            let other = try CommandRun(
                ["score", "bundled", "--ids", "5,6,7,8", "--json", "--cache-type", type])
            let found = try #require(JSONValue(parsing: other.output)["perplexity"]?.doubleValue)
            #expect(found != perplexity && abs(found / perplexity - 1) < 0.1)
        }
    }

    @Test("a model converted to a directory and back to GGUF answers the same")
    func convert() throws {
        let folder = try TemporaryFolder()
        let (directory, file) = (folder.path("hf"), folder.path("again.gguf"))
        #expect(try CommandRun(["convert", "bundled", directory, "--type", "f32"]).status == 0)
        #expect(try CommandRun(["convert", directory, file, "--type", "f32"]).status == 0)
        let question = "What is 87 * 65?"
        let expected = try CommandRun(["chat", directory, "-p", question])
        let found = try CommandRun(["chat", file, "-p", question])
        #expect(expected.output.contains("5655"))
        #expect(found.output == expected.output)
        // It does not overwrite unasked.
        #expect(try CommandRun(["convert", directory, file]).isOneLineError)
    }

    @Test("show prints the facts and a memory estimate")
    func show() throws {
        let run = try CommandRun(["show", "bundled", "--json"])
        let value = try JSONValue(parsing: run.output)
        #expect(value["architecture"]?.stringValue == "deepseek_v3")
        let parts = ["weights_bytes", "cache_bytes", "working_bytes"].compactMap {
            value[$0]?.intValue
        }
        #expect(parts.count == 3)
        #expect(value["memory_estimate_bytes"]?.intValue == parts.reduce(0, +))
        #expect(try CommandRun(["show", "bundled", "--template"]).output.contains("<think>"))
    }

    @Test("bench prints the contract's names")
    func bench() throws {
        let run = try CommandRun([
            "bench", "bundled", "--prompt-tokens", "16", "--gen-tokens", "4", "--json",
        ])
        let value = try JSONValue(parsing: run.output)
        for name in [
            "prefill_tokens_per_second", "decode_tokens_per_second", "read_bandwidth_gb_per_second",
        ] {
            #expect(try #require(value[name]?.doubleValue) > 0)
        }
        #expect(try #require(value["threads"]?.intValue) >= 1)
    }

    @Test("doctor finds nothing wrong and never prints the token")
    func doctor() throws {
        let run = try CommandRun(["doctor"], environment: ["HF_TOKEN": "hf_secret"])
        #expect(run.status == 0)
        #expect(run.output.contains("bundled model"))
        #expect(!run.output.contains("hf_secret"))
        #expect(!run.output.contains("FAIL"))
    }
}
