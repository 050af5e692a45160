// SPDX-License-Identifier: Apache-2.0

/// How a log is watched.
public struct MonitorSettings: Sendable {
    /// Requests of a window.
    public var window = 1500
    /// Requests below which a key is not judged by itself, only as part of a cluster.
    public var minimum = 200
    /// When models came out, seconds since 1970.
    public var releases: [Double] = []
    public var calibration = MonitorCalibration.standard
    public var reference: ReferenceProfile?

    public init() {}
}
