// SPDX-License-Identifier: Apache-2.0

import RetortHub
import Testing

@Suite("Which files of a repository are pulled")
struct FileSelectionTests {
    private func select(_ paths: [String], _ selector: String? = nil) throws(HubError)
        -> FileSelection
    {
        let checksum = Checksum.sha256(String(repeating: "0", count: 64))
        return try FileSelection(
            from: paths.map { RemoteFile(path: $0, size: 10, checksum: checksum) },
            selector: selector, repository: "a/b")
    }

    @Test("Of weights that are there twice, one set is taken")
    func oneSetOfWeights() throws {
        let shards = (1...2).map { "model-0000\($0)-of-000002.safetensors" }
        let index = "model.safetensors.index.json"
        let selection = try select(
            ["config.json", "consolidated.safetensors", index, "x.py", "original/params.json"]
                + shards)
        #expect(selection.files.map(\.path) == ["config.json", index] + shards)
        let single = try select(
            ["config.json", "model.safetensors", "consolidated.safetensors", "model.gguf"])
        #expect(single.files.map(\.path) == ["config.json", "model.safetensors"])
        #expect(single.format == .safetensors)
    }

    @Test("What a tokenizer and a template need comes along, and the licence")
    func companions() throws {
        let companions = [
            "generation_config.json", "tokenizer.json", "tokenizer_config.json", "tokenizer.model",
            "special_tokens_map.json", "vocab.json", "merges.txt", "chat_template.jinja",
            "LICENSE-MODEL", "README.md",
        ]
        let selection = try select(
            ["config.json", "model.safetensors", ".gitattributes", "figures/a.png", "run.py"]
                + companions)
        #expect(
            Set(selection.files.map(\.path))
                == Set(companions + ["config.json", "model.safetensors"]))
    }

    @Test(
        "Of GGUF files the best that is not a choice is taken",
        arguments: [
            (["m-Q4_K_M.gguf", "m-Q8_0.gguf", "m-f16.gguf"], "m-Q8_0.gguf", "Q8_0"),
            (["m.Q4_K_M.gguf", "m.bf16.gguf", "m.f16.gguf"], "m.bf16.gguf", "BF16"),
            (["m-Q2_K.gguf", "m-F16.gguf"], "m-F16.gguf", "F16"),
            (["whatever.gguf", "mmproj-F16.gguf"], "whatever.gguf", "whatever.gguf"),
            (["M_q8_0.gguf", "M_q4_0.gguf"], "M_q8_0.gguf", "Q8_0"),
        ])
    func defaults(paths: [String], primary: String, label: String) throws {
        let selection = try select(paths)
        #expect(selection.format == .gguf)
        #expect(selection.primary == primary)
        #expect(selection.defaultQuantisation == label)
    }

    @Test("Without a default, the choice is listed")
    func choice() {
        let error = #expect(throws: HubError.self) { try select(["m-Q4_0.gguf", "m-Q2_K.gguf"]) }
        #expect(error?.kind == .ambiguous)
        #expect(error?.description.contains("Q2_K (10 B), Q4_0 (10 B)") == true)
    }

    @Test(
        "A quantisation picks its files, shards together and in order",
        arguments: [
            ("q4_k_m", ["m-Q4_K_M.gguf"]),
            ("Q8_0", ["Q8_0/m-Q8_0-00001-of-00002.gguf", "Q8_0/m-Q8_0-00002-of-00002.gguf"]),
            ("UD-Q2_K_XL", ["m-UD-Q2_K_XL.gguf"]), ("IQ1_S", ["m-IQ1_S.gguf"]),
            (
                "Q8_0/m-Q8_0-00002-of-00002.gguf",
                ["Q8_0/m-Q8_0-00001-of-00002.gguf", "Q8_0/m-Q8_0-00002-of-00002.gguf"]
            ),
            ("BF16", ["BF16/m-00001-of-00001.gguf"]), ("README.md", ["README.md"]),
        ])
    func quantisations(selector: String, paths: [String]) throws {
        let all = [
            "Q8_0/m-Q8_0-00002-of-00002.gguf", "m-Q4_K_M.gguf", "m-UD-Q2_K_XL.gguf",
            "m-Q2_K_XL.gguf",
            "Q8_0/m-Q8_0-00001-of-00002.gguf", "m-IQ1_S.gguf", "BF16/m-00001-of-00001.gguf",
            "README.md",
        ]
        let selection = try select(all, selector)
        #expect(selection.files.map(\.path) == paths)
        #expect(selection.primary == paths.first)
        #expect(selection.defaultQuantisation == nil)
    }

    @Test("A missing shard is noticed before the download")
    func missingShard() {
        let error = #expect(throws: HubError.self) {
            try select(["m-Q8_0-00001-of-00003.gguf", "m-Q8_0-00003-of-00003.gguf"])
        }
        #expect(error?.description.contains("has 3 parts, of which the repository lists 2") == true)
    }

    @Test("Two files of a quantisation are not guessed between")
    func twice() {
        let error = #expect(throws: HubError.self) {
            try select(["a-Q8_0.gguf", "b-Q8_0.gguf"], "Q8_0")
        }
        #expect(error?.description.contains("a-Q8_0.gguf, b-Q8_0.gguf") == true)
    }

    @Test(
        "A repository without a model is told what it has",
        arguments: [["pytorch_model.bin", "config.json"], []])
    func nothing(paths: [String]) {
        let error = #expect(throws: HubError.self) { try select(paths) }
        #expect(error?.kind == .notFound)
        #expect(error?.description.contains(paths.first ?? "no files") == true)
    }
}
