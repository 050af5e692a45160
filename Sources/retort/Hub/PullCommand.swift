// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import RetortHub
import RetortJSON

struct PullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Download a model into the store, or what is missing of it.",
        discussion: """
            A repository with safetensors becomes a Hugging Face directory; of one that has only \
            GGUF files, the one named is taken, else Q8_0, else BF16 or F16. Every file is checked \
            against its checksum, and an interrupted pull goes on where it was.

            HF_TOKEN is sent to the hub for gated and private models, HF_ENDPOINT names another \
            hub, HF_HUB_OFFLINE=1 forbids the network. Models lie in $RETORT_HOME/models, by \
            default ~/.local/share/retort/models.
            """)

    @Argument(help: "OWNER/NAME, OWNER/NAME:FILE or OWNER/NAME:QUANTISATION, such as :Q8_0.")
    var model: String

    @Option(help: "A branch, tag or commit; by default main.")
    var revision: String?

    @Flag(help: "Print one JSON object when done.")
    var json = false

    func validate() throws { _ = try name() }

    func run() async throws {
        let name = try name()
        let store = try ModelStore.standard()
        let configuration = try HubConfiguration.standard()
        let display = PullDisplay()
        let pull = Task {
            try await HubClient.withClient(configuration) { hub throws(HubError) in
                try await store.pull(name, from: hub, onEvent: { display.show($0) })
            }
        }
        let interruption = Interruption { pull.cancel() }
        defer { interruption.end() }
        let model: StoredModel
        do {
            model = try await pull.value
        } catch let error as HubError where error.kind == .cancelled {
            display.end("interrupted; the same command goes on from here")
            throw ExitCode(130)
        } catch {
            display.end(nil)
            throw error
        }
        display.end(json ? nil : "done")
        if json {
            print(JSONValue.object(model.jsonObject).text())
        } else {
            print(model.location.path)
        }
    }

    private func name() throws -> ModelName {
        do {
            var name = try ModelName(parsing: model)
            guard let revision else { return name }
            guard name.revision == nil || name.revision == revision else {
                throw ValidationError("MODEL names a revision and --revision another.")
            }
            name.revision = try ModelName.validRevision(revision)
            return name
        } catch let error as HubError {
            throw ValidationError(error.description)
        }
    }
}
