// SPDX-License-Identifier: Apache-2.0
//
// Runs the built `retort` as a user would: another process, its output and its exit code.

import Foundation
import TestSupport

/// What a run of the command gave.
struct CommandRun {
    let status: Int32
    let output: String
    let errors: String

    /// Whether it failed as promised: exit code 1 and one line that says why.
    var isOneLineError: Bool {
        status == 1 && output.isEmpty && errors.hasPrefix("retort: ") && errors.hasSuffix("\n")
            && errors.dropLast().allSatisfy { $0 != "\n" }
    }

    /// The executable that the build put beside the tests.
    static var executable: URL {
        URL(fileURLWithPath: ProcessInfo.processInfo.arguments[0])
            .resolvingSymlinksInPath().deletingLastPathComponent().appendingPathComponent("retort")
    }

    /// - Parameter environment: Added to a clean one, whose home is an empty folder.
    init(
        _ arguments: [String], input: [UInt8] = [], environment: [String: String] = [:]
    ) throws {
        let folder = try TemporaryFolder()
        let process = Process()
        process.executableURL = Self.executable
        process.arguments = arguments
        process.environment = Self.environment(home: folder.url.path).merging(environment) { $1 }
        // Files, not pipes: nothing can fill up and block.
        let (outputURL, errorURL) = (folder.path("out"), folder.path("err"))
        let inputPath = folder.path("in")
        _ = FileManager.default.createFile(atPath: inputPath, contents: Data(input))
        _ = FileManager.default.createFile(atPath: outputURL, contents: nil)
        _ = FileManager.default.createFile(atPath: errorURL, contents: nil)
        process.standardInput = FileHandle(forReadingAtPath: inputPath)
        process.standardOutput = FileHandle(forWritingAtPath: outputURL)
        process.standardError = FileHandle(forWritingAtPath: errorURL)
        try process.run()
        process.waitUntilExit()
        status = process.terminationReason == .exit ? process.terminationStatus : -1
        output = try String(contentsOfFile: outputURL, encoding: .utf8)
        errors = try String(contentsOfFile: errorURL, encoding: .utf8)
    }

    static func environment(home: String) -> [String: String] {
        [
            "HOME": home, "RETORT_HOME": home + "/retort", "PATH": "/usr/bin:/bin",
            "LC_ALL": "C.UTF-8",
        ]
    }
}
