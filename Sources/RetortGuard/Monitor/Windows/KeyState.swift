// SPDX-License-Identifier: Apache-2.0

/// What is kept of a key: two windows that overlap by half, and its share in templates for the graph of keys. Constant memory.
final class KeyState {
    let key: String
    private(set) var requests = 0
    private(set) var firstTime = Double.infinity
    private(set) var lastTime = -Double.infinity
    private(set) var organisation: String?
    private var windows: [WindowState]
    private var around = ReleaseCounts()
    var links = KeyLinks()
    /// The window with the highest score so far.
    private(set) var worst: (report: WindowReport, sum: Double)?

    init(key: String) {
        self.key = key
        windows = [WindowState()]
    }

    func add(
        _ record: RequestRecord, embedding: [RandomFeatures.Part], isShared: Bool,
        _ settings: MonitorSettings
    ) {
        requests += 1
        firstTime = min(firstTime, record.time)
        lastTime = max(lastTime, record.time)
        organisation = organisation ?? record.organisation
        let half = settings.window / 2
        // The second window begins half a window later, and each begins anew when it is full.
        if requests == half + 1 { windows.append(WindowState()) }
        for index in windows.indices {
            windows[index].add(
                record, embedding: embedding, isShared: isShared, window: settings.window)
        }
        if !settings.releases.isEmpty { around.add(record, settings.releases) }
        links.add(record)
        for index in windows.indices where windows[index].count >= settings.window {
            judge(windows[index], settings)
            windows[index] = WindowState()
        }
    }

    /// Judges what has not filled a window: if no window was filled, or almost; half a window beside a full one would only see less.
    func finish(_ settings: MonitorSettings) {
        guard let fullest = windows.max(by: { $0.count < $1.count }),
            fullest.count >= settings.minimum,
            worst == nil || fullest.count >= settings.window * 3 / 4
        else { return }
        judge(fullest, settings)
    }

    private func judge(_ window: WindowState, _ settings: MonitorSettings) {
        let report = WindowReport(
            window, release: around.growth, reference: settings.reference)
        let sum = settings.calibration.sum(report)
        if worst.map({ sum > $0.sum }) ?? true { worst = (report, sum) }
    }

    /// Requests to look at, by ``RequestTrait``'s order.
    var examples: [[String]] { (worst?.report.examples ?? windows[0].traits.map(\.examples)) }

    var byteCount: Int {
        MemoryLayout<Self>.size + 256 + windows.reduce(0) { $0 + $1.byteCount } + links.byteCount
    }
}

/// How much of a key's traffic was suspicious before a release and in the two days after.
struct ReleaseCounts: Sendable {
    private var before = (all: 0, marked: 0)
    private var after = (all: 0, marked: 0)

    private static let span = 2.0 * 86_400

    mutating func add(_ record: RequestRecord, _ releases: [Double]) {
        let traits: [RequestTrait] = [.traceStrong, .synthesis, .samples, .logprobs, .bareLong]
        let isMarked = traits.contains { $0.isIn(record) }
        if releases.contains(where: { record.time >= $0 && record.time < $0 + Self.span }) {
            after.all += 1
            if isMarked { after.marked += 1 }
        } else if releases.contains(where: { record.time < $0 }) {
            before.all += 1
            if isMarked { before.marked += 1 }
        }
    }

    /// The lower end of the share after less the upper end of the share before; 0 with fewer than 50 requests of each.
    var growth: Double {
        guard before.all >= 50, after.all >= 50 else { return 0 }
        let marked = Double(before.marked)
        let upper = (marked + 2 * marked.squareRoot() + 2) / Double(before.all)
        return max(0, Rate.lower(after.marked, of: after.all) - upper)
    }
}
