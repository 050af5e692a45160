// SPDX-License-Identifier: Apache-2.0
//
// The router answers 404 for a method that a path does not know. What it should say is told from
// its list of routes.

import HTTPTypes
import Hummingbird
import RetortJSON
import Synchronization

/// The methods of each path.
final class RouteTable: Sendable {
    private struct Route {
        let segments: [Substring]
        let method: HTTPRequest.Method
    }

    private let routes = Mutex<[Route]>([])

    func fill(_ descriptions: [Router<ServerContext>.RouteDescription]) {
        let list = descriptions.map {
            Route(segments: $0.path.description.split(separator: "/"), method: $0.method)
        }
        routes.withLock { $0 = list }
    }

    /// The methods that a path knows, in a fixed order.
    func methods(for path: String) -> [String] {
        let parts = path.split(separator: "/")
        var names = Set<String>()
        for route in routes.withLock({ $0 }) where Self.matches(route.segments, parts) {
            names.insert(route.method.rawValue)
        }
        guard !names.isEmpty else { return [] }
        if names.contains("GET") { names.insert("HEAD") }
        names.insert("OPTIONS")
        return names.sorted()
    }

    /// What a request gets for which there is no route: 404, 405, or the methods for OPTIONS.
    func missing(_ method: HTTPRequest.Method, _ path: String) -> APIError {
        let methods = methods(for: path)
        guard !methods.isEmpty else {
            return .notFound("there is nothing at \(path); GET /openapi.json describes the API")
        }
        var error =
            method == .options
            ? APIError(.noContent, "")
            : APIError(
                .methodNotAllowed,
                "\(method.rawValue) is not a method of \(path), expected \(methods.joined(separator: ", "))",
                code: "method_not_allowed")
        error.allow = methods
        return error
    }

    private static func matches(_ pattern: [Substring], _ parts: [Substring]) -> Bool {
        for (index, segment) in pattern.enumerated() {
            if segment == "**" { return parts.count > index }
            guard index < parts.count else { return false }
            guard segment == parts[index] || segment.hasPrefix("{") || segment.hasPrefix(":") else {
                return false
            }
        }
        return pattern.count == parts.count
    }
}
