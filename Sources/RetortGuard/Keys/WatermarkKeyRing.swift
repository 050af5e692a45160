// SPDX-License-Identifier: Apache-2.0
//
// Keys are changed from time to time, and what an old one has marked must still be found: the newest of a folder's
// keys marks, all of them detect. A key that is put into the folder is taken up without a restart.

import Foundation
import RetortEngine
import Synchronization

/// The watermark keys of a service, from one file or a folder of files.
public final class WatermarkKeyRing: Sendable {
    private struct State {
        var keys: [WatermarkKey]
        var version: Version
        var looked: ContinuousClock.Instant
    }

    /// Tells a folder from what it was.
    private struct Version: Equatable {
        var changed: Date?
        var names: [String] = []
    }

    private let path: String
    private let interval: Duration
    private let isFolder: Bool
    private let scheme: WatermarkScheme?
    private let state: Mutex<State>

    /// - Parameters:
    ///   - scheme: Used instead of the keys' own.
    ///   - interval: How often a folder is looked at.
    /// - Throws: ``GuardError`` if there is no key, or one that cannot be used.
    public init(
        path: String, scheme: WatermarkScheme? = nil, interval: Duration = .seconds(1)
    ) throws(GuardError) {
        var isDirectory: ObjCBool = false
        _ = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
        self.path = path
        isFolder = isDirectory.boolValue
        self.scheme = scheme
        self.interval = interval
        let keys =
            isFolder
            ? try Self.read(path, scheme)
            : [
                try Self.key(path, scheme)
            ]
        state = Mutex(State(keys: keys, version: Self.version(path), looked: .now))
    }

    /// A ring of keys that are at hand.
    /// - Parameter keys: The one that marks first; at least one.
    public init(_ keys: [WatermarkKey]) throws(GuardError) {
        guard !keys.isEmpty else { throw GuardError("a key ring without keys marks nothing") }
        path = ""
        isFolder = false
        scheme = nil
        interval = .zero
        state = Mutex(State(keys: keys, version: Version(), looked: .now))
    }

    /// The one that marks.
    public var active: WatermarkKey { keys[0] }

    /// All, the one that marks first.
    public var keys: [WatermarkKey] {
        state.withLock { state in
            if isFolder, state.looked.duration(to: .now) >= interval {
                state.looked = .now
                let version = Self.version(path)
                // A folder in the middle of a change keeps what is known.
                if version != state.version, let keys = try? Self.read(path, scheme) {
                    state.keys = keys
                    state.version = version
                }
            }
            return state.keys
        }
    }

    private static func version(_ path: String) -> Version {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return Version(
            changed: attributes?[.modificationDate] as? Date,
            names: ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted())
    }

    private static func key(_ path: String, _ scheme: WatermarkScheme?) throws(GuardError)
        -> WatermarkKey
    {
        let key = try WatermarkKey(path: path)
        guard let scheme else { return key }
        let other = key.using(scheme)
        do {
            try other.parameters.validate()
        } catch {
            throw GuardError("\(path): \(error)")
        }
        return other
    }

    private static func read(_ folder: String, _ scheme: WatermarkScheme?) throws(GuardError)
        -> [WatermarkKey]
    {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
            .filter { $0.hasSuffix(".json") }.sorted()
        var keys: [WatermarkKey] = []
        for name in names { keys.append(try key("\(folder)/\(name)", scheme)) }
        guard !keys.isEmpty else {
            throw GuardError(
                "\(folder) has no key; 'retort guard keygen -o \(folder)/NAME.json' makes one")
        }
        // Of keys as old as each other the first by name.
        return keys.enumerated().sorted { left, right in
            (left.element.created, right.offset) > (right.element.created, left.offset)
        }.map(\.element)
    }
}
