// SPDX-License-Identifier: Apache-2.0

/// Makes a ``ReferenceProfile`` of honest traffic, in one pass and bounded memory.
public struct ReferenceBuilder {
    private struct Window {
        var sums = [RandomFeatures.Part](
            repeating: RandomFeatures.Part(), count: RandomFeatures.parts)
        var count = 0
    }

    private let size: Int
    private var random = SeededGenerator(seed: 1)
    /// Requests that the bandwidth is found on, before any is embedded.
    private var first: [(vector: SIMD64<Int8>, key: String)] = []
    private var features: RandomFeatures?
    private var open: [String: Window] = [:]
    private var done: [(mean: [RandomFeatures.Part], count: Int, key: String)] = []
    private var seen = 0
    private var ids: [UInt64: Use] = [:]

    /// How an id of suspicious requests is used: by which key first, by another too, how often.
    private struct Use {
        let key: Int
        var isShared = false
        var count = 0
    }

    private static let sample = 20_000
    private static let mostOpen = 10_000
    private static let mostIDs = 500_000

    /// - Parameter window: Requests of a window.
    public init(window: Int = 1500) { size = window }

    public mutating func add(_ record: RequestRecord) {
        note(record)
        guard let features else {
            first.append((record.sketch.vector, record.key))
            if first.count >= Self.sample { start() }
            return
        }
        add(record.sketch.vector, record.key, features)
    }

    private mutating func start() {
        let features = RandomFeatures(bandwidth: bandwidth())
        self.features = features
        for (vector, key) in first { add(vector, key, features) }
        first = []
    }

    private mutating func add(_ vector: SIMD64<Int8>, _ key: String, _ features: RandomFeatures) {
        guard open.count < Self.mostOpen || open[key] != nil else { return }
        var window = open.removeValue(forKey: key) ?? Window()
        window.sums.withUnsafeMutableBufferPointer { features.add(vector, to: $0) }
        window.count += 1
        if window.count >= size {
            keep(window, key)
            window = Window()
        }
        open[key] = window
    }

    /// Keeps a sample of all windows (Vitter 1985, algorithm R).
    private mutating func keep(_ window: Window, _ key: String) {
        seen += 1
        let entry = (
            mean: Embedding.scaled(window.sums, 1 / Float(window.count)), count: window.count,
            key: key
        )
        if done.count < ReferenceProfile.mostWindows {
            done.append(entry)
        } else {
            let place = random.below(seen)
            if place < done.count { done[place] = entry }
        }
    }

    /// The median distance of two requests.
    private mutating func bandwidth() -> Float {
        guard first.count > 1 else { return RandomFeatures.defaultBandwidth }
        var distances: [Float] = []
        for _ in 0..<1000 {
            let a = SIMD64<Float>(first[random.below(first.count)].vector)
            let b = SIMD64<Float>(first[random.below(first.count)].vector)
            let square = ((a - b) * (a - b)).sum()
            if square > 0 { distances.append(square.squareRoot() / 127) }
        }
        distances.sort()
        return distances.isEmpty
            ? RandomFeatures.defaultBandwidth : max(0.1, distances[distances.count / 2])
    }

    /// The profile of what was added.
    public mutating func profile() -> ReferenceProfile {
        if features == nil { start() }
        // Windows that are not full serve if they are not small.
        for (key, window) in open.sorted(by: { $0.key < $1.key }) where window.count >= size / 4 {
            keep(window, key)
        }
        open = [:]
        return ReferenceProfile(
            features: features ?? RandomFeatures(), windows: done, commonIDs: commonIDs())
    }

    private mutating func note(_ record: RequestRecord) {
        guard KeyLinks.traits.contains(where: { $0.isIn(record) }) else { return }
        let key = record.key.hashValue
        KeyLinks.forEachID(of: record.sketch) { id in
            guard ids.count < Self.mostIDs || ids[id] != nil else { return }
            var use = ids.removeValue(forKey: id) ?? Use(key: key)
            use.count += 1
            if use.key != key { use.isShared = true }
            ids[id] = use
        }
    }

    /// What two honest keys use, or one often.
    private func commonIDs() -> Set<UInt64> {
        Set(ids.filter { $0.value.isShared || $0.value.count >= 20 }.keys)
    }
}
