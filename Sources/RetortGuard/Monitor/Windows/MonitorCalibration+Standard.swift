// SPDX-License-Identifier: Apache-2.0

extension MonitorCalibration {
    /// What `retort guard calibrate --tuning 1,2,3 --keys 20` finds on simulated traffic, rounded. Make your own where these give
    /// false alarms: the simulator knows sixteen kinds of honest use, the world more.
    public static let standard = MonitorCalibration(
        [
            .traceSeeking: (0.001, 2.05),
            .reasoningSweep: (0.0048, 1.444),
            .synthesis: (0.001, 2.071),
            .sampling: (0.001, 0.527),
            .logprobs: (0.001, 2.558),
            .bareSweep: (0.0031, 3.936),
            .templateSweep: (0.001, 3.53),
            .languages: (0.0084, 0.634),
            .distance: (2.2115, 0.25),
            .release: (0.001, 1.529),
            .sharedPrompts: (0.001, 0.1),
            .growth: (0.4072, 0.0),
            .template: (1.0, 0.0),
            .settings: (1.0, 0.0),
        ], alarm: 3.18)

    /// - Parameter signals: What is usual, and the weight.
    private init(_ signals: [MonitorSignal: (usual: Double, weight: Double)], alarm: Double) {
        self.init(
            usual: MonitorSignal.allCases.map { signals[$0]?.usual ?? 0 },
            weights: MonitorSignal.allCases.map { signals[$0]?.weight ?? 0 }, alarm: alarm)
    }
}
