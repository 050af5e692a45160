// SPDX-License-Identifier: Apache-2.0

/// How parameters are changed by their gradients.
public struct OptimizerSettings: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        /// Loshchilov and Hutter 2019.
        case adamw
        /// Muon (Jordan et al. 2024) for the matrices inside layers, AdamW for all else.
        case muon
    }

    public var kind = Kind.adamw
    public var beta1: Float = 0.9
    public var beta2: Float = 0.95
    public var eps: Float = 1e-8
    /// Of matrices and embeddings; norms and biases do not decay.
    public var weightDecay: Float = 0.1
    /// The largest norm of all gradients together; larger ones are scaled down. Zero: no limit.
    public var maximumGradientNorm: Float = 1
    /// Bits of each of AdamW's two moments: 32 or 8.
    public var stateBits = 32
    public var muonMomentum: Float = 0.95
    /// Muon's learning rate as a multiple of the schedule's. Its updates are scaled to the size of
    /// AdamW's (Liu et al. 2025), so that one learning rate fits both.
    public var muonFactor: Float = 1

    public init() {}
}
