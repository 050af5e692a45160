// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation
import Synchronization

/// Runs a closure at the first Ctrl-C; the second ends the process at once.
final class Interruption {
    private let sources: [any DispatchSourceSignal]
    private let signals: [Int32]

    /// - Parameter others: Signals that run the closure too, each time.
    init(others: [Int32] = [], _ onInterrupt: @escaping @Sendable () -> Void) {
        signals = [SIGINT] + others
        let isFirst = Atomic(true)
        sources = signals.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                if number == SIGINT, !isFirst.exchange(false, ordering: .relaxed) { exit(130) }
                onInterrupt()
            }
            source.resume()
            return source
        }
    }

    /// Gives the signals their usual meaning back.
    func end() {
        for source in sources { source.cancel() }
        for number in signals { signal(number, SIG_DFL) }
    }
}
