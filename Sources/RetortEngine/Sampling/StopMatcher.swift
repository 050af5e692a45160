// SPDX-License-Identifier: Apache-2.0
//
// Finds stop strings in text that arrives in pieces. What could still become a stop string is held
// back, so that a part of one is never shown.

/// Cuts a stream of text at the first stop string.
public struct StopMatcher: Sendable {
    private let stops: [[UInt8]]
    private var held: [UInt8] = []
    /// The stop string that was found; nothing comes out after it.
    public private(set) var found: String?
    public var isStopped: Bool { found != nil }

    /// - Parameter stops: Empty strings are ignored.
    public init(stops: [String]) {
        self.stops = stops.map { Array($0.utf8) }.filter { !$0.isEmpty }
    }

    /// Takes the next piece and returns the text that is certain to come before any stop string.
    public mutating func append(_ text: String) -> String {
        guard !isStopped else { return "" }
        guard !stops.isEmpty else { return text }
        held.append(contentsOf: text.utf8)
        if let (place, stop) = firstStop() {
            found = String(decoding: stop, as: UTF8.self)
            defer { held = [] }
            return String(decoding: held[..<place], as: UTF8.self)
        }
        var keep = longestPartialStop()
        // A stop string that begins within a character cannot match valid text: cut before one.
        while keep < held.count, keep > 0, held[held.count - keep] & 0xC0 == 0x80 { keep += 1 }
        let ready = held.count - keep
        defer { held.removeFirst(ready) }
        return String(decoding: held[..<ready], as: UTF8.self)
    }

    /// What was held back when the text ends.
    public mutating func finish() -> String {
        defer { held = [] }
        return isStopped ? "" : String(decoding: held, as: UTF8.self)
    }

    private func firstStop() -> (Int, [UInt8])? {
        for start in held.indices {
            if let stop = stops.first(where: { held[start...].starts(with: $0) }) {
                return (start, stop)
            }
        }
        return nil
    }

    /// The length of the longest end of the text that begins a stop string.
    private func longestPartialStop() -> Int {
        var longest = 0
        for stop in stops {
            for length in stride(from: min(stop.count - 1, held.count), to: longest, by: -1)
            where held.suffix(length).elementsEqual(stop[..<length]) {
                longest = length
                break
            }
        }
        return longest
    }
}
