// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortJSON
import RetortProvenance
import Testing

/// What each row of the policy is to say of a name, written apart from the table.
private let expectations: [(row: String, name: String, verdict: GateVerdict)] = [
    ("licence/cc0-1.0", "CC0-1.0", .allowed),
    ("licence/public-domain", "Unlicense", .allowed),
    ("licence/cc-by-4.0", "cc-by-4.0", .conditional),
    ("licence/cc-by-sa-4.0", "CC-BY-SA-4.0", .conditional),
    ("licence/cc-by-sa-3.0", "CC-BY-SA-3.0-DE", .conditional),
    ("licence/cc-by-nc", "CC-BY-NC-4.0", .nonCommercial),
    ("licence/cc-by-nc-sa", "CC-BY-NC-SA-3.0-DE", .nonCommercial),
    ("licence/cc-by-nc-sa-4.0", "CC-BY-NC-SA-4.0", .nonCommercial),
    ("licence/cc-nd", "CC-BY-NC-ND-4.0", .unknown),
    ("licence/odc-by-1.0", "odc-by", .conditional),
    ("licence/odbl-1.0", "ODbL-1.0", .conditional),
    ("licence/mit", "mit", .allowed),
    ("licence/apache-2.0", "apache-2.0", .allowed),
    ("licence/bsd", "BSD-3-Clause", .allowed),
    ("licence/bsd-4-clause", "BSD-4-Clause", .conditional),
    ("licence/bsd-4-clause-uc", "BSD-4-Clause-UC", .conditional),
    ("licence/openssl", "OpenSSL", .conditional),
    ("licence/x11", "curl", .allowed),
    ("licence/hpnd", "NTP", .allowed),
    ("licence/libpng", "bzip2-1.0.6", .allowed),
    ("licence/fsfap", "FSFULLR", .allowed),
    ("licence/w3c", "W3C-20150513", .conditional),
    ("licence/gpl-3.0", "GPL-3.0-or-later", .conditional),
    ("licence/gpl-2.0", "GPL-2.0-only", .conditional),
    ("licence/gpl-2.0-or-later", "GPL-2.0+", .conditional),
    ("licence/gpl-1.0", "GPL-1.0-only", .conditional),
    ("licence/gpl-1.0-or-later", "GPL-1.0+", .conditional),
    ("licence/lgpl", "LGPL-2.1-only", .conditional),
    ("licence/lgpl-3.0", "LGPL-3.0+", .conditional),
    ("licence/agpl", "AGPL-3.0", .conditional),
    ("licence/mpl", "MPL-2.0", .conditional),
    ("licence/eupl-1.2", "EUPL-1.2", .conditional),
    ("licence/artistic-1.0", "Artistic-1.0-Perl", .conditional),
    ("licence/artistic-2.0", "artistic-2.0", .conditional),
    ("licence/gfdl-1.1", "GFDL-1.1-no-invariants-only", .conditional),
    ("licence/gfdl-1.1-or-later", "gfdl", .conditional),
    ("licence/gfdl-1.1-invariants", "GFDL-1.1-invariants-only", .conditional),
    ("licence/gfdl-1.2", "GFDL-1.2-only", .conditional),
    ("licence/gfdl-1.2-or-later", "GFDL-1.2+", .conditional),
    ("licence/gfdl-1.2-invariants", "GFDL-1.2-invariants-or-later", .conditional),
    ("licence/gfdl-1.3", "GFDL-1.3", .conditional),
    ("licence/gfdl-1.3-or-later", "GFDL-1.3-no-invariants-or-later", .conditional),
    ("licence/gfdl-1.3-invariants", "GFDL-1.3-invariants-only", .conditional),
    ("licence/man-pages-copyleft", "Linux-man-pages-copyleft", .conditional),
    ("licence/man-pages-copyleft-var", "Linux-man-pages-copyleft-var", .conditional),
    ("licence/man-pages-copyleft-2-para", "Linux-man-pages-copyleft-2-para", .conditional),
    ("licence/latex2e", "Latex2e", .conditional),
    ("licence/latex2e-translated-notice", "Latex2e-translated-notice", .conditional),
    ("licence/opubl-1.0", "OPUBL-1.0", .conditional),
    ("licence/vim", "Vim", .conditional),
    ("licence/lppl-1.3", "LPPL-1.3c", .conditional),
    ("licence/ofl-1.1", "OFL-1.1-RFN", .conditional),
    ("licence/ofl-1.0", "OFL-1.0", .conditional),
    ("licence/cdla-permissive", "CDLA-Permissive-2.0", .allowed),
    ("licence/openrail", "bigcode-openrail-m", .conditional),
    ("licence/llama-3.1", "llama3.1", .conditional),
    ("licence/llama-3.2", "llama3.2", .conditional),
    ("licence/llama-3.3", "llama3.3", .conditional),
    ("licence/llama-4", "llama4", .conditional),
    ("licence/llama-2", "llama2", .conditional),
    ("licence/llama-3", "llama3", .conditional),
    ("licence/gemma", "gemma", .conditional),
    ("licence/qwen", "LicenseRef-Qwen", .conditional),
    ("licence/tongyi-qianwen", "tongyi-qianwen", .conditional),
    ("licence/qwen-research", "LicenseRef-Qwen-Research", .nonCommercial),
    ("licence/deepseek-model", "LicenseRef-DeepSeek-Model", .conditional),
    ("licence/nvidia-oml", "LicenseRef-NVIDIA-Open-Model", .conditional),
    ("licence/exaone-nc", "LicenseRef-EXAONE-NC", .nonCommercial),
    ("licence/proprietary", "LicenseRef-Proprietary-Acme", .forbidden),
    ("licence/own", "LicenseRef-Contract-17", .allowed),
    ("licence/unknown", "NOASSERTION", .unknown),
    ("licence/reference", "LicenseRef-Anything", .unknown),
    ("teacher/deepseek-r1", "deepseek-ai/DeepSeek-R1", .allowed),
    ("teacher/r1-distill-qwen", "DeepSeek-R1-Distill-Qwen-7B", .allowed),
    ("teacher/r1-distill-llama", "DeepSeek-R1-Distill-Llama-8B", .conditional),
    ("teacher/r1-distill-llama-70b", "DeepSeek-R1-Distill-Llama-70B", .conditional),
    ("teacher/r1-0528-qwen3", "DeepSeek-R1-0528-Qwen3-8B", .allowed),
    ("teacher/deepseek-v3", "deepseek-ai/DeepSeek-V3", .conditional),
    ("teacher/deepseek-v3-0324", "DeepSeek-V3.1", .allowed),
    ("teacher/deepseek-v3.2", "deepseek-ai/DeepSeek-V3.2-Exp", .allowed),
    ("teacher/qwen3", "Qwen/Qwen3-0.6B", .allowed),
    ("teacher/qwen2.5", "Qwen2.5-Coder-32B-Instruct", .allowed),
    ("teacher/qwen2.5-72b", "Qwen/Qwen2.5-72B-Instruct", .conditional),
    ("teacher/tongyi-qianwen", "Qwen/Qwen-72B-Chat", .forbidden),
    ("teacher/qwen2.5-3b", "Qwen/Qwen2.5-Coder-3B", .nonCommercial),
    ("teacher/gpt-oss", "openai/gpt-oss-20b", .allowed),
    ("teacher/llama-3.1", "meta-llama/Llama-3.1-8B-Instruct", .conditional),
    ("teacher/llama-3.2", "meta-llama/Llama-3.2-1B", .conditional),
    ("teacher/llama-3.3", "meta-llama/Llama-3.3-70B-Instruct", .conditional),
    ("teacher/llama-4", "meta-llama/Llama-4-Scout-17B-16E", .conditional),
    ("teacher/llama-2", "meta-llama/Llama-2-7b-chat-hf", .forbidden),
    ("teacher/llama-3", "meta-llama/Meta-Llama-3-8B-Instruct", .forbidden),
    ("teacher/gemma", "google/gemma-3-27b-it", .conditional),
    ("teacher/gemma-4", "google/gemma-4-27b", .allowed),
    ("teacher/nvidia", "nvidia/Nemotron-H-8B", .conditional),
    ("teacher/nvidia-cosmos", "nvidia/Cosmos-Reason1-7B", .conditional),
    ("teacher/nvidia-llama", "nvidia/Llama-3.1-Nemotron-70B-Instruct", .conditional),
    ("teacher/exaone", "LGAI-EXAONE/EXAONE-3.5-7.8B-Instruct", .forbidden),
    ("teacher/exaone-4", "LGAI-EXAONE/EXAONE-4.0-32B", .forbidden),
    ("teacher/openai", "gpt-4o", .forbidden),
    ("teacher/anthropic", "claude-sonnet-4-5", .forbidden),
    ("teacher/gemini", "gemini-2.5-pro", .forbidden),
    ("teacher/xai", "grok-4", .forbidden),
    ("teacher/amazon", "amazon.nova-pro-v1", .forbidden),
    ("teacher/cohere", "CohereLabs/c4ai-command-r", .unknown),
    ("teacher/mistral-open", "mistralai/Mistral-7B-Instruct-v0.3", .allowed),
    ("teacher/phi", "microsoft/phi-4", .allowed),
    ("teacher/olmo", "allenai/OLMo-2-1124-7B", .allowed),
    ("teacher/unknown", "somebody/merged-model", .unknown),
    ("service/openai", "api.openai.com:443", .forbidden),
    ("service/anthropic", "api.anthropic.com", .forbidden),
    ("service/gemini", "generativelanguage.googleapis.com", .forbidden),
    ("service/bedrock", "bedrock-runtime.eu-west-1.amazonaws.com", .forbidden),
    ("service/xai", "api.x.ai", .forbidden),
    ("service/deepseek", "api.deepseek.com", .allowed),
    ("service/own", "gpu-box:8000", .allowed),
    ("service/unknown", "openrouter.ai", .unknown),
    ("dataset/gsm8k", "openai/gsm8k", .allowed),
    ("dataset/alpaca", "tatsu-lab/alpaca", .forbidden),
    ("dataset/openorca", "Open-Orca/OpenOrca", .forbidden),
    ("dataset/openhermes", "teknium/OpenHermes-2.5", .forbidden),
    ("dataset/ultrachat", "HuggingFaceH4/ultrachat_200k", .forbidden),
    ("dataset/finetranslations", "HuggingFaceFW/finetranslations", .conditional),
    ("dataset/openr1-math", "open-r1/OpenR1-Math-220k", .allowed),
    ("dataset/openthoughts", "open-thoughts/OpenThoughts-114k", .allowed),
]

@Suite("The policy table") struct PolicyTests {
    @Test("each row has its expectation")
    func complete() throws {
        let policy = try RightsPolicy.bundled()
        #expect(Set(policy.rows.map(\.id)) == Set(expectations.map(\.row)))
        #expect(policy.rows.count == expectations.count)
        #expect(policy.stamp.date >= "2026-11-30")
        #expect(policy.rows.allSatisfy { $0.url != nil || $0.basis == .rule })
    }

    @Test("a row that was read is bound to the text, at an address that names the commit")
    func texts() throws {
        let digits = Set("0123456789abcdef")
        func isHex(_ text: some StringProtocol, count: Int) -> Bool {
            text.count == count && text.allSatisfy { digits.contains($0) }
        }
        for row in try RightsPolicy.bundled().rows {
            guard let hash = row.textHash else {
                let saysWhy = row.note?.lowercased().contains("no copy") ?? false
                #expect(row.basis != .read || saysWhy, "\(row.id)")
                continue
            }
            #expect(isHex(hash.hex, count: 64), "\(row.id)")
            #expect(row.basis == .read, "\(row.id)")
            // https://github.com/OWNER/REPOSITORY/blob/COMMIT/PATH
            let parts = (row.url ?? "").split(separator: "/")
            #expect(parts.count > 6 && parts[1] == "github.com" && parts[4] == "blob", "\(row.id)")
            #expect(parts.count > 6 && isHex(parts[5], count: 40), "\(row.id)")
        }
    }

    @Test("hashes are written in lower case, and each row has one or says null")
    func hashes() throws {
        let root = URL(fileURLWithPath: "\(#filePath)").deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let file = root.appendingPathComponent("Sources/RetortProvenance/Resources/policy.json")
        let json = try JSONValue(parsing: String(contentsOf: file, encoding: .utf8))
        let rows = try #require(json["rows"]?.arrayValue)
        let policy = try RightsPolicy.bundled()
        #expect(rows.count == policy.rows.count)
        for (item, row) in zip(rows, policy.rows) {
            let written = try #require(item["text_sha256"], "\(row.id)")
            #expect(written.isNull == (row.textHash == nil), "\(row.id)")
            #expect(written.stringValue == row.textHash?.hex, "\(row.id)")
        }
    }

    @Test("a row gives its verdict to the name that it is for", arguments: expectations.map(\.row))
    func row(_ id: String) throws {
        let gate = RightsGate(policy: try .bundled())
        let expected = try #require(expectations.first { $0.row == id })
        let row = try #require(gate.policy[id])
        let finding =
            switch row.kind {
            case .dataLicence: gate.licence(expected.name)
            case .teacher: gate.teacher(names: [expected.name])
            // The model's own terms are mild: what is stricter is the service's.
            case .service: gate.teacher(names: ["deepseek-r1"], host: expected.name)
            case .dataset:
                gate.source(RightsSource(name: expected.name, acquisition: .publicDataset))
            }
        #expect(finding.verdict == expected.verdict, "\(finding)")
        #expect(finding.rows.contains(id), "\(finding.rows)")
        let kinds = Set(finding.obligations.map(\.kind))
        #expect(Set(row.obligations.map(\.kind)).isSubset(of: kinds))
        let report = gate.report([finding])
        #expect(report.isRefused == (expected.verdict > .conditional))
        #expect(report.policy == gate.policy.stamp)
    }

    @Test(
        "a variant that forbids uses is not taken for what it is a variant of",
        arguments: ["BSD-3-Clause-No-Military-License", "BSD-3-Clause-No-Nuclear-License-2014"])
    func variants(name: String) throws {
        #expect(RightsGate(policy: try .bundled()).licence(name).verdict == .unknown)
    }

    @Test("each pattern of each row is its own, not another row's that says more")
    func patterns() throws {
        let policy = try RightsPolicy.bundled()
        for row in policy.rows {
            for pattern in row.patterns {
                let name = pattern.text.replacing("*", with: "")
                let found = policy.row(row.kind, for: name.isEmpty ? "zzz" : name)
                #expect(found?.id == row.id, "\(pattern.text) of \(row.id): \(found?.id ?? "")")
            }
        }
    }

    @Test(
        "patterns match as they say",
        arguments: [
            ("llama-3.1*", "Llama_3.1 8B", true), ("llama-3.1*", "x-llama-3.1", false),
            ("nvidia/*nemotron*", "nvidia/Llama-Nemotron-8B", true),
            ("nvidia/*nemotron*", "Llama-Nemotron-8B", false), ("a*b*c", "a-b-c", true),
            ("a*b*c", "acb", false), ("a*a", "a", false), ("*", "", true),
            ("gpt-4*", "my/gpt-4o", true),
            ("o1", "o1-mini", false), ("ab*ab", "abab", true), ("a**b", "ab", true),
        ])
    func pattern(_ pattern: String, _ name: String, _ expected: Bool) {
        #expect(NamePattern(pattern).matches(name) == expected)
    }

    @Test("a table of one's own goes before, and the stamp is another")
    func overridden() throws {
        let own = try RightsPolicy(
            parsing: """
                {"format": "retort-policy", "version": 1, "date": "2027-01-01", "rows": [
                 {"id": "teacher/ours", "kind": "teacher", "patterns": ["acme/*"],
                  "verdict": "allowed", "url": null, "text_sha256": null, "read": "2027-01-01",
                  "basis": "rule"},
                 {"id": "teacher/openai", "kind": "teacher", "patterns": ["gpt-4*"],
                  "verdict": "allowed", "url": null, "text_sha256": null, "read": "2027-01-01",
                  "basis": "rule", "note": "a contract"}]}
                """.utf8)
        let bundled = try RightsPolicy.bundled()
        let gate = RightsGate(policy: bundled.overridden(by: own))
        #expect(gate.teacher(names: ["acme/one"]).verdict == .allowed)
        #expect(gate.teacher(names: ["gpt-4o"]).verdict == .allowed)
        #expect(gate.teacher(names: ["claude-x"]).verdict == .forbidden)
        #expect(gate.policy.stamp.date == "2027-01-01")
        #expect(gate.policy.stamp.hash != bundled.stamp.hash)
    }

    private static let rowMembers = """
        "id": "x", "kind": "teacher", "patterns": ["a"], "verdict": "allowed", "read": "2027-01-01",
         "basis": "rule"
        """

    @Test(
        "a table that is wrong names what is",
        arguments: [
            ("", "JSON"), ("[]", "object"), ("{\"format\": \"x\"}", "format"),
            ("{\"format\": \"retort-policy\", \"version\": 2}", "version"),
            ("{\"format\": \"retort-policy\", \"version\": 1}", "date"),
            (table("{\(rowMembers), \"colour\": 1}"), "colour"),
            (table("{\(rowMembers)}, {\(rowMembers)}"), "two rows"),
            (table("{\"id\": \"x\", \"kind\": \"y\"}"), "kind"),
            (table("{\(rowMembers), \"obligations\": [{\"kind\": \"dance\"}]}"), "kind"),
            (
                table(
                    "{\(rowMembers), \"obligations\": [{\"kind\": \"statement\", \"values\": []}]}"),
                "values"
            ),
            (table("{\(rowMembers), \"text_sha256\": \"abc\"}"), "64 hexadecimal digits"),
        ])
    func wrong(_ text: String, _ expected: String) {
        let error = #expect(throws: ProvenanceError.self) { try RightsPolicy(parsing: text.utf8) }
        #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
    }

    private static func table(_ rows: String) -> String {
        "{\"format\": \"retort-policy\", \"version\": 1, \"date\": \"2027-01-01\", \"rows\": [\(rows)]}"
    }
}
