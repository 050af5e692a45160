// SPDX-License-Identifier: Apache-2.0
//
// A client that goes away shall not leave the engine working for it. While an answer is made nothing
// is read from the connection, so its end is watched for here, in the channel.

import HTTPTypes
import NIOCore
import NIOHTTPTypes
import Synchronization

/// Tells when the client closed its connection, and answers `Expect: 100-continue`.
final class ConnectionWatch: ChannelInboundHandler, RemovableChannelHandler, Sendable {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundOut = HTTPResponsePart

    private struct State {
        var isClosed = false
        var nextID = 0
        var callbacks: [Int: @Sendable () -> Void] = [:]
    }

    private let state = Mutex(State())
    private let maximumBodyBytes: Int

    init(maximumBodyBytes: Int) { self.maximumBodyBytes = maximumBodyBytes }

    /// Calls `callback` when the client is gone, at once if it is.
    /// - Returns: What to hand to ``ignore(_:)`` when nobody needs to know any more.
    func whenClosed(_ callback: @escaping @Sendable () -> Void) -> Int {
        let id: Int? = state.withLock { state in
            guard !state.isClosed else { return nil }
            state.nextID += 1
            state.callbacks[state.nextID] = callback
            return state.nextID
        }
        guard let id else {
            callback()
            return 0
        }
        return id
    }

    func ignore(_ id: Int) { state.withLock { _ = $0.callbacks.removeValue(forKey: id) } }

    private func close() {
        let callbacks = state.withLock { state in
            state.isClosed = true
            defer { state.callbacks = [:] }
            return Array(state.callbacks.values)
        }
        for callback in callbacks { callback() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data),
            head.headerFields[.expect]?.lowercased() == "100-continue",
            head.headerFields[.contentLength].flatMap({ Int($0) }) ?? 0 <= maximumBodyBytes
        {
            let go = HTTPResponse(status: .continue)
            context.writeAndFlush(wrapOutboundOut(.head(go)), promise: nil)
        }
        context.fireChannelRead(data)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent { close() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        close()
        context.fireChannelInactive()
    }
}

extension ServerContext {
    /// Runs `operation` and calls `onClose` if the client goes away meanwhile.
    func watchingConnection<Value>(
        onClose: @escaping @Sendable () -> Void, _ operation: () async throws -> Value
    ) async throws -> Value {
        // A router without connection, as tests run it, has no watch.
        let watch = try? await channel.pipeline.handler(type: ConnectionWatch.self).get()
        let id = watch?.whenClosed(onClose)
        defer { if let id { watch?.ignore(id) } }
        return try await operation()
    }
}
