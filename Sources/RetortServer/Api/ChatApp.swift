// SPDX-License-Identifier: Apache-2.0
//
// The web app and its API: docs/web-api.md.

import Foundation
import Hummingbird
import RetortJSON

/// The chat app at `/` and the API that it works with.
public final class ChatApp: Sendable {
    public struct Options: Sendable {
        /// As `/api/info` tells them.
        public var name = "Retort"
        public var version = ""
        /// What is known of a model's file.
        public var facts: @Sendable (ModelDescription) -> ModelFacts = { ModelFacts(name: $0.id) }
        /// How often the progress of an answer is told; the text is saved every second time.
        public var progressInterval = Duration.milliseconds(500)
        /// What an answer's price is computed from, if it is shown.
        public var price: MachinePrice?
        /// How long a run's events can be read after its end.
        public var eventRetention = Duration.seconds(600)

        public init() {}
    }

    let store: ServerStore
    let keys: any KeyVerifier
    let options: Options
    let files: AppFiles
    let runs: RunCenter

    /// Takes charge of the store: runs that a server left behind are ended.
    /// - Throws: ``ServerError`` if the app's files are missing, or an error of the database.
    public init(
        store: ServerStore, keys: any KeyVerifier = OpenAccess(), options: Options = .init()
    ) throws {
        self.store = store
        self.keys = keys
        self.options = options
        files = try AppFiles(folder: ServerResources.folder().appendingPathComponent("app"))
        runs = RunCenter(retention: options.eventRetention)
        try store.recoverRuns()
    }

    /// Paths that need no key: the app itself, which asks for one.
    public var openPaths: Set<String> { files.paths.union(["/api/info"]) }

    func add(to router: Router<ServerContext>, core: ServerCore) {
        files.add(to: router)
        let api = AppRouter(app: self, core: core, router: router)
        InfoRoutes().add(to: api)
        ConversationRoutes().add(to: api)
        ExportRoutes().add(to: api)
        RunRoutes().add(to: api)
        OperatorRoutes().add(to: api)
    }

    /// Waits until the answers in the making are written. Their models are to be stopped before.
    public func finish() async { await runs.finish() }

    /// Removes deleted conversations for good, now and then, until the task is cancelled.
    public func watch(
        every interval: Duration = .seconds(60), _ report: @Sendable (any Error) -> Void
    ) async {
        while !Task.isCancelled {
            do { try await store.purge() } catch { report(error) }
            do { try await Task.sleep(for: interval) } catch { return }
        }
    }
}

/// What the machine costs while it computes.
public struct MachinePrice: Sendable, Equatable {
    public var perHour: Double
    /// `USD`, `EUR`, …
    public var currency: String

    /// - Throws: ``ServerError`` unless it is a price in a currency of three letters (ISO 4217).
    public init(perHour: Double, currency: String) throws(ServerError) {
        guard perHour.isFinite, perHour >= 0 else {
            throw ServerError("\(perHour) an hour is no price; give a number of at least 0")
        }
        guard currency.utf8.count == 3, currency.utf8.allSatisfy({ 65...90 ~= $0 }) else {
            throw ServerError("'\(currency)' is no currency; give its code, such as USD or EUR")
        }
        self.perHour = perHour
        self.currency = currency
    }
}

/// What is known of a model without loading it.
public struct ModelFacts: Sendable {
    /// For people.
    public var name: String
    /// Of the file.
    public var bytes: Int?
    public var quantisation: String?
    public var parameters: Int?
    public var contextLength: Int?
    /// Weights, cache and buffers.
    public var memoryBytes: Int?
    /// Whether that is free.
    public var fits: Bool?
    /// Whether it thinks, and whether its template can switch that off; asked of a loaded model's
    /// template where it is nil.
    public var thinks: Bool?
    public var thinkingIsOptional: Bool?

    public init(name: String) { self.name = name }
}
