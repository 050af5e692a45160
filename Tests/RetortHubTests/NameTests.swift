// SPDX-License-Identifier: Apache-2.0

import RetortHub
import Testing

@Suite("Names and paths")
struct NameTests {
    @Test(
        "Names are read",
        arguments: [
            ("ada/tiny", "ada/tiny", nil, nil),
            (
                "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B",
                "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B", nil, nil
            ),
            ("a/b:Q8_0", "a/b", nil, "Q8_0"), ("a/b@v1.0:x/y.gguf", "a/b", "v1.0", "x/y.gguf"),
            ("https://huggingface.co/a/b", "a/b", nil, nil),
            ("hf.co/a/b:Q4_K_M", "a/b", nil, "Q4_K_M"),
        ] as [(String, String, String?, String?)])
    func valid(text: String, repository: String, revision: String?, selector: String?) throws {
        let name = try ModelName(parsing: text)
        #expect(name.repository == repository)
        #expect(name.revision == revision)
        #expect(name.selector == selector)
    }

    @Test(
        "Names that are none are refused",
        arguments: [
            "", "a", "a/", "/b", "a/b/c", "../b", "a/..", "a/.b", "a/b-", "a b/c", "a/b:",
            "a/b:../x",
            "a/b:/etc/passwd", "a/b@", "a/b@../x", "a/b@x y", "a/b@-x\n", "a--b/c", "a/b..c",
            "a/\u{1B}[31m", "http://evil/a/b", "a/" + String(repeating: "x", count: 97),
        ])
    func invalid(text: String) {
        let error = #expect(throws: HubError.self) { try ModelName(parsing: text) }
        #expect(error?.kind == .invalidName)
        #expect(error?.description.contains("\u{1B}") == false)
    }

    @Test(
        "Tokens that could break a header are refused, unprinted",
        arguments: ["a b", "x\r\nHost: evil", "tökén", ""])
    func tokens(text: String) {
        let error = #expect(throws: HubError.self) { try Token(text) }
        #expect(text.isEmpty || error?.description.contains(text) == false)
    }

    @Test("The environment is read")
    func environment() throws {
        let configuration = try HubConfiguration(environment: [
            "HF_ENDPOINT": "https://mirror.example:8443/hf/", "HF_TOKEN": " hf_x \n",
            "HF_HUB_OFFLINE": "1",
        ])
        #expect(configuration.endpoint.description == "https://mirror.example:8443/hf")
        #expect(configuration.token == (try Token("hf_x")))
        #expect(configuration.isOffline)
        let plain = try HubConfiguration(environment: ["HF_TOKEN": "", "HF_HUB_OFFLINE": "0"])
        #expect(plain == HubConfiguration())
        #expect(plain.endpoint.description == "https://huggingface.co")
    }

    @Test(
        "Addresses that are no hub's are refused",
        arguments: ["ftp://x", "x", "https://", "https://u:p@x", "https://x/?q", "https://x#f"])
    func endpoints(text: String) {
        let error = #expect(throws: HubError.self) {
            try HubConfiguration(environment: ["HF_ENDPOINT": text])
        }
        #expect(error?.description.contains("u:p") == false)
    }

    @Test(
        "Sizes are for people",
        arguments: [
            (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1234, "1.23 kB"), (99_949, "99.9 kB"),
            (999_499, "999 kB"), (999_500, "1.0 MB"), (8_540_000_000, "8.54 GB"),
            (Int.max, "9223372 TB"),
        ])
    func sizes(bytes: Int, text: String) {
        #expect(ByteCount(bytes).description == text)
    }
}
