// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import RetortJSON

extension ChatClient {
    /// Sends the request once.
    func attempt(_ request: ChatCompletionRequest) async -> Result<ChatCompletion, AttemptFailure> {
        do {
            return .success(try await send(request))
        } catch {
            return .failure(AttemptFailure(transport: error))
        }
    }

    private func send(_ request: ChatCompletionRequest) async throws -> ChatCompletion {
        var message = HTTPClientRequest(url: configuration.endpoint.chatCompletions)
        message.method = .POST
        message.headers.add(name: "User-Agent", value: "retort")
        message.headers.add(name: "Content-Type", value: "application/json")
        message.headers.add(
            name: "Accept",
            value: configuration.streams ? "text/event-stream" : "application/json")
        message.headers.add(name: "Accept-Encoding", value: "identity")
        if let key = configuration.key {
            message.headers.add(name: "Authorization", value: "Bearer \(key.text)")
        }
        var body = request.body
        if configuration.streams {
            body["stream"] = true
            body["stream_options"] = ["include_usage": true]
        }
        message.body = .bytes(ByteBuffer(string: JSONValue.object(body).text()))
        let response = try await http.execute(
            message, timeout: TimeAmount(configuration.requestTimeout))
        guard response.status.code == 200 else {
            throw refusal(
                Int(response.status.code), response.headers, await errorBody(response.body))
        }
        let type = response.headers.first(name: "Content-Type")?.lowercased() ?? ""
        let isStream =
            type.hasPrefix("text/event-stream")
            || (configuration.streams && !type.hasPrefix("application/json"))
        do {
            return isStream ? try await stream(response) : try await document(response)
        } catch {
            // Whatever comes after the status 200 was computed.
            throw AttemptFailure(transport: error).charged
        }
    }

    private func document(_ response: HTTPClientResponse) async throws -> ChatCompletion {
        var bytes: [UInt8] = []
        for try await buffer in response.body {
            try checkSize(bytes.count + buffer.readableBytes)
            bytes.append(contentsOf: buffer.readableBytesView)
        }
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONValue(
                parsing: bytes, options: .init(allowsNonFiniteNumbers: true, maximumDepth: 64))
        } catch {
            throw AttemptFailure(.badAnswer, "the answer is \(error)")
        }
        // Some gateways report the failure of what is behind them with a status 200.
        if let fault = json["error"], !fault.isNull, json["choices"] == nil {
            throw reported(fault, response.headers)
        }
        do throws(ClientError) {
            return try ChatCompletion(json, body: bytes)
        } catch {
            throw AttemptFailure(error)
        }
    }

    private func stream(_ response: HTTPClientResponse) async throws -> ChatCompletion {
        var parser = EventStreamParser()
        var assembler = ChatStreamAssembler()
        var size = 0
        do {
            for try await buffer in response.body {
                size += buffer.readableBytes
                try checkSize(size)
                for event in parser.take(buffer.readableBytesView) { try assembler.take(event) }
                if assembler.sawDone || assembler.fault != nil { break }
            }
        } catch let error as ClientError {
            throw AttemptFailure(error)
        } catch {
            // Servers that close without the last chunk of the encoding have still said everything.
            if !assembler.isComplete { throw error }
        }
        if let rest = parser.finish() { assembler.takeLast(rest) }
        if let fault = assembler.fault { throw reported(fault, response.headers) }
        do throws(ClientError) {
            return try ChatCompletion(assembler)
        } catch {
            throw AttemptFailure(error)
        }
    }

    private func checkSize(_ size: Int) throws {
        guard size <= configuration.maximumResponseBytes else {
            throw AttemptFailure(
                .tooLarge,
                "the answer is longer than \(configuration.maximumResponseBytes) bytes; limit its"
                    + " tokens, or raise the limit")
        }
    }

    /// The start of what a refusal says, and nothing if that fails: the status counts.
    private func errorBody(_ body: HTTPClientResponse.Body) async -> [UInt8] {
        var bytes: [UInt8] = []
        do {
            for try await buffer in body {
                bytes.append(contentsOf: buffer.readableBytesView)
                guard bytes.count < 65_536 else { break }
            }
        } catch {
            return []
        }
        return bytes
    }
}
