// SPDX-License-Identifier: Apache-2.0
//
// Masks are made per place of the network, not per state of the pushdown automaton. From a place a
// token either stays within its rule (and those it calls), which is decided once and for all, or
// leaves it early: then only what follows depends on the stack. Those remainders are few, and are
// kept as a trie of their own that is walked from wherever the rule returns to.

import Synchronization

/// A grammar made ready for a vocabulary. Share one between all requests that have the same grammar:
/// the masks that one computes serve all.
public final class TokenConstraint: Sendable {
    public let vocabulary: TokenVocabulary
    let network: RuleNetwork
    private let shared: Mutex<Shared>

    private struct Shared {
        var arena: StateArena
        var masks: [Int32: PlaceMask] = [:]
        var words = 0
    }

    /// Most words that the masks may take before they are made anew: 64 MiB.
    private static let wordLimit = 1 << 24
    /// States of the arena that masks are made in before it is made anew.
    private static let stateLimit = 1 << 16

    /// Every byte that the grammar needs should be a token of its own. Where some are not, only
    /// texts without those bytes are legal, so that the model never meets a dead end.
    /// - Throws: ``GrammarError`` if no text remains.
    public init(_ grammar: Grammar, vocabulary: TokenVocabulary) throws(GrammarError) {
        self.vocabulary = vocabulary
        let isSpelled = zip(grammar.network.usedBytes, vocabulary.singleBytes).allSatisfy {
            !$0 || $1
        }
        let network =
            isSpelled
            ? grammar.network : try grammar.network.restricted(to: vocabulary.singleBytes)
        self.network = network
        shared = Mutex(Shared(arena: StateArena(network)))
    }

    /// The tokens that are legal at a place, made on first use.
    func mask(_ place: Int32) -> PlaceMask {
        shared.withLock { shared in
            if let known = shared.masks[place] { return known }
            if shared.arena.count > Self.stateLimit { shared.arena = StateArena(network) }
            if shared.words > Self.wordLimit {
                shared.masks.removeAll()
                shared.words = 0
            }
            let mask = PlaceMask(place, vocabulary: vocabulary, arena: &shared.arena)
            shared.masks[place] = mask
            shared.words += mask.wordCount
            return mask
        }
    }
}
