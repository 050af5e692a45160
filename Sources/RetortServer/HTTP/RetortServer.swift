// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import ServiceLifecycle

/// The HTTP server: the OpenAI and Anthropic APIs, health, metrics and whatever routes are added.
public struct RetortServer: Service {
    let core: ServerCore
    /// Methods and paths, as in the description: `GET /v1/models`.
    package let routeNames: [String]
    private let responder: RouterResponder<ServerContext>
    private let configuration: ServerConfiguration
    private let logger: Logger
    private let app: ChatApp?
    private let onRunning: @Sendable (any Channel) async -> Void

    /// - Parameters:
    ///   - configuration: See ``ServerConfiguration/validate(hasKeys:)``, which is not called here.
    ///   - provider: The models.
    ///   - keys: Tells valid API keys.
    ///   - openPaths: Further paths that need no key, such as an app's files.
    ///   - app: The web app, if it is served; its paths that need no key are added to `openPaths`.
    ///   - logger: Gets a line for each request, never a prompt, an answer or a key.
    ///   - addRoutes: Adds routes of other parts of the server.
    ///   - onRunning: Called with the channel that listens.
    public init(
        configuration: ServerConfiguration, provider: any ModelProvider,
        keys: any KeyVerifier = OpenAccess(), openPaths: Set<String> = [],
        app: ChatApp? = nil, logger: Logger = Logger(label: "retort.server"),
        addRoutes: (Router<ServerContext>) -> Void = { _ in },
        onRunning: @escaping @Sendable (any Channel) async -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.logger = logger
        self.app = app
        self.onRunning = onRunning
        core = ServerCore(configuration: configuration, provider: provider)
        let routes = RouteTable()
        let router = Router(context: ServerContext.self, options: .autoGenerateHeadEndpoints)
        router.add(
            middleware: AccessMiddleware(
                routes: routes, allowedOrigins: configuration.allowedOrigins,
                metrics: core.metrics))
        router.add(middleware: BrowserMiddleware(configuration, verifier: keys))
        router.add(
            middleware: KeyMiddleware(
                verifier: keys,
                openPaths: openPaths.union(["/health", "/openapi.json"])
                    .union(app?.openPaths ?? [])))
        ChatRoutes(core: core).add(to: router)
        CompletionRoutes(core: core).add(to: router)
        EmbeddingRoutes(core: core).add(to: router)
        ResponsesRoutes(core: core).add(to: router)
        MessagesRoutes(core: core).add(to: router)
        StreamRoutes(core: core).add(to: router)
        ModelRoutes(core: core).add(to: router)
        TokenRoutes(core: core).add(to: router)
        GuardRoutes(core: core).add(to: router)
        ProvenanceRoutes(core: core).add(to: router)
        StatusRoutes(core: core).add(to: router)
        OpenAPIRoutes().add(to: router)
        app?.add(to: router, core: core)
        addRoutes(router)
        routes.fill(router.routes)
        routeNames = router.routes.map { route in
            let path = route.path.description.replacing("**", with: "{id}")
            return "\(route.method.rawValue) \(path)"
        }
        responder = router.buildResponder()
    }

    /// The application, for tests without a service group.
    public func application() throws -> some ApplicationProtocol {
        let watchLimit = configuration.maximumBodyBytes
        let patience = TimeAmount.nanoseconds(configuration.closingTime.nanoseconds)
        let channel = HTTP1Channel.Configuration(
            additionalChannelHandlers: [
                ConnectionWatch(maximumBodyBytes: watchLimit), ConnectionCloser(patience: patience),
            ],
            // Heads count when they are whole, so that a slow one does not hold a connection.
            idleTimeout: .nanoseconds(configuration.idleTimeout.nanoseconds),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: configuration.maximumHeaderBytes,
                maxHeaderListSize: configuration.maximumHeaderBytes))
        let builder: HTTPServerBuilder =
            if let tls = try configuration.tlsConfiguration() {
                try .tls(.http1(configuration: channel), tlsConfiguration: tls)
            } else {
                .http1(configuration: channel)
            }
        return Application(
            responder: responder, server: builder,
            configuration: .init(
                address: .hostname(configuration.host, port: configuration.port),
                serverName: configuration.serverName),
            onServerRunning: onRunning, logger: logger)
    }

    /// Serves until the service group is shut down: then no request is taken any more, those under
    /// way are finished, and cancelled when the grace period ends.
    public func run() async throws {
        let application = try application()
        let core = core
        let grace = configuration.shutdownGrace
        try await withGracefulShutdownHandler {
            try await application.run()
        } onGracefulShutdown: {
            core.stopping.set()
            Task {
                do { try await Task.sleep(for: grace) } catch { return }
                core.streams.cancelAll()
                await core.provider.stop(finishing: false)
            }
        }
        await core.provider.stop(finishing: true)
        await app?.finish()
    }
}

extension Duration {
    /// Whole nanoseconds, at most as many as fit.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : product + attoseconds / 1_000_000_000
    }
}
