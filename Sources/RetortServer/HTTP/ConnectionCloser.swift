// SPDX-License-Identifier: Apache-2.0
//
// Whoever answers before a request has come in whole cannot just close: the bytes that still come
// would make the system reset the connection, and the client might lose the answer.

import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Ends the connection after a response that says `Connection: close`, and when much of a body comes
/// whose request is answered: sends no more, passes over what still comes, and closes when the client
/// does or after a while.
final class ConnectionCloser: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let patience: TimeAmount
    private var isLast = false
    private var requests = 0
    private var responses = 0
    /// Bytes of bodies that came after their answers.
    private var unwanted = 0
    private static let mostUnwanted = 1 << 16
    private var isClosing = false
    private var deadline: Scheduled<Void>?

    init(patience: TimeAmount) { self.patience = patience }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head):
            isLast = head.headerFields[.connection]?.lowercased() == "close"
        case .end where isLast:
            responses += 1
            let promise = promise ?? context.eventLoop.makePromise()
            promise.futureResult.assumeIsolated().whenComplete { _ in self.linger(context) }
            return context.write(data, promise: promise)
        case .end: responses += 1
        case .body: break
        }
        context.write(data, promise: promise)
    }

    private func linger(_ context: ChannelHandlerContext) {
        guard !isClosing, context.channel.isActive else { return }
        isClosing = true
        context.close(mode: .output, promise: nil)
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: patience) {
            context.close(promise: nil)
        }
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        switch unwrapInboundIn(data) {
        case .head:
            requests += 1
            unwanted = 0
        case .body(let bytes) where responses >= requests:
            unwanted += bytes.readableBytes
            if unwanted > Self.mostUnwanted { return linger(context) }
        case .body, .end: break
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if isClosing { context.read() }
        context.fireChannelReadComplete()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if isClosing, case .some(.inputClosed) = event as? ChannelEvent {
            context.close(promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        context.fireChannelInactive()
    }
}
