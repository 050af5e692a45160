// SPDX-License-Identifier: Apache-2.0
//
// Exit codes: 0 done, 1 the work failed, 2 the command line was wrong, 130 interrupted. The
// parser's own code for a wrong command line would be 64. Where 1 is an answer, 2 is a failure too.

import ArgumentParser
import Foundation

@main
enum Main {
    static func main() async {
        do {
            var command = try Retort.parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            finish(error)
        }
    }

    private static func finish(_ error: any Error) -> Never {
        let code = Retort.exitCode(for: error)
        if code == .validationFailure || code == .success || error is ExitCode {
            // Usage errors, --help and --version: the parser's text, on stdout where it is wanted.
            let text = Retort.fullMessage(for: error)
            if !text.isEmpty {
                (code == .success ? FileHandle.standardOutput : .standardError)
                    .write(Data((text + "\n").utf8))
            }
            exit(code == .validationFailure ? 2 : code.rawValue)
        }
        FileHandle.standardError.write(Data("retort: \(error)\n".utf8))
        exit((error as? CommandError)?.status ?? 1)
    }
}
