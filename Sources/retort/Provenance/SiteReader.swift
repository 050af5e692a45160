// SPDX-License-Identifier: Apache-2.0
//
// Asks a site what it says of training, as a crawler would: few requests, little of each answer, and the
// redirects that RFC 9309 asks for.

import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import RetortProvenance

struct SiteReader {
    /// Bytes of an answer that are read.
    private static let byteLimit = 4 << 20
    private static let patience = TimeAmount.seconds(20)

    let site: SiteReservations
    let agent: String

    /// The answers to all questions; what a site does not have is an answer too.
    /// - Throws: `CommandError` if the site cannot be reached.
    func answers() async throws -> [SiteReservations.Answer] {
        var settings = HTTPClient.Configuration(
            redirectConfiguration: .follow(max: 5, allowCycles: false),
            timeout: .init(connect: Self.patience, read: Self.patience))
        settings.httpVersion = .automatic
        // Who is asked once is told at once that nobody answers.
        settings.connectionPool.retryConnectionEstablishment = false
        let client = HTTPClient(configuration: settings)
        let answers: Result<[SiteReservations.Answer], any Error>
        do { answers = .success(try await ask(client)) } catch { answers = .failure(error) }
        try? await client.shutdown()
        return try answers.get()
    }

    private func ask(_ client: HTTPClient) async throws -> [SiteReservations.Answer] {
        var answers: [SiteReservations.Answer] = []
        for part in [SiteReservations.Part.robots, .tdmrep, .page] {
            guard let url = site.url(of: part) else { continue }
            let answer = try await get(part, url, client)
            answers.append(answer)
            // Who may not come in does not look at the page either.
            if part == .robots, !site.allowsMore(after: answer, agent: agent) { break }
        }
        for url in site.licences(of: answers) {
            answers.append(try await get(.rsl, url, client))
        }
        return answers
    }

    private static func option(_ part: SiteReservations.Part) -> String {
        switch part {
        case .robots: "--robots"
        case .tdmrep: "--tdmrep"
        case .page: "--page and --headers"
        case .rsl: "--rsl"
        }
    }

    private func get(_ part: SiteReservations.Part, _ url: String, _ client: HTTPClient)
        async throws -> SiteReservations.Answer
    {
        var request = HTTPClientRequest(url: url)
        request.headers.add(name: "User-Agent", value: "\(agent) (retort provenance optout)")
        do {
            let response = try await client.execute(request, timeout: .minutes(1))
            var body: [UInt8] = []
            for try await part in response.body {
                body += part.readableBytesView.prefix(Self.byteLimit - body.count)
                if body.count == Self.byteLimit { break }
            }
            var headers: [String: [String]] = [:]
            for (name, value) in response.headers {
                headers[name.lowercased(), default: []].append(value)
            }
            return SiteReservations.Answer(
                part: part, url: url, status: Int(response.status.code), headers: headers,
                body: body, fetched: Date().timeIntervalSince1970)
        } catch {
            if error is CancellationError || Task.isCancelled { throw error }
            // Of whatever kind it is, from names that are not found to certificates.
            throw CommandError(
                "\(url) does not answer: \(error); try again later, or give what was saved of it with \(Self.option(part))"
            )
        }
    }
}
