// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Logging
import NIOCore
import RetortEngine
import RetortGuard
import RetortServer
import ServiceLifecycle
import UnixSignals

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve models: an OpenAI-compatible API and a chat app.",
        discussion: """
            The chat app is at the address that is printed, the API below /v1; clients of OpenAI's API \
            work with it when their base URL is changed. Ctrl-C finishes the answers under way.
            """)

    @Argument(
        help: ArgumentHelp(
            "GGUF files, Hugging Face directories or names in the store; the first is the default. 'bundled' if there is none.",
            valueName: "model"))
    var models: [String] = []

    @Option(
        help: ArgumentHelp(
            "A YAML file of these options without their dashes, and 'models'. The command line wins.",
            valueName: "file"),
        completion: .file())
    var config: String?

    @Option(help: "The address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "The port to listen on; 0 takes a free one.")
    var port = 8080

    @Option(
        help: ArgumentHelp(
            "API keys, one a line, instead of those of 'retort keys'.", valueName: "file"),
        completion: .file())
    var apiKeys: String?

    @Flag(help: "Listen for other machines without any keys.")
    var allowWithoutKeys = false

    @Option(
        help: ArgumentHelp("Certificates in PEM form, for HTTPS.", valueName: "file"),
        completion: .file())
    var tlsCertificate: String?

    @Option(
        help: ArgumentHelp("The certificate's key in PEM form.", valueName: "file"),
        completion: .file())
    var tlsKey: String?

    @Option(
        help: ArgumentHelp(
            "An origin whose pages may call the API, or *; may be given several times.",
            valueName: "origin"))
    var allowOrigin: [String] = []

    @Option(
        help: ArgumentHelp(
            "A name by which a server without keys may be asked for, beside localhost; may be given several times.",
            valueName: "name"))
    var allowHost: [String] = []

    @Option(
        help: ArgumentHelp(
            "What an hour of the machine costs; the app then shows the price of each answer.",
            valueName: "price"))
    var pricePerHour: Double?

    @Option(help: ArgumentHelp("The currency of the price.", valueName: "code"))
    var currency = "USD"

    @OptionGroup(title: "Guard") var guardOptions: GuardOptions
    @OptionGroup(title: "Provenance") var provenanceOptions: ProvenanceOptions
    @OptionGroup(title: "State") var databaseOptions: DatabaseOptions
    @OptionGroup(title: "Engine") var engineOptions: EngineOptions
    @OptionGroup(title: "Model") var modelOptions: ModelOptions

    func validate() throws {
        guard (tlsCertificate == nil) == (tlsKey == nil) else {
            throw ValidationError("--tls-certificate and --tls-key go together.")
        }
        guard modelOptions.adapter == nil || models.count <= 1 else {
            throw ValidationError(
                "--adapter belongs to one model; merge it with 'retort convert' to serve several.")
        }
    }

    /// The keys of the file, or those of the database.
    private func verifier(_ stored: KeyGuard) throws -> any KeyVerifier {
        guard let apiKeys else { return stored }
        return try KeyList(try InputFile.text(path: apiKeys))
    }

    func run() async throws { try await configured().serve() }

    private func serve() async throws {
        var configuration = ServerConfiguration()
        configuration.host = host
        configuration.port = port
        configuration.allowedOrigins = allowOrigin
        configuration.allowedHosts = allowHost
        if let tlsCertificate, let tlsKey {
            configuration.tls = .init(certificateChain: tlsCertificate, privateKey: tlsKey)
        }
        let desk = try guardOptions.desk()
        configuration.guardDesk = desk
        configuration.corpus = try provenanceOptions.openCorpus()
        let rules = try guardOptions.rules(desk)
        configuration.watermarkKeys = rules.keys
        let store = try databaseOptions.open()
        let stored = try KeyGuard(store)
        let keys = try verifier(stored)
        let needsKey = await keys.needsKey()
        try configuration.validate(hasKeys: needsKey || allowWithoutKeys)

        let served = try ServedModels(models.isEmpty ? ["bundled"] : models)
        let registry = served.registry(engineOptions, modelOptions)
        var options = ChatApp.Options()
        options.version = Version.text
        options.price = try pricePerHour.map {
            price throws(ServerError) in try MachinePrice(perHour: price, currency: currency)
        }
        options.facts = { served.facts(of: $0) }
        let app = try ChatApp(store: store, keys: keys, options: options)
        let scheme = configuration.tls == nil ? "http" : "https"
        var logger = Logger(label: "retort.server") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .info
        var provider: any ModelProvider = registry
        // Below the meter: what is drawn again costs the client nothing.
        if let rules = try provenanceOptions.rules() {
            provider = FilteredProvider(provider, rules)
        }
        provider = MeteredProvider(provider, keys: stored)
        if !rules.isOpen { provider = GuardedProvider(provider, rules) }
        let server = RetortServer(
            configuration: configuration, provider: provider,
            keys: keys, app: app, logger: logger,
            onRunning: { [host] channel in
                let port = channel.localAddress?.port ?? 0
                let name = host.contains(":") ? "[\(host)]" : host
                Output.note("listening on \(scheme)://\(name):\(port)")
            })
        // The first request must not wait for the model.
        let load = Task {
            do {
                _ = try await registry.lease(nil)
                Output.note("\(served.names[0]) is loaded")
            } catch {
                Output.note("retort: \(error)")
            }
        }
        let report: @Sendable (any Error) -> Void = { Output.note("retort: the database: \($0)") }
        let watchers = [
            Task { await registry.watch() },
            Task { await stored.watch(report) },
            Task { await app.watch(report) },
        ]
        let group = ServiceGroup(
            configuration: .init(
                services: [server], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
        load.cancel()
        await app.finish()
        for watcher in watchers {
            watcher.cancel()
            await watcher.value
        }
    }
}

/// How requests are computed.
struct EngineOptions: ParsableArguments {
    @Option(
        help: "Tokens of prompt and answer together; the model's, at most 32,768, if not given.")
    var context: Int?

    @Option(help: CacheType.help)
    var cacheType = CacheType.f16

    @Option(help: "Tokens that the cache holds for all requests and for later ones together.")
    var cacheTokens: Int?

    @Option(help: "Requests computed at a time, 1 to 16.")
    var parallel = 16

    @Option(help: "Requests that may wait; more are refused with 429.")
    var queue = 64

    @Option(help: "Models that are loaded at a time; the least recently used one makes room.")
    var maxLoaded = 1

    @Option(help: "Seconds that an unused model stays loaded; for ever if not given.")
    var keepAlive: Int?

    func validate() throws {
        guard 1...16 ~= parallel, queue >= 0, maxLoaded > 0, keepAlive ?? 0 >= 0 else {
            throw ValidationError(
                "--parallel must lie between 1 and 16, --queue and --keep-alive be at least 0, --max-loaded at least 1."
            )
        }
    }

    var options: InferenceEngine.Options {
        var options = InferenceEngine.Options()
        options.contextLength = context
        options.cacheType = cacheType.dtype
        options.cacheTokens = cacheTokens
        options.maximumRunning = parallel
        options.maximumWaiting = queue
        return options
    }
}
