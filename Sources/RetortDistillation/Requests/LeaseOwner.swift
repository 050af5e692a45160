// SPDX-License-Identifier: Apache-2.0
//
// Who holds leases. A process that was killed cannot give them back, but one that begins on the same machine can
// see that it is gone, and need not wait for its leases to end.

import Foundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The name of a run's leases: `run:MACHINE:PROCESS:BEGAN:UNIQUE`.
struct LeaseOwner: Sendable, Equatable {
    static let prefix = "run:"

    private let machine: String
    private let process: Int32
    /// When the process began, as the kernel counts; numbers of processes are used again.
    private let began: String
    private let unique: String

    /// Of this process; each time another.
    init() {
        machine = Self.thisMachine
        process = getpid()
        began = Self.beginning(process) ?? "-"
        unique = UUID().uuidString
    }

    /// Nil for the name of something else, such as a batch.
    init?(name: String) {
        let parts = name.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 5, name.hasPrefix(Self.prefix), let process = Int32(parts[2]),
            process > 0
        else { return nil }
        (machine, self.process) = (String(parts[1]), process)
        (began, unique) = (String(parts[3]), String(parts[4]))
    }

    var name: String { "\(Self.prefix)\(machine):\(process):\(began):\(unique)" }

    /// Whether its process is known to be gone: only of processes of this machine can that be said.
    var isGone: Bool {
        guard machine == Self.thisMachine else { return false }
        if kill(process, 0) != 0, errno == ESRCH { return true }
        guard began != "-", let now = Self.beginning(process) else { return false }
        return now != began
    }

    /// This boot of this machine, and its numbering of processes: containers have their own.
    private static let thisMachine: String = {
        let boot = try? String(
            contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
        let space = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")
        let text = "\(ProcessInfo.processInfo.hostName) \(boot ?? "") \(space ?? "")"
        return text.map { $0.isLetter || $0.isNumber || $0 == "-" ? String($0) : "." }.joined()
    }()

    private static func beginning(_ process: Int32) -> String? {
        guard
            let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            // The name, in brackets, may have spaces.
            let end = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[end...].split(separator: " ")
        return fields.count > 20 ? String(fields[20]) : nil
    }
}
