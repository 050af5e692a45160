// SPDX-License-Identifier: Apache-2.0

/// Processes that train one model together, each on its own part of the data.
public protocol TrainingGroup: AnyObject {
    /// Which of them this is, from 0. The first writes all files.
    var rank: Int { get }
    var size: Int { get }

    /// Replaces the values by their sums over all processes, the same bits on each.
    /// - Throws: ``TrainingError`` if a process is gone.
    func sum(_ values: UnsafeMutableBufferPointer<Double>) throws

    /// Begins to replace gradients by their sums; ``finishSums()`` waits for all that were begun.
    /// - Throws: ``TrainingError`` if a process is gone.
    func beginSum(_ values: UnsafeMutableBufferPointer<Float>) throws
    func finishSums() throws

    /// Waits until all have come here.
    /// - Throws: ``TrainingError`` if a process is gone.
    func barrier() throws

    /// Leaves, when all do; nothing may be asked for afterwards.
    /// - Throws: ``TrainingError`` if a process is gone.
    func end() throws

    /// Ends all processes because this one cannot go on: the others would wait for it for ever. Returns
    /// where this is the only one, or if the others cannot be told.
    func abort()
}

/// One process.
public final class SoloGroup: TrainingGroup {
    public let rank = 0
    public let size = 1

    public init() {}

    public func sum(_ values: UnsafeMutableBufferPointer<Double>) {}
    public func beginSum(_ values: UnsafeMutableBufferPointer<Float>) {}
    public func finishSums() {}
    public func barrier() {}
    public func end() {}
    public func abort() {}
}
