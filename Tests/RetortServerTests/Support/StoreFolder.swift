// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortServer
import Synchronization
import TestSupport

/// A folder for a database, removed at the end.
struct StoreFolder {
    private let folder: TemporaryFolder
    let url: URL

    init() throws {
        folder = try TemporaryFolder()
        url = folder.url
    }

    var path: String { url.appendingPathComponent("server.sqlite").path }

    func open(_ clock: HandClock = HandClock()) throws -> ServerStore {
        try ServerStore(path: path) { clock.seconds }
    }

    /// All bytes of the database's files.
    func bytes() throws -> Data {
        try FileManager.default.contentsOfDirectory(at: url, includingPropertiesForKeys: nil)
            .reduce(into: Data()) { $0 += try Data(contentsOf: $1) }
    }
}

/// A clock that goes on when it is told to.
final class HandClock: Sendable {
    private let time: Mutex<Double>

    init(_ seconds: Double = 1_790_000_000) { time = Mutex(seconds) }

    var seconds: Double { time.withLock { $0 } }

    func advance(_ seconds: Double) { time.withLock { $0 += seconds } }
}
