// SPDX-License-Identifier: Apache-2.0
//
// A pull's progress on stderr: one line that is redrawn on a terminal, a line for each file elsewhere.

import Foundation
import RetortHub
import Synchronization

final class PullDisplay: Sendable {
    private let isTerminal: Bool
    /// Whether the last thing on the terminal is the progress line.
    private let hasBar = Mutex(false)

    init() {
        isTerminal =
            isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
    }

    func show(_ event: PullEvent) {
        switch event {
        case .planned(let plan): announce(plan)
        case .progress(let progress):
            guard isTerminal else { return }
            hasBar.withLock { hasBar in
                write("\r\(progress.line(columns: columns - 1))\u{1B}[K")
                hasBar = true
            }
        case .finished(let path, let size, let wasPresent):
            guard !isTerminal else { return }
            line("\(path): \(ByteCount(size))\(wasPresent ? ", already here" : "")")
        case .retrying(let path, let reason, let delay):
            let seconds = delay / .seconds(1)
            let pause = seconds >= 0.1 ? " in \((seconds * 10).rounded() / 10) s" : ""
            line("\(path): \(reason); going on\(pause)")
        }
    }

    /// Leaves the progress line and prints a last one.
    func end(_ text: String?) {
        hasBar.withLock { hasBar in
            if hasBar { write("\n") }
            hasBar = false
        }
        if let text { line(text) }
    }

    private func announce(_ plan: PullPlan) {
        let selection = plan.selection
        let count = selection.files.count
        line(
            "\(plan.name) at \(plan.commit.prefix(12)): \(count) \(count == 1 ? "file" : "files"), "
                + "\(ByteCount(selection.totalSize)), \(ByteCount(plan.bytesToDownload)) to download"
        )
        if let chosen = selection.defaultQuantisation {
            line("chose \(chosen); OWNER/NAME:QUANTISATION chooses another")
        }
    }

    /// Prints a line above the progress line.
    private func line(_ text: String) {
        hasBar.withLock { hasBar in
            write((hasBar ? "\r\u{1B}[K" : "") + text + "\n")
            hasBar = false
        }
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }

    private var columns: Int {
        var size = winsize()
        let isKnown = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        return isKnown ? Int(size.ws_col) : 80
    }
}
