// SPDX-License-Identifier: Apache-2.0

/// The models of another provider, each in a wrapping.
public protocol WrappingProvider: ModelProvider {
    var provider: any ModelProvider { get }
    /// - Parameter id: The model's.
    func wrapped(_ backend: any GenerationBackend, id: String) -> any GenerationBackend
}

extension WrappingProvider {
    public func models() async -> [ModelDescription] { await provider.models() }

    public func lease(_ name: String?) async throws(ModelFault) -> ModelLease {
        let lease = try await provider.lease(name)
        // The lease inside is released with the one around it.
        return ModelLease(
            id: lease.id, backend: wrapped(lease.backend, id: lease.id),
            release: { withExtendedLifetime(lease) {} })
    }

    public func loaded() async -> [(id: String, backend: any GenerationBackend)] {
        await provider.loaded()
    }

    public func isReady() async -> Bool { await provider.isReady() }
    public func stop(finishing: Bool) async { await provider.stop(finishing: finishing) }
}
