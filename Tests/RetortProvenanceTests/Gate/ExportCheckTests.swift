// SPDX-License-Identifier: Apache-2.0

import RetortProvenance
import TestSupport
import Testing

@Suite("The check at export") struct ExportCheckTests {
    private let gate: RightsGate

    init() throws { gate = RightsGate(policy: try .bundled()) }

    private func problems(
        _ obligations: [Obligation], name: String = "model", licence: String = "Apache-2.0",
        card: String = "", papers: [String: String] = [:]
    ) -> [Obligation.Kind] {
        gate.checkExport(
            ExportCandidate(name: name, licence: licence, card: card, papers: papers),
            obligations: obligations
        ).map(\.obligation.kind)
    }

    @Test("a student of Llama is named, says so, and has licence and notice with it")
    func llama() {
        let obligations = gate.teacher(names: ["meta-llama/Llama-3.1-8B-Instruct"]).obligations
        #expect(
            problems(obligations) == [
                .namePrefix, .statement, .licenceCopy, .notice, .useRestrictions,
            ])
        let card = """
            Built with  Llama.
            Use policy: https://www.llama.com/llama3_1/use-policy/
            """
        let papers = [
            "LICENSE": "LLAMA 3.1 COMMUNITY LICENSE AGREEMENT\nLlama 3.1 Version",
            "Notice":
                "Llama 3.1 is licensed under the Llama 3.1 Community License, Copyright © Meta"
                + " Platforms, Inc.\nAll Rights Reserved.",
        ]
        #expect(problems(obligations, name: "me/Llama-mini", card: card, papers: papers).isEmpty)
        #expect(
            problems(obligations, name: "me/llama-mini", card: card, papers: papers)
                == [.namePrefix])
        #expect(
            problems(obligations, name: "me/mini-Llama", card: card, papers: papers)
                == [.namePrefix])
    }

    @Test("a student of one Llama does not get by with another's licence, notice and policy")
    func versions() {
        let papers = [
            "LICENSE": "LLAMA 3.1 COMMUNITY LICENSE AGREEMENT",
            "NOTICE": gate.report([gate.teacher(names: ["llama-3.1-8b"])]).notice ?? "",
        ]
        let card = "Built with Llama. https://www.llama.com/llama3_1/use-policy"
        func kinds(_ name: String) -> [Obligation.Kind] {
            problems(
                gate.teacher(names: [name]).obligations, name: "Llama-mini", card: card,
                papers: papers)
        }
        #expect(kinds("llama-3.1-8b").isEmpty)
        for name in ["llama-3.2-1b", "llama-3.3-70b", "llama-4-scout"] {
            #expect(kinds(name) == [.licenceCopy, .notice, .useRestrictions])
        }
    }

    @Test("Qwen's licence is satisfied by either of its sentences")
    func qwen() {
        let obligations = gate.teacher(names: ["Qwen2.5-72B-Instruct"]).obligations
        let papers = ["LICENSE": "Qwen LICENSE AGREEMENT"]
        #expect(problems(obligations, papers: papers) == [.statement])
        for sentence in ["Built with Qwen", "Improved using Qwen"] {
            #expect(problems(obligations, card: "\(sentence).", papers: papers).isEmpty)
        }
    }

    @Test(
        "share-alike data want a licence of theirs",
        arguments: [
            ("CC-BY-SA-4.0", "Apache-2.0", false), ("CC-BY-SA-4.0", "CC-BY-SA-4.0", true),
            ("CC-BY-SA-4.0", "GPL-3.0-or-later", true),
            ("CC-BY-SA-4.0", "CC-BY-SA-4.0 OR MIT", false),
            ("CC-BY-SA-4.0", "CC-BY-SA-4.0 AND MIT", true), ("GPL-2.0-only", "GPL-3.0-only", false),
            ("GPL-2.0-or-later", "AGPL-3.0-only", true), ("ODbL-1.0", "nonsense !", false),
            ("CC-BY-NC-SA-3.0", "CC-BY-NC-SA-4.0", true),
            ("CC-BY-NC-SA-4.0", "CC-BY-NC-SA-3.0", false),
            ("LGPL-2.1-only", "GPL-2.0-only", true), ("LGPL-3.0-only", "GPL-2.0-only", false),
            ("EUPL-1.2", "EUPL-1.2", true), ("EUPL-1.2", "Apache-2.0", false),
            ("GPL-1.0-or-later", "GPL-3.0-only", true), ("GPL-1.0-only", "GPL-2.0-only", false),
            ("GPL-1.0-or-later OR Artistic-1.0-Perl", "AGPL-3.0-only", true),
            ("Artistic-1.0", "MIT", false), ("Artistic-2.0", "GPL-3.0-only", true),
            ("GFDL-1.1-no-invariants-or-later", "GFDL-1.3-only", true),
            ("GFDL-1.3-no-invariants-only", "GFDL-1.2-only", false),
            ("GFDL-1.2-invariants-only", "GFDL-1.2-no-invariants-only", false),
            ("Linux-man-pages-copyleft", "Linux-man-pages-copyleft", true),
            ("Linux-man-pages-copyleft", "Linux-man-pages-copyleft-var", false),
            ("Vim", "GPL-3.0-or-later", true), ("OPUBL-1.0", "CC-BY-4.0", false),
        ])
    func shareAlike(_ data: String, _ licence: String, _ isKept: Bool) {
        let obligations = gate.licence(data).obligations.filter { $0.kind == .shareAlike }
        #expect(problems(obligations, licence: licence).isEmpty == isKept)
    }

    @Test("two licences that exclude each other leave none")
    func conflict() {
        let obligations = gate.licence("GPL-2.0-only AND CC-BY-SA-4.0").obligations
            .filter { $0.kind == .shareAlike }
        for licence in ["GPL-2.0-only", "CC-BY-SA-4.0", "GPL-3.0-only"] {
            #expect(!problems(obligations, licence: licence).isEmpty)
        }
    }

    @Test("an advertising clause wants its sentence in the notice, the GFDL a copy of itself")
    func advertising() {
        let university = gate.report([gate.licence("BSD-4-Clause-UC")])
        #expect(problems(university.obligations) == [.notice])
        let papers = ["NOTICE": university.notice ?? ""]
        #expect(problems(university.obligations, papers: papers).isEmpty)
        #expect(problems(gate.licence("BSD-4-Clause").obligations, papers: papers) == [.notice])
        let manual = gate.licence("GFDL-1.3-no-invariants-or-later").obligations
        #expect(problems(manual, licence: "GFDL-1.3-only") == [.licenceCopy])
        let copy = ["LICENSE": "GNU Free Documentation License\nVersion 1.3"]
        #expect(problems(manual, licence: "GFDL-1.3-only", papers: copy).isEmpty)
    }

    @Test("what came from non-commercial data is not given away for commerce")
    func nonCommercial() {
        let obligations = gate.source(RightsSource(name: "nc", licence: "CC-BY-NC-4.0")).obligations
        #expect(problems(obligations, card: "From nc.") == [.nonCommercial])
        #expect(problems(obligations, licence: "CC-BY-NC-4.0", card: "From nc.").isEmpty)
        #expect(problems(obligations, licence: "CC-BY-NC-4.0") == [.attribution])
    }

    @Test("the notice that is asked for can be written from the report")
    func notice() {
        let report = gate.report([gate.teacher(names: ["deepseek-r1"])])
        #expect(problems(report.obligations) == [.notice])
        let notice = report.notice ?? ""
        #expect(problems(report.obligations, papers: ["NOTICE": notice]).isEmpty)
        #expect(gate.report([]).notice == nil)
    }
}
