// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import NIOCore
import RetortEngine
import RetortTemplates

/// Who asks, and by which API.
struct RequestOrigin: Sendable {
    /// The key's id, else the address.
    var client: String
    var source = RequestSource()

    /// - Parameter route: One of `GuardPolicy.routes`.
    init(_ context: ServerContext, route: String) {
        client = context.clientName
        source.id = context.requestID
        source.route = route
        source.address = context.channel.remoteAddress?.ipAddress
    }

    /// - Parameter request: `X-Retort-Watermark: off` asks for an answer without a mark, which a policy may grant.
    init(_ request: Request, _ context: ServerContext, route: String, isStream: Bool = false) {
        self.init(context, route: route)
        source.acceptsMark = request.headers[.watermark]?.lowercased() != "off"
        source.userAgent = request.headers[.userAgent]
        source.isStream = isStream
    }
}

extension EngineRequest {
    mutating func take(_ origin: RequestOrigin) {
        client = origin.client
        source = origin.source
    }
}

extension RequestSource {
    /// Notes what was asked, for who keeps records of it.
    mutating func note(_ request: ConversationRequest) {
        let messages = request.conversation.messages
        system = messages.first { $0.role == "system" || $0.role == "developer" }?.content?.text
        let written = messages.filter { $0.role == "user" }
        turns = written.count
        user = written.last?.content?.text
        isForPrograms = !request.conversation.tools.isEmpty
    }
}
