// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Adds up what the transfers of one pull report and passes it on, not too often.
final class PullTracker: Sendable {
    private struct State {
        var progress: PullProgress
        var meter = TransferMeter()
        var lastReport = -1.0
    }

    private let state: Mutex<State>
    private let start = ContinuousClock.now
    private let onEvent: @Sendable (PullEvent) -> Void

    init(
        completedBytes: Int, totalBytes: Int, totalFiles: Int,
        onEvent: @escaping @Sendable (PullEvent) -> Void
    ) {
        state = Mutex(
            State(
                progress: PullProgress(
                    completedBytes: completedBytes, totalBytes: totalBytes, completedFiles: 0,
                    totalFiles: totalFiles)))
        self.onEvent = onEvent
    }

    func note(_ news: HubClient.DownloadNews, of file: RemoteFile) {
        switch news {
        case .received(let count): add(count, isTransfer: true)
        case .discarded(let count): add(-count, isTransfer: false)
        case .retrying(let reason, let delay):
            onEvent(.retrying(path: file.path, reason: reason, delay: delay))
        }
    }

    func finish(_ files: [RemoteFile], wasPresent: Bool) {
        for file in files {
            state.withLock { $0.progress.completedFiles += 1 }
            onEvent(.finished(path: file.path, size: file.size, wasPresent: wasPresent))
        }
        report(force: true)
    }

    private func add(_ count: Int, isTransfer: Bool) {
        let time = seconds
        state.withLock {
            $0.progress.completedBytes += count
            if isTransfer { $0.meter.add(count, at: time) }
        }
        report(force: false)
    }

    private func report(force: Bool) {
        let time = seconds
        let progress = state.withLock { state -> PullProgress? in
            guard force || time - state.lastReport >= 0.1 else { return nil }
            state.lastReport = time
            let rate = state.meter.rate(at: time)
            state.progress.bytesPerSecond = rate
            let left = state.progress.totalBytes - state.progress.completedBytes
            state.progress.secondsLeft = rate > 0 ? Double(left) / rate : nil
            return state.progress
        }
        if let progress { onEvent(.progress(progress)) }
    }

    private var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }
}
