// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import RetortClient

/// Another server in place of a model in this process.
struct EndpointOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Ask an OpenAI-compatible API, such as http://localhost:8080/v1; MODEL is then its name there.",
            valueName: "url"))
    var endpoint: String?

    @Option(
        name: .customLong("api-key-env"),
        help: ArgumentHelp(
            "The environment variable with the endpoint's key.", valueName: "name"))
    var keyVariable: String?

    @Option(
        name: .customLong("api-key-file"),
        help: ArgumentHelp("A file that holds the endpoint's key.", valueName: "file"),
        completion: .file())
    var keyFile: String?

    func validate() throws {
        guard endpoint != nil || (keyVariable == nil && keyFile == nil) else {
            throw ValidationError("--api-key-env and --api-key-file are for an --endpoint.")
        }
        guard keyVariable == nil || keyFile == nil else {
            throw ValidationError("Give one of --api-key-env and --api-key-file.")
        }
    }

    /// How to talk to the endpoint; nil without one.
    /// - Throws: `ClientError` if the address is none or there is no key.
    func configuration(concurrency: Int) throws -> ChatClientConfiguration? {
        guard let endpoint else { return nil }
        var key: APIKey?
        if let keyVariable { key = try APIKey(environmentVariable: keyVariable) }
        if let keyFile { key = try APIKey(file: keyFile) }
        return ChatClientConfiguration(
            endpoint: try ChatEndpoint(parsing: endpoint), key: key,
            limits: RateLimits(maximumConcurrency: concurrency))
    }
}
