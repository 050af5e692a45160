// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortEngine
import RetortJSON

/// How an account's reference number ranks among numbers that nobody was shown.
public struct CanaryFinding: Sendable, Equatable {
    public let account: String
    /// 1 is the likeliest; equals count against the account's.
    public let rank: Int
    /// Numbers that it was ranked among, without itself.
    public let references: Int

    public init(account: String, rank: Int, references: Int) {
        self.account = account
        self.rank = rank
        self.references = references
    }

    /// - Parameters:
    ///   - own: The student's log-likelihood of the account's number.
    ///   - others: Of the references.
    public init(account: String, own: Double, others: [Double]) {
        self.init(
            account: account, rank: 1 + others.count { !($0 < own) },
            references: others.count)
    }

    /// How likely such a rank is if the student never saw the number: rank / (N + 1), exactly, since then all
    /// orders are equally likely.
    public var pValue: Double { Double(rank) / Double(references + 1) }

    /// log₂ (N + 1) − log₂ rank, in bits.
    public var exposure: Double { log2(Double(references + 1)) - log2(Double(rank)) }

    public var json: JSONValue {
        [
            "account": .string(account), "rank": .integer(Int64(rank)),
            "references": .integer(Int64(references)), "exposure_bits": .double(exposure),
            "p_value": .double(pValue),
        ]
    }
}

/// Asks a student how likely it finds reference numbers.
public struct CanaryReader {
    private let student: Scorer
    private let tokenizer: (String) throws -> [Int32]

    /// - Parameter tokenizer: The student's, without special tokens.
    public init(student: ReasoningModel, tokenizer: @escaping (String) throws -> [Int32]) {
        self.student = Scorer(student)
        self.tokenizer = tokenizer
    }

    /// - Parameter texts: What the number's line may follow, such as answers that the account was given; the
    ///   log-likelihoods are summed over them. None is an empty text.
    /// - Throws: `EngineError` if a text does not fit the model.
    public func finding(
        account: String, mint: CanaryMint, references: Int, texts: [[Int32]]
    ) throws -> CanaryFinding {
        let before = texts.isEmpty ? [[]] : texts
        func likelihood(_ number: String) throws -> Double {
            // The line as the student read it, in one piece.
            let tokens = try tokenizer(CanaryMint.opening + number + CanaryMint.closing)
            return try before.reduce(0) {
                try $0 + student.score($1 + tokens).logprobs.suffix(tokens.count).reduce(0, +)
            }
        }
        return CanaryFinding(
            account: account, own: try likelihood(mint.number(account: account)),
            others: try mint.references(account: account, count: references).map(likelihood))
    }
}
