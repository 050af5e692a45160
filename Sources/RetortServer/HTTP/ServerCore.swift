// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import Logging
import RetortEngine
import RetortJSON
import Synchronization

/// What all handlers share.
struct ServerCore: Sendable {
    let configuration: ServerConfiguration
    let provider: any ModelProvider
    let metrics = ServerMetrics()
    let streams: StreamRegistry
    let reader: RequestReader
    let stopping = StopFlag()

    init(configuration: ServerConfiguration, provider: any ModelProvider) {
        self.configuration = configuration
        self.provider = provider
        streams = StreamRegistry(
            retention: configuration.streamRetention,
            maximumBytes: configuration.streamMemoryBytes)
        reader = RequestReader(
            maximumBytes: configuration.maximumBodyBytes, timeout: configuration.bodyTimeout,
            memory: BodyMemory(limit: configuration.bodyMemoryBytes))
    }

    /// The body's fields.
    func fields(_ request: Request) async throws -> Fields {
        Fields(try await reader.object(request))
    }

    func lease(_ model: String?) async throws -> ModelLease {
        guard !stopping.isSet else { throw APIError.stopping(retryAfter: 5) }
        do throws(ModelFault) {
            return try await provider.lease(model)
        } catch {
            throw APIError(error)
        }
    }

    /// Runs an answer that is sent whole. The engine's work ends with the connection.
    func collect(
        _ plan: GenerationPlan, _ tasks: [GenerationTask], _ context: ServerContext
    ) async throws -> [Reply] {
        let cancel: @Sendable () -> Void = { for task in tasks { task.cancel() } }
        return try await context.watchingConnection(onClose: cancel) {
            try await withTaskCancellationHandler {
                try await Reply.collect(plan, tasks, metrics)
            } onCancel: {
                cancel()
            }
        }
    }

    /// Sends an answer as it is made.
    /// - Parameters:
    ///   - id: The answer's id, by which the stream can be read again.
    ///   - onFault: Tells a client of what `begin` throws once the stream has begun.
    ///   - begin: Hands the request to the engine, for which the model may have to be loaded. What it
    ///     throws within the keep-alive interval is the response; if it takes longer, the stream
    ///     begins and is kept alive meanwhile.
    func stream(
        _ id: String, _ request: Request, _ context: ServerContext,
        onFault: @escaping @Sendable (APIError, LiveStream) -> Void = { $1.appendError($0) },
        _ begin: @escaping @Sendable () async throws -> StreamWork
    ) async throws -> Response {
        let isResumable = request.headers[.resumable]?.lowercased() == "true"
        let beginning = Beginning(begin)
        let early = try await beginning.work(within: configuration.keepAliveInterval)
        let stream = LiveStream(
            id: id, owner: context.client?.id,
            grace: isResumable ? configuration.resumeGrace : nil)
        if let early { stream.drive(early.tasks) }
        streams.add(stream, alias: context.requestID)
        let streams = streams
        let response = EventStreamResponse(keepAlive: configuration.keepAliveInterval).response(
            stream, numbered: isResumable, context)
        // Outlives this request where it may be resumed.
        Task {
            do {
                let work = try await beginning.task.value
                if early == nil { stream.drive(work.tasks) }
                await work.write(stream)
            } catch {
                let fault = error as? APIError
                if fault == nil {
                    context.logger.error(
                        "unexpected error: \(error)",
                        metadata: ["request": .string(context.requestID)])
                }
                onFault(fault ?? .internalError, stream)
                stream.end()
            }
            streams.retire(stream)
        }
        return response
    }
}

/// Whether the server was told to stop.
final class StopFlag: Sendable {
    private let flag = Atomic(false)

    var isSet: Bool { flag.load(ordering: .relaxed) }

    func set() { flag.store(true, ordering: .relaxed) }
}
