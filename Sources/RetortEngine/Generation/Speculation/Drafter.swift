// SPDX-License-Identifier: Apache-2.0

/// Guesses how a sequence goes on, so that the model can check several tokens in one pass. Whatever
/// it guesses, the tokens that come out are the model's own. One drafter serves one generator.
///
/// The calls for each pass: ``prepare()``, ``propose(_:)`` unless nothing is to be gained, and
/// ``append(_:states:)`` with what the model chose. None of them allocates for each token.
package protocol Drafter: AnyObject {
    /// What a guessed token costs, in passes of the model; measured as the generation goes.
    var initialCost: Double { get }

    /// Whether ``append(_:states:)`` wants the model's hidden states.
    var readsStates: Bool { get }

    /// Begins a sequence that starts with `prompt`, which may go on from the one before.
    /// - Parameter cached: Tokens of the prompt that the model does not run again.
    /// - Returns: How many tokens of the prompt are known already; the rest is appended next.
    func begin(_ prompt: [Int32], cached: Int) -> Int

    /// Takes tokens of the prompt, or tokens that the model chose.
    /// - Parameters:
    ///   - tokens: What follows in the sequence.
    ///   - states: If ``readsStates``, `[tokens, hiddenSize]`: the residual stream of the model's
    ///     last layer, before the final norm, from which each of the tokens was (or would have been)
    ///     chosen. Nil where the model has not computed them: before the first token, and before the
    ///     first after what the cache still held.
    func append(_ tokens: UnsafeBufferPointer<Int32>, states: UnsafeBufferPointer<Float>?) throws

    /// Looks for a guess after the tokens so far.
    /// - Returns: Which of `0 ..< DraftPolicy.classes` the guess belongs to; guesses of one class
    ///   come true equally often. Nil if there is none.
    func prepare() -> Int?

    /// Writes the guess that ``prepare()`` found.
    /// - Parameter draft: Room for as many tokens as are worth checking, at least one.
    /// - Returns: How many were written.
    func propose(_ draft: UnsafeMutableBufferPointer<Int32>) throws -> Int
}

extension Drafter {
    package var readsStates: Bool { false }
}
