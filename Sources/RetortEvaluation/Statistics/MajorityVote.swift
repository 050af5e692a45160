// SPDX-License-Identifier: Apache-2.0

/// Self-consistency (Wang et al. 2023): the answer that most samples give.
public enum MajorityVote {
    /// The index of the first sample with the answer that has most votes. Among answers with equally
    /// many, the one that was given first wins.
    /// - Parameter votes: By sample; nil for what has no vote.
    /// - Returns: Nil if nobody votes.
    public static func winner(_ votes: [String?]) -> Int? {
        var counts: [String: (count: Int, first: Int)] = [:]
        for (index, vote) in votes.enumerated() {
            guard let vote else { continue }
            counts[vote, default: (0, index)].count += 1
        }
        return counts.values.max { a, b in
            a.count == b.count ? a.first > b.first : a.count < b.count
        }?.first
    }
}
