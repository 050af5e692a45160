// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import NIOCore

/// Sends a stream's events as `text/event-stream`.
struct EventStreamResponse: Sendable {
    /// Silence after which a comment is sent.
    let keepAlive: Duration

    /// - Parameters:
    ///   - stream: What to send, and then what comes to it.
    ///   - position: Events to leave out.
    ///   - numbered: Whether events get an `id:` line.
    ///   - context: Whose connection is watched.
    func response(
        _ stream: LiveStream, from position: Int = 0, numbered: Bool, _ context: ServerContext
    ) -> Response {
        // Taken now: if the answer cannot even begin, the seat goes and the stream is cancelled.
        let seat = stream.attach()
        let body = ResponseBody { writer in
            try await context.watchingConnection(onClose: { seat.close() }) {
                try await send(seat, from: position, numbered: numbered, &writer)
            }
            try await writer.finish(nil)
        }
        let headers: HTTPFields = [
            .contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-cache",
            .accelBuffering: "no",
        ]
        return Response(status: .ok, headers: headers, body: body)
    }

    private func send(
        _ seat: LiveStream.Seat, from start: Int, numbered: Bool,
        _ writer: inout any ResponseBodyWriter
    ) async throws {
        async let _ = tick(seat)
        var position = start
        var lastWrite = ContinuousClock.now
        while true {
            var batch = await seat.stream.next(seat, after: position, numbered: numbered)
            guard !batch.isClosed else { throw ChannelError.eof }
            position = max(position, batch.next)
            if let progress = batch.progress, batch.bytes.readableBytes == 0 {
                batch.bytes.writeString(": prefill \(progress.processed)/\(progress.total)\n\n")
            }
            if batch.bytes.readableBytes == 0, !batch.isEnded,
                ContinuousClock.now - lastWrite >= keepAlive
            {
                batch.bytes.writeString(": keep-alive\n\n")
            }
            if batch.bytes.readableBytes > 0 {
                try await writer.write(batch.bytes)
                lastWrite = .now
            }
            if batch.isEnded { return }
        }
    }

    private func tick(_ seat: LiveStream.Seat) async {
        while !Task.isCancelled {
            do { try await Task.sleep(for: keepAlive) } catch { return }
            seat.nudge()
        }
    }
}
