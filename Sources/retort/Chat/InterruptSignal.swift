// SPDX-License-Identifier: Apache-2.0
//
// Ctrl-C stops the answer, not the program.

import Dispatch
import Foundation
import RetortEngine

/// Turns SIGINT into a cancellation while an answer is being made.
final class InterruptSignal {
    let cancellation = Cancellation()
    private let source: any DispatchSourceSignal

    init() {
        source = DispatchSource.makeSignalSource(
            signal: SIGINT, queue: DispatchQueue(label: "retort.interrupt"))
        let cancellation = cancellation
        source.setEventHandler {
            // The second one, before the first was obeyed, ends the program.
            if cancellation.isCancelled { exit(130) }
            cancellation.cancel()
        }
        source.activate()
    }

    /// From here to the end of the answer SIGINT no longer kills.
    func catchDuringAnswer() {
        cancellation.reset()
        signal(SIGINT, SIG_IGN)
    }
}
