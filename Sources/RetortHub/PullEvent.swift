// SPDX-License-Identifier: Apache-2.0

/// What a pull reports, as values: printing is the caller's.
public enum PullEvent: Sendable, Equatable {
    /// The files are known; nothing is downloaded yet.
    case planned(PullPlan)
    /// Bytes came in, at most ten times a second and once at the end.
    case progress(PullProgress)
    /// A file is complete and verified, or was there already.
    case finished(path: String, size: Int, wasPresent: Bool)
    /// A transfer failed and goes on after a pause.
    case retrying(path: String, reason: String, delay: Duration)
}

/// What a pull is going to do.
public struct PullPlan: Sendable, Equatable {
    public let name: ModelName
    public let commit: String
    public let selection: FileSelection
    /// Bytes still to come over the network.
    public let bytesToDownload: Int
}

/// How far a pull is.
public struct PullProgress: Sendable, Equatable {
    /// Bytes on disk, those of earlier pulls included.
    public var completedBytes: Int
    public var totalBytes: Int
    public var completedFiles: Int
    public var totalFiles: Int
    /// Over the last seconds; zero before there is something to go by.
    public var bytesPerSecond: Double
    /// At that rate.
    public var secondsLeft: Double?

    package init(
        completedBytes: Int, totalBytes: Int, completedFiles: Int, totalFiles: Int,
        bytesPerSecond: Double = 0, secondsLeft: Double? = nil
    ) {
        self.completedBytes = completedBytes
        self.totalBytes = totalBytes
        self.completedFiles = completedFiles
        self.totalFiles = totalFiles
        self.bytesPerSecond = bytesPerSecond
        self.secondsLeft = secondsLeft
    }
}
