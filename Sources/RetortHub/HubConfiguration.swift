// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Where the hub is and how to talk to it.
public struct HubConfiguration: Sendable, Equatable {
    /// The hub's address; `https://huggingface.co` unless `HF_ENDPOINT` says otherwise.
    public var endpoint: HubEndpoint
    /// A token that is sent to the endpoint and to no other host. Never printed.
    public var token: Token?
    /// Whether the network must not be used (`HF_HUB_OFFLINE`).
    public var isOffline: Bool
    public var retry: RetryPolicy
    /// A transfer that brings fewer than `stallBytes` in this time is cut and resumed.
    public var stallTimeout: Duration
    public var stallBytes: Int
    public var connectTimeout: Duration
    /// Files downloaded at the same time.
    public var parallelDownloads: Int

    public init(
        endpoint: HubEndpoint = .huggingFace, token: Token? = nil, isOffline: Bool = false,
        retry: RetryPolicy = RetryPolicy(), stallTimeout: Duration = .seconds(30),
        stallBytes: Int = 1024, connectTimeout: Duration = .seconds(10), parallelDownloads: Int = 4
    ) {
        self.endpoint = endpoint
        self.token = token
        self.isOffline = isOffline
        self.retry = retry
        self.stallTimeout = stallTimeout
        self.stallBytes = stallBytes
        self.connectTimeout = connectTimeout
        self.parallelDownloads = parallelDownloads
    }

    /// Reads `HF_ENDPOINT`, `HF_TOKEN` and `HF_HUB_OFFLINE`.
    /// - Throws: ``HubError`` of kind `invalidName` if one of them is malformed.
    public init(environment: [String: String]) throws(HubError) {
        self.init()
        if let address = environment["HF_ENDPOINT"], !address.isEmpty {
            endpoint = try HubEndpoint(parsing: address)
        }
        if let text = environment["HF_TOKEN"]?.trimmingCharacters(in: .whitespacesAndNewlines),
            !text.isEmpty
        {
            token = try Token(text)
        }
        if let flag = environment["HF_HUB_OFFLINE"]?.uppercased() {
            isOffline = ["1", "ON", "YES", "TRUE"].contains(flag)
        }
    }
    /// What this process's environment says.
    public static func standard() throws(HubError) -> HubConfiguration {
        try HubConfiguration(environment: ProcessInfo.processInfo.environment)
    }
}
