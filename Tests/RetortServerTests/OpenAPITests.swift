// SPDX-License-Identifier: Apache-2.0

import HummingbirdTesting
import RetortJSON
import RetortServer
import Testing

@Suite struct OpenAPITests {
    @Test("the description names exactly the routes that there are")
    func routes() async throws {
        let backend = try ScriptedBackend(saying: ["a"])
        let server = RetortServer(
            configuration: .init(), provider: SingleModel(backend: backend))
        try await withServer(backend) { client in
            let document = try await client.get("/openapi.json").json()
            #expect(document.at("openapi") == "3.1.0")
            var described: Set<String> = []
            for path in document.at("paths").objectValue?.members ?? [] {
                for method in path.value.objectValue?.keys ?? [] {
                    described.insert("\(method.uppercased()) \(path.key)")
                }
            }
            #expect(described == Set(server.routeNames))
        }
    }

    @Test("the description names exactly the fields that the decoders ask for")
    func fields() async throws {
        let accepted = try RequestFields.accepted()
        try await withServer(try ScriptedBackend(saying: ["a"])) { client in
            let schemas = try await client.get("/openapi.json").json().at("components", "schemas")
            for (name, fields) in accepted {
                let described = schemas.at(name, "properties").objectValue?.keys ?? []
                #expect(Set(described) == fields, "\(name)")
            }
        }
    }

    @Test(
        "errors of Anthropic's paths are described in the shape they have",
        arguments: ["/v1/messages", "/v1/messages/count_tokens"])
    func messagesErrors(path: String) async throws {
        try await withServer(try ScriptedBackend(saying: ["a"])) { client in
            let document = try await client.get("/openapi.json").json()
            let responses = document.at("paths", path, "post", "responses").objectValue
            for response in responses?.members ?? [] where response.key != "200" {
                let reference = response.value.at("$ref").stringValue ?? ""
                #expect(reference.hasPrefix("#/components/responses/Messages"), "\(response.key)")
            }
            let described = document.at("components", "schemas", "MessagesError")
            let error = try await client.post(path, ["messages": 1]).json()
            let fields = described.at("properties").objectValue?.keys ?? []
            #expect(Set(error.objectValue?.keys ?? []) == Set(fields))
            let inner = described.at("properties", "error", "properties").objectValue?.keys ?? []
            #expect(Set(error.at("error").objectValue?.keys ?? []) == Set(inner))
        }
    }

    @Test("every reference leads somewhere and every operation has a name of its own")
    func references() async throws {
        try await withServer(try ScriptedBackend(saying: ["a"])) { client in
            let document = try await client.get("/openapi.json").json()
            var names: [String] = []
            func walk(_ value: JSONValue) {
                for item in value.arrayValue ?? [] { walk(item) }
                for member in value.objectValue?.members ?? [] {
                    if member.key == "$ref", let path = member.value.stringValue {
                        let target = path.dropFirst(2).split(separator: "/").reduce(document) {
                            $0[String($1)] ?? .null
                        }
                        #expect(target != .null, "\(path)")
                    }
                    if member.key == "operationId", let name = member.value.stringValue {
                        names.append(name)
                    }
                    walk(member.value)
                }
            }
            walk(document)
            #expect(Set(names).count == names.count)
        }
    }
}
