// SPDX-License-Identifier: Apache-2.0
//
// Runs the built `retort` on a terminal of its own, as a person at a keyboard would.

import Foundation
import TestSupport

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A process whose controlling terminal is a pseudo-terminal that the test types into and reads.
final class PseudoTerminal {
    struct Failure: Error, CustomStringConvertible { let description: String }

    /// POSIX_SPAWN_SETSID, which glibc's headers hide behind a macro.
    #if canImport(Glibc)
        private static let newSession: Int16 = 0x80
    #else
        private static let newSession: Int16 = 0x400
    #endif

    private let descriptor: Int32
    private let process: pid_t
    private var hasExited = false
    /// Everything that was shown and not yet taken by `expect`.
    private var unread = ""
    private var pendingBytes: [UInt8] = []

    init(_ arguments: [String], home: String, environment: [String: String] = [:]) throws {
        var (main, other) = (Int32(-1), Int32(-1))
        var name = [CChar](repeating: 0, count: 256)
        var size = winsize(ws_row: 24, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0)
        guard openpty(&main, &other, &name, nil, &size) == 0 else {
            throw Failure(description: "no pseudo-terminal, errno \(errno)")
        }
        descriptor = main
        // Open until the child has it, or the terminal would end before it began.
        defer { close(other) }
        let variables = CommandRun.environment(home: home)
            .merging(["TERM": "xterm"]) { $1 }.merging(environment) { $1 }
        process = try Self.spawn(
            [CommandRun.executable.path] + arguments, variables: variables,
            terminal: name, closing: [main, other])
    }

    /// A session leader that opens a terminal gets it as its controlling one, so that Ctrl-C raises
    /// SIGINT there and nowhere else.
    private static func spawn(
        _ arguments: [String], variables: [String: String], terminal: [CChar],
        closing: [Int32]
    ) throws -> pid_t {
        #if canImport(Glibc)
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
        #else
            var actions: posix_spawn_file_actions_t?
            var attributes: posix_spawnattr_t?
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawnattr_setflags(&attributes, Self.newSession)
        closing.forEach { _ = posix_spawn_file_actions_addclose(&actions, $0) }
        posix_spawn_file_actions_addopen(&actions, 0, terminal, O_RDWR, 0)
        posix_spawn_file_actions_adddup2(&actions, 0, 1)
        posix_spawn_file_actions_adddup2(&actions, 0, 2)
        var words = arguments.map { strdup($0) } + [nil]
        var environment = variables.map { strdup("\($0)=\($1)") } + [nil]
        defer { (words + environment).forEach { free($0) } }
        var process: pid_t = 0
        let status = posix_spawn(
            &process, arguments[0], &actions, &attributes, &words, &environment)
        guard status == 0 else { throw Failure(description: "posix_spawn gives \(status)") }
        return process
    }

    deinit {
        if !hasExited {
            kill(process, SIGKILL)
            var status: Int32 = 0
            waitpid(process, &status, 0)
        }
        close(descriptor)
    }

    /// Sends keys.
    func type(_ text: String) throws {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw Failure(description: "the terminal is closed") }
            bytes = bytes.dropFirst(count)
        }
    }

    /// Reads until `text` has been shown.
    /// - Returns: What came before it.
    @discardableResult
    func expect(_ text: String) throws -> String {
        while true {
            if let range = unread.range(of: text) {
                let before = String(unread[..<range.lowerBound])
                unread = String(unread[range.upperBound...])
                return before
            }
            guard read() else {
                throw Failure(
                    description: "\(text.debugDescription) is not in \(unread.debugDescription)")
            }
        }
    }

    /// Reads until the process ends.
    /// - Returns: What was shown, and the exit code (minus the signal where one killed it).
    func wait() -> (text: String, status: Int32) {
        while read() {}
        var status: Int32 = 0
        // A process that says nothing for so long hangs.
        if waitpid(process, &status, WNOHANG) == 0 {
            usleep(200_000)
            if waitpid(process, &status, WNOHANG) == 0 {
                kill(process, SIGKILL)
                waitpid(process, &status, 0)
            }
        }
        hasExited = true
        let signal = status & 0x7F
        return (unread, signal == 0 ? (status >> 8) & 0xFF : -signal)
    }

    /// - Returns: False when nobody has the terminal open any more, or nothing came for a minute.
    private func read() -> Bool {
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard Foundation.poll(&poll, 1, 60_000) > 0 else { return false }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let size = buffer.count
        let count = buffer.withUnsafeMutableBytes {
            Foundation.read(descriptor, $0.baseAddress, size)
        }
        guard count > 0 else { return false }
        // A character may be cut by the end of the buffer.
        pendingBytes += buffer[..<count]
        if let text = String(validating: pendingBytes, as: UTF8.self) {
            unread += text
            pendingBytes = []
        }
        return true
    }
}
