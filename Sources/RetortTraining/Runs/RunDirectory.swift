// SPDX-License-Identifier: Apache-2.0
//
// What a run leaves on the disk:
//
//     OUTPUT/run.json                  what does not change: sizes, operations, price
//     OUTPUT/metrics.jsonl             a line for each step
//     OUTPUT/report.html, report.svg   curves and key figures, as of the newest checkpoint
//     OUTPUT/checkpoints/step-000500   Hugging Face directory and the state of training
//     OUTPUT/checkpoints/best          a link to the best of them
//     OUTPUT/model                     the finished model
//
// A checkpoint is written under another name and renamed when all of it is on the disk, so that one
// that has its name is whole whatever happened to the process.

import Foundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The directory of a run.
struct RunDirectory {
    let path: String

    var checkpoints: String { "\(path)/checkpoints" }
    var metrics: String { "\(path)/metrics.jsonl" }
    var model: String { "\(path)/model" }
    private var best: String { "\(checkpoints)/best" }

    /// - Throws: ``TrainingError`` if it cannot be made.
    init(_ path: String) throws {
        self.path = path
        do {
            try FileManager.default.createDirectory(
                atPath: "\(path)/checkpoints", withIntermediateDirectories: true)
        } catch {
            throw TrainingError(
                "cannot make the directory \(path): \(error.localizedDescription)")
        }
    }

    /// The steps that there are whole checkpoints of, ascending.
    var steps: [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: checkpoints)) ?? []
        return names.compactMap { name in
            guard name.hasPrefix("step-") else { return nil }
            return Int(name.dropFirst(5))
        }.sorted()
    }

    /// The newest checkpoint to go on from; nil for a run that begins.
    /// - Throws: ``TrainingError`` if there is a run that was not to be gone on with.
    func newest(resume: Bool) throws(TrainingError) -> String? {
        let steps = steps
        guard resume || steps.isEmpty else {
            throw TrainingError(
                "\(path) holds the checkpoints of a run; go on with --resume or choose another output"
            )
        }
        return steps.last.map { checkpoint($0) }
    }

    func checkpoint(_ step: Int) -> String {
        let digits = String(step)
        return "\(checkpoints)/step-"
            + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }

    /// Makes a checkpoint: `write` fills a directory of another name, which then gets its own.
    /// - Throws: What `write` throws; ``TrainingError`` if the directory cannot be made or renamed.
    ///   Nothing is left of it then.
    func write(step: Int, _ write: (String) throws -> Void) throws {
        let target = checkpoint(step)
        try replace(target, write)
    }

    /// Fills a directory under another name and puts it in the place of `target`.
    func replace(_ target: String, _ write: (String) throws -> Void) throws {
        let manager = FileManager.default
        let partial = "\(target).\(getpid()).partial"
        try? manager.removeItem(atPath: partial)
        do {
            try manager.createDirectory(atPath: partial, withIntermediateDirectories: false)
            try write(partial)
            try Self.synchronize(partial)
            // A directory can only be renamed onto an empty one.
            if manager.fileExists(atPath: target) {
                let old = "\(target).\(getpid()).old"
                try? manager.removeItem(atPath: old)
                try manager.moveItem(atPath: target, toPath: old)
                defer { try? manager.removeItem(atPath: old) }
                try manager.moveItem(atPath: partial, toPath: target)
            } else {
                try manager.moveItem(atPath: partial, toPath: target)
            }
            try Self.synchronize((target as NSString).deletingLastPathComponent)
        } catch {
            try? manager.removeItem(atPath: partial)
            if error is CocoaError {
                throw TrainingError("cannot write \(target): \(error.localizedDescription)")
            }
            throw error
        }
    }

    /// Waits until a directory's entries are on the disk.
    private static func synchronize(_ directory: String) throws {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw TrainingError(
                "cannot open \(directory): \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        // Some file systems cannot do it for directories, and say so.
        guard fsync(descriptor) == 0 || errno == EINVAL else {
            throw TrainingError(
                "cannot write \(directory): \(String(cString: strerror(errno)))")
        }
    }

    /// Points `best` to a checkpoint, at once.
    func markBest(_ step: Int) throws {
        let partial = "\(best).\(getpid()).partial"
        unlink(partial)
        let name = (checkpoint(step) as NSString).lastPathComponent
        guard symlink(name, partial) == 0, rename(partial, best) == 0 else {
            throw TrainingError("cannot write \(best): \(String(cString: strerror(errno)))")
        }
    }

    /// Removes all checkpoints but the newest and the best, and what was left half-written.
    func prune(keeping count: Int, best: Int?) {
        let manager = FileManager.default
        for step in steps.dropLast(count) where step != best {
            try? manager.removeItem(atPath: checkpoint(step))
        }
        let names = (try? manager.contentsOfDirectory(atPath: checkpoints)) ?? []
        for name in names where name.hasSuffix(".partial") || name.hasSuffix(".old") {
            try? manager.removeItem(atPath: "\(checkpoints)/\(name)")
        }
    }
}
