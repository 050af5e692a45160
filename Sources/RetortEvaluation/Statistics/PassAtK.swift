// SPDX-License-Identifier: Apache-2.0

/// How often at least one of k answers is right.
public enum PassAtK {
    /// The unbiased estimate from `correct` right ones among `samples` (Chen et al. 2021):
    /// 1 - C(n-c, k) / C(n, k).
    /// - Returns: Nil where there are fewer than k samples.
    public static func estimate(samples: Int, correct: Int, k: Int) -> Double? {
        guard k >= 1, k <= samples, (0...samples).contains(correct) else { return nil }
        guard samples - correct >= k else { return 1 }
        var miss = 1.0
        for drawn in 0..<k {
            miss *= Double(samples - correct - drawn) / Double(samples - drawn)
        }
        return 1 - miss
    }
}
