// SPDX-License-Identifier: Apache-2.0
//
// How many tokens to guess. A guess that fails costs time, and how much depends on the model and the
// machine, so both its cost and its chance are learnt while generating.

/// Decides how long drafts are, so that they pay where guesses come true and cost next to nothing
/// where they do not. All costs are in passes of the model over one token.
package struct DraftPolicy {
    /// Guesses are sorted into so many classes, each with its own rate of acceptance.
    package static let classes = 5
    /// What may be lost for each token, and at the start.
    private static let allowance = 0.03
    private static let initialCredit = 0.5
    private static let mostCredit = 1.5
    /// The weight of the newest value in a running mean.
    private static let trialWeight = 0.1
    private static let costWeight = 0.2

    /// Seconds of a pass over one token, nil before the first.
    private var passSeconds: Double?
    /// What each further token of a pass costs.
    private var rowCost = 0.1
    /// What a guessed token costs the drafter.
    private var draftCost: Double
    private let mostDraftCost: Double
    private var acceptance: [Double]
    /// What guessing has won and may lose again.
    private var credit = Self.initialCredit
    private var isFixed = false

    package init(draftCost: Double) {
        self.draftCost = draftCost
        mostDraftCost = max(4 * draftCost, 0.02)
        acceptance = Array(repeating: 0.5, count: Self.classes)
    }

    /// Always guesses as much as it may: for tests.
    package static var always: DraftPolicy {
        var policy = DraftPolicy(draftCost: 0)
        policy.isFixed = true
        return policy
    }

    /// How many tokens to guess.
    /// - Parameters:
    ///   - kind: The class of the guess.
    ///   - most: The most that may be guessed.
    package func length(_ kind: Int, most: Int) -> Int {
        if isFixed { return most }
        // The first pass shows what a pass costs.
        guard passSeconds != nil else { return 0 }
        let cost = rowCost + draftCost
        let affordable = min(Double(most), credit / cost)
        var length = 0
        var chance = acceptance[kind]
        while Double(length + 1) <= affordable, chance > cost {
            length += 1
            chance *= acceptance[kind]
        }
        return length
    }

    /// A pass over one token, nothing guessed.
    package mutating func notePlain(seconds: Double) {
        passSeconds = passSeconds.map { Self.mean($0, seconds, Self.costWeight) } ?? seconds
        credit = min(credit + Self.allowance, Self.mostCredit)
        // What is not tried is forgotten, slowly, so that it is tried again.
        for kind in acceptance.indices {
            acceptance[kind] = Self.mean(acceptance[kind], 0.5, 0.002)
        }
    }

    /// A pass that checked `drafted` guesses of class `kind`, of which `accepted` came true.
    package mutating func note(
        _ kind: Int, drafted: Int, accepted: Int, draftSeconds: Double, seconds: Double
    ) {
        guard let passSeconds, passSeconds > 0, drafted > 0 else { return }
        // A pause of the whole machine is not a cost of drafting.
        let row = (seconds / passSeconds - 1) / Double(drafted)
        rowCost = Self.mean(rowCost, min(max(row, 0.005), 2 * rowCost + 0.1), Self.costWeight)
        let draft = min(draftSeconds / passSeconds / Double(drafted), mostDraftCost)
        draftCost = Self.mean(draftCost, draft, Self.costWeight)
        for index in 0..<min(accepted + 1, drafted) {
            acceptance[kind] = Self.mean(
                acceptance[kind], index < accepted ? 1 : 0, Self.trialWeight)
        }
        let won = Double(accepted) - (rowCost + draftCost) * Double(drafted)
        credit = min(credit + won + Self.allowance * Double(accepted + 1), Self.mostCredit)
    }

    private static func mean(_ old: Double, _ new: Double, _ weight: Double) -> Double {
        old + (new - old) * weight
    }
}
