// SPDX-License-Identifier: Apache-2.0

import RetortClient
import RetortJSON
import RetortTraining

/// The section `distill.teacher` of a recipe: who is asked.
public struct TeacherSettings: Sendable {
    public enum Place: Sendable, Equatable {
        /// A GGUF file or a Hugging Face directory, run in this process.
        case local(path: String)
        /// An OpenAI-compatible API, and the model's name there.
        case endpoint(url: String, model: String)
    }

    public var place: Place
    /// Where the endpoint's key is.
    public var keyVariable: String?
    public var keyFile: String?
    public var limits = RateLimits()
    public var streams = true
    public var licence = LicenceVerdict.unknown

    /// - Throws: `TrainingError` for a key that is missing, unknown or out of range.
    public init(_ json: JSONValue) throws(TrainingError) {
        let fields = try RecipeFields(json, place: "distill.teacher")
        let model = try fields.string("model")
        let endpoint = try fields.string("endpoint")
        let name = try fields.string("name")
        switch (model, endpoint) {
        case (let path?, nil):
            guard name == nil else {
                throw fields.fail("name", "is for an 'endpoint'; a local model has its path")
            }
            place = .local(path: path)
        case (nil, let url?):
            guard let name else {
                throw fields.fail("name", "is missing: what the endpoint calls the model")
            }
            place = .endpoint(url: url, model: name)
        default:
            throw fields.fail(
                "model", "or 'endpoint': exactly one of them must say who the teacher is")
        }
        keyVariable = try fields.string("api_key_env")
        keyFile = try fields.string("api_key_file")
        guard keyVariable == nil || keyFile == nil else {
            throw fields.fail("api_key_env", "and 'api_key_file' exclude each other")
        }
        limits.requestsPerMinute = try fields.integer("requests_per_minute", in: 1...Int.max)
        limits.tokensPerMinute = try fields.integer("tokens_per_minute", in: 1...Int.max)
        limits.maximumConcurrency =
            try fields.integer("concurrency", in: 1...4096) ?? limits.maximumConcurrency
        streams = try fields.flag("stream") ?? streams
        let licence = try fields.fields("licence")
        if let verdict = try licence.string("verdict") {
            self.licence = LicenceVerdict(
                verdict, identifier: try licence.string("identifier") ?? "unknown",
                note: try licence.string("note"))
        }
        try licence.finish()
        try fields.finish()
    }

    /// How to talk to the endpoint.
    /// - Throws: `ClientError` if the address is none or there is no key.
    func client(_ url: String) throws(ClientError) -> ChatClientConfiguration {
        var key: APIKey?
        if let keyVariable { key = try APIKey(environmentVariable: keyVariable) }
        if let keyFile { key = try APIKey(file: keyFile) }
        return ChatClientConfiguration(
            endpoint: try ChatEndpoint(parsing: url), key: key, limits: limits, streams: streams)
    }
}
