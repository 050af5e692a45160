// SPDX-License-Identifier: Apache-2.0

extension MonitorCalibration {
    public static let standard = MonitorCalibration(
        usual: [0.004, 0.05, 0.004, 0.02, 0.02, 0.05, 0.02, 1, 0.01, 0.1, 2, 1, 1],
        weights: [2, 1, 2, 1, 1, 1, 1, 0.5, 1, 0.2, 0.2, 0, 0], alarm: 1.5)
}
