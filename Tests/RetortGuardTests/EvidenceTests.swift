// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortEngine
import RetortGuard
import RetortJSON
import TestSupport
import Testing

@Suite("Evidence") struct EvidenceTests {
    private static let key = WatermarkKey(
        identifier: "wm-1",
        parameters: WatermarkParameters(scheme: .gumbel, secret: .philox(99)))

    /// Choices among eight tokens, a share of them the key's favourite.
    private func places(_ count: Int, following share: Double, seed: UInt64 = 1) -> [EvidencePlace]
    {
        var random = SeededRandom(seed: seed)
        let function = WatermarkPRF(key: 99)
        return (0..<count).map { index in
            let context = [Int32(index), 1, 2, 3]
            let options = (0..<8).map { _ in Int32.random(in: 0..<500, using: &random) }
            let words = function.context(context)
            let favourite = options.max { words.word(token: $0) < words.word(token: $1) }
            let follows = Double.random(in: 0..<1, using: &random) < share
            return EvidencePlace(context: context, token: follows ? favourite ?? 0 : options[0])
        }
    }

    @Test("a student that follows the key now and then is found, with controls that hold")
    func found() throws {
        let student = try EvidenceFinding("student", places(3000, following: 0.1), key: Self.key)
        let clean = try EvidenceFinding("clean", places(3000, following: 0, seed: 2), key: Self.key)
        #expect(student.pValue.value < 1e-9 && clean.pValue.value > 0.001)
        #expect(student.wrongKeys.count == 100 && student.uniformity > 0.001)
        var report = EvidenceReport(
            mode: .reading, key: Self.key, student: student, controls: [clean], texts: 10,
            created: 0)
        report.canaries = [CanaryFinding(account: "acc-7", rank: 2, references: 999)]
        #expect(report.markdown.contains("| acc-7 | 2 | 1000 | 9.0 | 0.002 |"))
        #expect(report.json["canaries"]?.arrayValue?.first?["rank"] == 2)
        #expect(report.isFound && report.controlsHold)
        #expect(report.markdown.contains("does not show"))
        #expect(report.json["does_not_show"]?.arrayValue?.count == EvidenceReport.limits.count)
        #expect(!report.json.text().contains("\"99\""))
    }

    @Test(
        "without a trace the report says that this proves nothing, and a control that fails voids it"
    )
    func notFound() throws {
        let clean = try EvidenceFinding("student", places(500, following: 0), key: Self.key)
        let marked = try EvidenceFinding(
            "base", places(3000, following: 0.3), key: Self.key, wrongKeys: 10)
        func report(_ student: EvidenceFinding, _ control: EvidenceFinding) -> EvidenceReport {
            EvidenceReport(
                mode: .generation, key: Self.key, student: student, controls: [control], texts: 1,
                created: 0)
        }
        let absent = report(clean, clean)
        #expect(
            !absent.isFound && absent.conclusion.contains("no evidence that the student did not"))
        let void = report(marked, marked)
        #expect(!void.isFound && !void.controlsHold)
        #expect(void.conclusion.contains("in doubt"))
        #expect(throws: GuardError.self) { try EvidenceFinding("x", [], key: Self.key) }
    }

    @Test(
        "after each context counts the token that came most, outside of prompts, and not where it can be copied"
    )
    func written() {
        let text = EvidenceText(tokens: [1, 2, 3, 9, 1, 2, 3, 4, 5, 1, 2, 3, 6], answerStart: 4)
        let other = EvidenceText(tokens: [2, 3, 4, 7])
        let places = EvidencePlace.written([other, text, text], width: 3)
        // 1 2 3 stood in the prompt; 3 4 5 … are new.
        #expect(
            places == [
                EvidencePlace(context: [2, 3, 4], token: 5),
                EvidencePlace(context: [3, 4, 5], token: 1),
                EvidencePlace(context: [4, 5, 1], token: 2),
                EvidencePlace(context: [5, 1, 2], token: 3),
            ])
        #expect(EvidencePlace.written([EvidenceText(tokens: [1, 2])], width: 3).isEmpty)
    }

    @Test(
        "a model that read nothing marked shows no trace in reading mode", arguments: [false, true])
    func reading(hasBase: Bool) throws {
        let path = try BundledModel.path()
        var options = ReasoningModel.Options()
        options.threads = 1
        let model = try ReasoningModel(path: path, options: options)
        let reader = RadioactivityReader(
            student: model, base: hasBase ? model : nil, width: 4)
        var random = SeededRandom(seed: 3)
        let texts = (0..<12).map { _ in
            EvidenceText(
                tokens: (0..<100).map { _ in Int32.random(in: 32..<127, using: &random) },
                answerStart: 10)
        }
        let places = try reader.places(texts)
        // The same model as its own base has raised nothing.
        #expect(hasBase ? places.isEmpty : places.count > 900 && places.count <= 12 * 87)
        guard !hasBase else { return }
        let finding = try EvidenceFinding("bundled", places, key: Self.key)
        #expect(finding.pValue.value > 0.001 && finding.uniformity > 0.001)
    }

    @Test("a signed report is valid until a letter of it changes")
    func signature() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("sign.key")
        let signature = try EvidenceSignature(path: path)
        let report: JSONValue = ["found": true, "student": "a"]
        let signed = try signature.signed(report)
        #expect(EvidenceSignature.isValid(signed))
        #expect(EvidenceSignature.isValid(signed, publicKey: signature.publicKey))
        // The same key again, and another.
        #expect(try EvidenceSignature(path: path).publicKey == signature.publicKey)
        let other = try EvidenceSignature(path: folder.path("other.key"))
        #expect(!EvidenceSignature.isValid(signed, publicKey: other.publicKey))
        var forged = try #require(signed.objectValue)
        forged["found"] = false
        #expect(!EvidenceSignature.isValid(.object(forged)))
        #expect(!EvidenceSignature.isValid(report))
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        #expect(throws: GuardError.self) { try EvidenceSignature(path: path) }
    }
}
