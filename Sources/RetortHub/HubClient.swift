// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import NIOCore
import Synchronization

/// Speaks the Hugging Face hub's protocol: file lists, revisions and resumable downloads.
public struct HubClient: Sendable {
    public let configuration: HubConfiguration
    let http: HTTPClient
    let contact = Contact()

    /// Whether the hub has answered yet: before it has, a failing connection most likely means that
    /// this machine is offline, and trying again would only delay saying so.
    final class Contact: Sendable {
        private let flag = Atomic(false)

        var isMade: Bool { flag.load(ordering: .relaxed) }
        func make() { flag.store(true, ordering: .relaxed) }
    }

    /// Runs `body` with a client whose connections are closed afterwards.
    public static func withClient<Result: Sendable>(
        _ configuration: HubConfiguration,
        _ body: (HubClient) async throws(HubError) -> Result
    ) async throws(HubError) -> Result {
        var settings = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: TimeAmount(configuration.connectTimeout)))
        // One connection a file: a cut then costs one transfer.
        settings.httpVersion = .http1Only
        settings.connectionPool.retryConnectionEstablishment = false
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = max(
            configuration.parallelDownloads, 1)
        let http = HTTPClient(configuration: settings)
        let outcome: Swift.Result<Result, HubError>
        do throws(HubError) {
            outcome = .success(try await body(HubClient(configuration: configuration, http: http)))
        } catch {
            outcome = .failure(error)
        }
        // Nothing is lost when an idle connection cannot be closed cleanly.
        try? await http.shutdown()
        return try outcome.get()
    }

    private init(configuration: HubConfiguration, http: HTTPClient) {
        self.configuration = configuration
        self.http = http
    }

    /// The address of something in a repository.
    func address(_ parts: String...) -> String {
        ([configuration.endpoint.description] + parts).joined(separator: "/")
    }

    func checkOnline() throws(HubError) {
        guard configuration.isOffline else { return }
        throw HubError(
            .offline,
            "HF_HUB_OFFLINE is set, so \(configuration.endpoint.host) is not asked; unset it, or copy"
                + " the model files here and pass their path")
    }

    func unreachable(_ reason: String) -> HubError {
        HubError(
            .offline,
            "cannot reach \(configuration.endpoint.host): \(reason); if this machine is offline, copy"
                + " the model files here and pass their path")
    }
}
