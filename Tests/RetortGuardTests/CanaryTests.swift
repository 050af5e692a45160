// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortEngine
import RetortGuard
import RetortTokenizers
import TestSupport
import Testing

@Suite("Reference numbers") struct CanaryTests {
    private let secret = SketchSecret(bytes: Array("a secret of some length".utf8))
    private var mint: CanaryMint { CanaryMint(secret: secret) }

    @Test("an account has one number, which another account, reference or secret has not")
    func numbers() {
        let own = mint.number(account: "a")
        #expect(own == mint.number(account: "a"))
        #expect(own.count == 14 && own.filter(\.isNumber).count == CanaryMint.digits)
        let other = CanaryMint(secret: SketchSecret(bytes: Array("another secret, not that".utf8)))
        #expect(Set([own, mint.number(account: "b"), other.number(account: "a")]).count == 3)
        let references = mint.references(account: "a", count: 2000)
        #expect(Set(references + [own]).count == 2001)
        // Leading digits as by chance.
        let zeros = references.count { $0.hasPrefix("0") }
        #expect((150...260).contains(zeros))
    }

    @Test("the asked share of requests gets the line", arguments: [0.0, 0.02, 0.5, 1])
    func share(share: Double) {
        let planted = (0..<5000).count { mint.isPlanted(request: "req-\($0)", share: share) }
        let spread = 4 * (5000 * share * (1 - share)).squareRoot()
        #expect(abs(Double(planted) - 5000 * share) <= spread)
    }

    @Test("a rank gives its exact p-value, and equals count against the account")
    func rank() {
        let finding = CanaryFinding(account: "a", own: -5, others: [-1, -5, -9, -9, -.infinity])
        #expect(finding.rank == 3 && finding.references == 5)
        #expect(finding.pValue == 0.5 && finding.exposure == 1)
        let first = CanaryFinding(
            account: "a", own: -1, others: [Double](repeating: -2, count: 1023))
        #expect(first.exposure == 10 && first.pValue == 1.0 / 1024)
        #expect(CanaryFinding(account: "a", own: -1, others: [.nan]).rank == 2)
    }

    @Test("a model that never saw the numbers ranks them as by chance")
    func chance() throws {
        var options = ReasoningModel.Options()
        options.threads = 1
        let model = try ReasoningModel(path: try BundledModel.path(), options: options)
        let reader = CanaryReader(student: model) {
            try model.tokenizer.encode($0, addSpecialTokens: false)
        }
        let ranks = try (0..<30).map { index in
            try reader.finding(
                account: "account \(index)", mint: mint, references: 19, texts: []
            ).rank
        }
        // A mean of 10.5 with a deviation of 5.77 / sqrt 30.
        let mean = Double(ranks.reduce(0, +)) / 30
        #expect(abs(mean - 10.5) < 4 * 5.77 / 5.48)
        #expect(ranks.allSatisfy { 1...20 ~= $0 })
    }
}
