// SPDX-License-Identifier: Apache-2.0

import Foundation
import RetortHub
import Synchronization

/// A store in a temporary folder and a client without patience, for one test.
final class Bench: Sendable {
    /// Kept alive as long as its client.
    let hub: StandInHub
    let folder: URL
    let store: ModelStore
    let configuration: HubConfiguration
    private let log = Mutex<[PullEvent]>([])

    var events: [PullEvent] { log.withLock { $0 } }
    var retries: [String] {
        events.compactMap { if case .retrying(_, let reason, _) = $0 { reason } else { nil } }
    }

    init(
        _ hub: StandInHub, freeSpace: Int = .max,
        _ adjust: (inout HubConfiguration) -> Void = { _ in }
    ) throws {
        self.hub = hub
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("retort-hub-\(UUID().uuidString)")
        store = ModelStore(
            root: folder.appendingPathComponent("models"), freeSpace: { _ in freeSpace },
            now: { Date(timeIntervalSince1970: 1_800_000_000) })
        var configuration = HubConfiguration(
            endpoint: try HubEndpoint(parsing: hub.hub.address),
            retry: RetryPolicy(maximumAttempts: 4, baseDelay: .zero))
        adjust(&configuration)
        self.configuration = configuration
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    @discardableResult
    func pull(_ name: String = StandInHub.repository) async throws(HubError) -> StoredModel {
        let model = try ModelName(parsing: name)
        let store = store
        return try await HubClient.withClient(configuration) { hub throws(HubError) in
            try await store.pull(model, from: hub) { event in
                self.log.withLock { $0.append(event) }
            }
        }
    }

    /// The error of a pull that must fail.
    func failure(_ name: String = StandInHub.repository) async -> HubError? {
        do throws(HubError) {
            try await pull(name)
            return nil
        } catch {
            return error
        }
    }

    /// Every file below the store's folder, relative, sorted; lock files left out.
    var stored: [String] {
        let root = store.root
        return (FileManager.default.subpaths(atPath: root.path) ?? []).filter {
            var isFolder: ObjCBool = false
            let exists = FileManager.default.fileExists(
                atPath: root.appendingPathComponent($0).path, isDirectory: &isFolder)
            return exists && !isFolder.boolValue && !$0.hasPrefix(".locks")
        }.sorted()
    }

    func blob(_ digest: String) -> URL {
        store.root.appendingPathComponent("\(StandInHub.repository)/blobs/\(digest)")
    }

    /// The right answer to a request for the rest of a file from `start` on, cut at `end`.
    func cut(_ file: StandInHub.File, from start: Int = 0, at end: Int) -> StandInServer.Reply {
        let total = file.content.count
        let partial = blob(file.sha256 + ".incomplete").path
        var reply = StandInServer.Reply(
            body: Array(file.content[start...]), sentLength: end - start,
            ending: .closeWhen {
                let attributes = try? FileManager.default.attributesOfItem(atPath: partial)
                return (attributes?[.size] as? Int ?? 0) >= end
            })
        if start > 0 {
            reply.status = 206
            reply.headers = [("Content-Range", "bytes \(start)-\(total - 1)/\(total)")]
        }
        return reply
    }

    /// Puts content where an interrupted pull would have left it.
    func leave(_ content: [UInt8], asPartOf file: StandInHub.File) throws {
        let blob = blob(file.sha256 + ".incomplete")
        try FileManager.default.createDirectory(
            at: blob.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(content).write(to: blob)
    }
}
