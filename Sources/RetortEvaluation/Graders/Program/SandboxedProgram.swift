// SPDX-License-Identifier: Apache-2.0
//
// Programs that look at what a model wrote may run it. They get limits of memory and time, no network,
// none of this process's environment, and namespaces that take all that they started down with them.
// They can read and write files as this user can.

import Foundation
import Subprocess

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// A program with limits.
public struct SandboxedProgram: Sendable {
    /// The program and its arguments.
    public var command: [String]
    /// Of the wall clock.
    public var timeLimit: Duration
    /// Of the processor, for each process.
    public var processorSeconds: Int
    /// Of address space, for each process.
    public var memoryBytes: Int
    public var outputBytes: Int
    /// Lets the program use the network, and run where there is no sandbox.
    public var allowsNetwork: Bool

    /// - Throws: ``EvaluationError`` if there is no program or a limit is out of its range.
    public init(
        command: [String], timeLimit: Duration = .seconds(10), processorSeconds: Int = 10,
        memoryBytes: Int = 1 << 30, outputBytes: Int = 1 << 16, allowsNetwork: Bool = false
    ) throws(EvaluationError) {
        guard let program = command.first, !program.isEmpty,
            !command.contains(where: { $0.utf8.contains(0) })
        else { throw EvaluationError("'command' is empty; expected a program and its arguments") }
        guard timeLimit > .zero, timeLimit <= .seconds(3600), (1...3600).contains(processorSeconds),
            (1 << 20...1 << 40).contains(memoryBytes), (1...1 << 26).contains(outputBytes)
        else {
            throw EvaluationError(
                "a limit of the grading program \(program) is out of its range: times of 1 to 3600 seconds, memory of 1 MiB to 1 TiB, output of up to 64 MiB"
            )
        }
        self.command = command
        self.timeLimit = timeLimit
        self.processorSeconds = processorSeconds
        self.memoryBytes = memoryBytes
        self.outputBytes = outputBytes
        self.allowsNetwork = allowsNetwork
    }

    enum End: Sendable {
        case exited(Int32, [UInt8])
        case signalled
        /// Of time or output.
        case overLimit
    }

    /// Runs the program once.
    /// - Throws: ``EvaluationError`` if it cannot be started, or not safely.
    func run(input: [UInt8]) async throws(EvaluationError) -> End {
        let isSandboxed = await Sandbox.isAvailable
        guard isSandboxed || allowsNetwork else {
            throw EvaluationError(
                "the grading program \(command[0]) would run without a sandbox: 'prlimit' and 'unshare' of util-linux with user namespaces are not to be had here; allow it with \"network\": true if you trust it with this machine"
            )
        }
        let arguments = isSandboxed ? Sandbox.arguments(self) : command
        do {
            return try await Self.run(
                arguments, input: input, timeLimit: timeLimit, outputBytes: outputBytes)
        } catch let error as SubprocessError where error.code == .outputLimitExceeded {
            return .overLimit
        } catch is CancellationError {
            throw EvaluationError("the grading program \(command[0]) was stopped")
        } catch {
            throw EvaluationError("the grading program \(command[0]) cannot be run: \(error)")
        }
    }

    /// What a program sees of the environment: keys to services are kept there.
    private static let environment = Environment.custom([
        "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8",
    ])

    /// A file without a name that holds the input: writing into the pipe of a program that does not
    /// read would end this process (SIGPIPE).
    private static func file(of input: [UInt8]) throws(EvaluationError) -> FileDescriptor {
        var path = Array(
            (FileManager.default.temporaryDirectory.path + "/retort-XXXXXX").utf8CString)
        let descriptor = mkstemp(&path)
        guard descriptor >= 0 else {
            throw EvaluationError(
                "cannot make a temporary file: \(String(cString: strerror(errno)))")
        }
        unlink(path)
        var rest = input[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else {
                close(descriptor)
                throw EvaluationError(
                    "cannot write a temporary file: \(String(cString: strerror(errno)))")
            }
            rest = rest.dropFirst(written)
        }
        lseek(descriptor, 0, SEEK_SET)
        return FileDescriptor(rawValue: descriptor)
    }

    static func run(
        _ arguments: [String], input: [UInt8], timeLimit: Duration, outputBytes: Int
    ) async throws -> End {
        var options = PlatformOptions()
        // A group of its own, which is killed as one.
        options.processGroupID = 0
        options.teardownSequence = [
            .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .zero)
        ]
        // By way of env, which finds names and paths alike.
        let configuration = Configuration(
            executable: .name("env"), arguments: Arguments(["--"] + arguments),
            environment: environment, platformOptions: options)
        return try await withThrowingTaskGroup(of: End?.self) { group in
            group.addTask {
                let result = try await Subprocess.run(
                    configuration,
                    input: .fileDescriptor(
                        try Self.file(of: input), closeAfterSpawningProcess: true),
                    output: .bytes(limit: outputBytes), error: .discarded)
                // What it left behind in its group; there is none where namespaces took it along.
                _ = kill(-result.processIdentifier.value, SIGKILL)
                switch result.terminationStatus {
                case .exited(let status) where status > 128: return .signalled
                case .exited(let status): return .exited(status, result.standardOutput)
                case .signaled: return .signalled
                }
            }
            group.addTask {
                try await Task.sleep(for: timeLimit)
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { return .overLimit }
            return first ?? .overLimit
        }
    }
}
