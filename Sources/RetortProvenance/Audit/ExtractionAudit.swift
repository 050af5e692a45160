// SPDX-License-Identifier: Apache-2.0
//
// Windows slid over a work: how likely is it that the model, given the first part of a window, writes
// the second (Cooper et al. 2025, arXiv:2505.12546, section 3). One teacher-forced pass a window gives
// the chance exactly; nothing is sampled.

/// What a model says of the tokens of a suffix.
public struct SuffixScore: Sendable, Equatable {
    /// Of each token given all before it, under the audit's sampling scheme
    /// (``SamplingScheme/logProbability(of:in:)``).
    public var logProbabilities: [Double]
    /// Whether each token is the likeliest (``SamplingScheme/isLikeliest(_:in:)``).
    public var isLikeliest: [Bool]

    public init(logProbabilities: [Double], isLikeliest: [Bool]) {
        self.logProbabilities = logProbabilities
        self.isLikeliest = isLikeliest
    }
}

/// Measures how much of a work can be extracted from a model.
public struct ExtractionAudit: Codable, Sendable, Equatable {
    /// Scores a window.
    /// - Parameters: The window's tokens, and how many of them are the prefix, which is given.
    /// - Returns: Of the tokens behind the prefix.
    public typealias Scoring = (_ window: ArraySlice<Int32>, _ prefix: Int) throws -> SuffixScore

    public var scheme: SamplingScheme
    public var prefixTokens: Int
    public var suffixTokens: Int
    /// Tokens from a window to the next.
    public var stride: Int
    /// Chances p_z for which the report says what share of the work is extracted so easily or more.
    public var thresholds: [Double]
    /// Windows that the report names, the most extractable first.
    public var reportedWindows: Int

    /// - Throws: ``ProvenanceError`` for a length or stride below 1, thresholds not above 0 and up
    ///   to 1.
    public init(
        scheme: SamplingScheme = .top40, prefixTokens: Int = 50, suffixTokens: Int = 50,
        stride: Int = 10, thresholds: [Double] = [0.001, 0.01, 0.1, 0.5], reportedWindows: Int = 20
    ) throws(ProvenanceError) {
        self.scheme = scheme
        self.prefixTokens = prefixTokens
        self.suffixTokens = suffixTokens
        self.stride = stride
        self.thresholds = thresholds
        self.reportedWindows = reportedWindows
        try validate()
    }

    /// Also of what was set later or read from JSON.
    private func validate() throws(ProvenanceError) {
        guard prefixTokens >= 1, suffixTokens >= 1, stride >= 1,
            thresholds.allSatisfy({ $0 > 0 && $0 <= 1 }), reportedWindows >= 0
        else {
            throw ProvenanceError(
                "windows of \(prefixTokens) + \(suffixTokens) tokens, \(stride) apart, "
                    + "thresholds \(thresholds)",
                expected: "1 token or more of each, thresholds above 0 and up to 1")
        }
    }

    /// Slides over a work.
    /// - Parameters:
    ///   - name: What the report calls it.
    ///   - tokens: The work's.
    ///   - characters: How many characters each token stands for; nil counts each token as one.
    ///   - isControl: Whether the model cannot have seen the work: what it writes of those is what
    ///     could be guessed.
    ///   - score: Of a window under `scheme`.
    /// - Returns: Covered are the suffixes alone: a prefix was given, not extracted.
    /// - Throws: ``ProvenanceError`` for a work shorter than a window or scores of another length;
    ///   what `score` throws.
    public func run(
        name: String, tokens: [Int32], characters: [Int]? = nil, isControl: Bool = false,
        score: Scoring
    ) throws -> ExtractionReport {
        try validate()
        let length = prefixTokens + suffixTokens
        guard tokens.count >= length else {
            throw ProvenanceError(
                "\(name) has \(tokens.count) tokens", expected: "a window, \(length), or more",
                advice: "use shorter windows")
        }
        guard characters.map({ $0.count == tokens.count && !$0.contains { $0 < 0 } }) ?? true else {
            throw ProvenanceError(
                "\(characters?.count ?? 0) lengths of \(tokens.count) tokens of \(name)",
                expected: "one of 0 or more for each")
        }
        var windows: [ExtractionReport.Window] = []
        var starts = Array(Swift.stride(from: 0, through: tokens.count - length, by: self.stride))
        // The last tokens of the work are in a window too.
        if let last = starts.last, last < tokens.count - length {
            starts.append(tokens.count - length)
        }
        for start in starts {
            let scores = try score(tokens[start..<start + length], prefixTokens)
            guard scores.logProbabilities.count == suffixTokens,
                scores.isLikeliest.count == suffixTokens,
                !scores.logProbabilities.contains(where: \.isNaN)
            else {
                throw ProvenanceError(
                    "\(scores.logProbabilities.count) scores of a suffix",
                    expected: "\(suffixTokens) numbers")
            }
            windows.append(
                ExtractionReport.Window(
                    start: start,
                    chance: ExtractionChance(logProbabilities: scores.logProbabilities),
                    isGreedy: scores.isLikeliest.allSatisfy { $0 }))
        }
        return report(
            name, windows, characters ?? Array(repeating: 1, count: tokens.count), isControl)
    }

    private func report(
        _ name: String, _ windows: [ExtractionReport.Window], _ weights: [Int], _ isControl: Bool
    ) -> ExtractionReport {
        var report = ExtractionReport(
            name: name, isControl: isControl, audit: self, tokens: weights.count,
            windows: windows.count,
            greedy: coverage(of: windows.filter(\.isGreedy), among: windows, weights),
            coverage: [], discoverable: [], likeliest: [])
        report.coverage = thresholds.map { threshold in
            var part = coverage(
                of: windows.filter { $0.chance.value >= threshold }, among: windows, weights)
            part.threshold = threshold
            return part
        }
        for tries in [1, 10, 100, 1000, 10_000] {
            for chance in [0.1, 0.5, 0.9] {
                report.discoverable.append(
                    .init(
                        tries: tries, chance: chance,
                        windows: windows.count {
                            $0.chance.isDiscoverable(tries: tries, chance: chance)
                        }))
            }
        }
        report.likeliest = Array(
            windows.sorted {
                $0.chance.logarithm == $1.chance.logarithm
                    ? $0.start < $1.start : $0.chance.logarithm > $1.chance.logarithm
            }.prefix(reportedWindows))
        return report
    }

    /// What the suffixes of some windows cover of what those of all windows do: of a work that a stride
    /// longer than a suffix leaves gaps in, the gaps count nowhere.
    private func coverage(
        of part: [ExtractionReport.Window], among windows: [ExtractionReport.Window],
        _ weights: [Int]
    ) -> ExtractionReport.Coverage {
        let all = covered(by: windows, weights)
        return .init(
            threshold: nil, windows: part.count,
            share: all == 0 ? 0 : Double(covered(by: part, weights)) / Double(all))
    }

    /// In characters.
    private func covered(by windows: [ExtractionReport.Window], _ weights: [Int]) -> Int {
        var covered = 0
        var end = 0
        for window in windows {
            let suffix = window.start + prefixTokens..<window.start + prefixTokens + suffixTokens
            for token in max(end, suffix.lowerBound)..<suffix.upperBound {
                covered += weights[token]
            }
            end = suffix.upperBound
        }
        return covered
    }
}
