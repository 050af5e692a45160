// SPDX-License-Identifier: Apache-2.0

/// A model that clients may name.
public struct ModelDescription: Sendable, Equatable {
    /// The name in requests.
    public var id: String
    /// When the file was made, in seconds since 1970.
    public var created: Int
    public var owner = "retort"
    public var isLoaded = false
    /// Tokens of prompt and answer together; nil if unknown before it is loaded.
    public var contextLength: Int?

    public init(id: String, created: Int) {
        self.id = id
        self.created = created
    }
}

/// Why a model cannot be had.
public enum ModelFault: Error, Sendable, Equatable, CustomStringConvertible {
    case unknown(String)
    /// It is being loaded, or others that are in use take its place.
    case unavailable(String, retryAfter: Int)
    /// It cannot be loaded.
    case broken(String)

    public var description: String {
        switch self {
        case .unknown(let name):
            "the model '\(name)' does not exist; GET /v1/models lists those that do"
        case .unavailable(let reason, _), .broken(let reason): reason
        }
    }
}

/// Where the server gets its models.
public protocol ModelProvider: Sendable {
    /// All models that may be asked for, the default one first.
    func models() async -> [ModelDescription]
    /// A model that stays loaded as long as the lease lives.
    /// - Parameter name: Nil for the default model.
    /// - Throws: ``ModelFault``.
    func lease(_ name: String?) async throws(ModelFault) -> ModelLease
    /// Models that are loaded now, without touching their time of use.
    func loaded() async -> [(id: String, backend: any GenerationBackend)]
    /// Whether requests can be answered. False while the first model is loaded.
    func isReady() async -> Bool
    /// Stops all models.
    func stop(finishing: Bool) async
}

/// Keeps a model loaded.
public final class ModelLease: Sendable {
    public let id: String
    public let backend: any GenerationBackend
    private let release: @Sendable () -> Void

    public init(
        id: String, backend: any GenerationBackend, release: @escaping @Sendable () -> Void = {}
    ) {
        self.id = id
        self.backend = backend
        self.release = release
    }

    deinit { release() }
}
