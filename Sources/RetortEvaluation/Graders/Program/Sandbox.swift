// SPDX-License-Identifier: Apache-2.0

/// The limits and namespaces of util-linux.
enum Sandbox {
    /// Whether this machine has them, found out once.
    static var isAvailable: Bool { get async { await probe.value } }

    private static let probe = Task<Bool, Never> {
        #if os(Linux)
            guard let program = try? SandboxedProgram(command: ["true"]) else { return false }
            let end = try? await SandboxedProgram.run(
                arguments(program), input: [], timeLimit: .seconds(10), outputBytes: 1024)
            if case .exited(0, _) = end { return true }
        #endif
        return false
    }

    /// The command that runs a program within its limits.
    static func arguments(_ program: SandboxedProgram) -> [String] {
        let limits = [
            "prlimit", "--as=\(program.memoryBytes)", "--cpu=\(program.processorSeconds)",
            "--core=0", "--",
        ]
        // The process that the namespace begins with takes all others in it along when it ends.
        let namespaces =
            ["unshare", "--user", "--map-current-user", "--pid", "--fork", "--kill-child=KILL"]
            + (program.allowsNetwork ? [] : ["--net"]) + ["--"]
        // The first process of a namespace does not get all signals: that is a shell, which passes the
        // status on, above 128 for a signal.
        let shell = ["/bin/sh", "-c", "\"$@\"; exit $?", "sh"]
        return limits + namespaces + shell + program.command
    }
}
