// SPDX-License-Identifier: Apache-2.0
//
// The service's own honest traffic. A key that translates all day is far from the mean of all keys and yet honest; what tells is
// the distance to the nearest mixture of what honest keys do.

import Foundation

/// Embeddings of honest windows, and how far honest windows are from the mixtures of the others.
public struct ReferenceProfile: Sendable {
    public let features: RandomFeatures
    /// Mean embeddings of windows of honest keys, one or few of each key.
    private let windows: [[RandomFeatures.Part]]
    /// Templates and prompts that two or more honest keys have.
    let commonIDs: Set<UInt64>
    /// Distances of honest windows to the mixtures of the others, ascending.
    let distances: [Double]

    /// Windows that are kept, 1 kB each.
    static let mostWindows = 256

    /// - Parameter windows: Mean, size and key of each window.
    init(
        features: RandomFeatures,
        windows: [(mean: [RandomFeatures.Part], count: Int, key: String)],
        commonIDs: Set<UInt64>
    ) {
        self.features = features
        self.commonIDs = commonIDs
        self.windows = windows.map(\.mean)
        distances = windows.map { window in
            let others = windows.filter { $0.key != window.key }.map(\.mean)
            return Self.distance(window.mean, count: window.count, to: others)
        }.sorted()
    }

    public var isEmpty: Bool { windows.count < 8 }

    /// The distance that this share of honest windows does not exceed.
    func quantile(_ share: Double) -> Double {
        guard !distances.isEmpty else { return .infinity }
        return distances[min(distances.count - 1, Int(share * Double(distances.count)))]
    }

    /// MMD²_u of a window to the nearest mixture of honest windows.
    func distance(_ mean: [RandomFeatures.Part], count: Int) -> Double {
        Self.distance(mean, count: count, to: windows)
    }

    /// The nearest point of the hull by Frank and Wolfe's steps (1956).
    private static func distance(
        _ mean: [RandomFeatures.Part], count: Int, to windows: [[RandomFeatures.Part]]
    ) -> Double {
        guard var point = windows.first else { return .infinity }
        for _ in 0..<40 {
            let direction = zip(mean, point).map { $0 - $1 }
            var best = 0
            var most = -Float.infinity
            for (index, window) in windows.enumerated() {
                let value = Embedding.dot(direction, window)
                if value > most {
                    most = value
                    best = index
                }
            }
            let edge = zip(windows[best], point).map { $0 - $1 }
            let length = Embedding.dot(edge, edge)
            guard length > 1e-9 else { break }
            let step = min(1, max(0, Embedding.dot(direction, edge) / length))
            guard step > 1e-4 else { break }
            for index in point.indices { point[index] += edge[index] * step }
        }
        return Double(max(0, Embedding.unbiased(mean, count: count, to: point)))
    }
}
