// SPDX-License-Identifier: Apache-2.0

import RetortTensor

/// Watches the requests of a log, key by key. Memory is constant per key.
public final class ExtractionMonitor {
    public let settings: MonitorSettings
    private let features: RandomFeatures
    private(set) var keys: [String: KeyState] = [:]
    private var shared = SharedPrompts()
    public private(set) var requests = 0

    public init(settings: MonitorSettings = MonitorSettings()) {
        self.settings = settings
        features = settings.reference?.features ?? RandomFeatures()
    }

    public func add(_ record: RequestRecord) {
        requests += 1
        let state = state(of: record.key)
        let isShared = shared.add(record.sketch.prompt, key: record.key)
        state.add(
            record, embedding: features.features(record.sketch.vector), isShared: isShared,
            settings)
    }

    private func state(of key: String) -> KeyState {
        if let state = keys[key] { return state }
        let state = KeyState(key: key)
        keys[key] = state
        return state
    }
}

/// Which key had a prompt first: the last 262,144 prompts or so, in constant memory.
struct SharedPrompts: Sendable {
    private var table = [UInt64](repeating: 0, count: 1 << 18)

    /// - Returns: Whether another key had it.
    mutating func add(_ prompt: UInt64, key: String) -> Bool {
        let place = Int(truncatingIfNeeded: prompt & UInt64(table.count - 1))
        // The upper bits of the prompt and 24 bits of the key.
        let tag = prompt & ~0xFF_FFFF_FFFF | prompt >> 40 & 0xFFFF << 24
        let owner = FNVHash(key.utf8).value & 0xFF_FFFF
        let entry = table[place]
        if entry & ~0xFF_FFFF == tag & ~0xFF_FFFF, entry != 0 { return entry & 0xFF_FFFF != owner }
        table[place] = tag & ~0xFF_FFFF | owner
        return false
    }
}
