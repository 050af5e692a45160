// SPDX-License-Identifier: Apache-2.0

import RetortClient
import RetortJSON

extension BatchFile {
    /// What a file of results brought.
    public struct Import: Sendable, Equatable {
        /// A line that brought nothing, and why.
        public struct LineError: Sendable, Equatable {
            /// From 1.
            public var line: Int
            public var reason: String
        }

        /// New answers.
        public var answered = 0
        /// Answers that were there already.
        public var known = 0
        /// Requests that cannot be answered.
        public var failed = 0
        /// Requests that may be sent again.
        public var freed = 0
        /// Lines that are damaged or of other requests.
        public var errors: [LineError] = []
    }

    /// Takes the lines of a result file into the cache; again changes nothing.
    /// - Throws: ``DistillationError`` if the file cannot be read or the cache fails. What is wrong
    ///   with single lines is in the result.
    public func read(path: String) async throws(DistillationError) -> Import {
        let reader = try RecordReader(path: path)
        var result = Import()
        while let bytes = try reader.next() {
            switch Self.outcome(Array(bytes)) {
            case .failure(let problem):
                result.errors.append(.init(line: reader.number, reason: problem.reason))
            case .success(let line):
                let effect = try await cache.take(line, budget.prices)
                switch effect {
                case .answered: result.answered += 1
                case .known: result.known += 1
                case .failed: result.failed += 1
                case .freed: result.freed += 1
                case .unknown:
                    result.errors.append(
                        .init(
                            line: reader.number,
                            reason: "'custom_id' is of no request of this cache"))
                }
            }
        }
        return result
    }

    /// A result that could be read.
    struct Line: Sendable {
        let hash: String
        let outcome: Result<ChatCompletion, ClientError>
    }

    struct Problem: Error {
        let reason: String
    }

    /// Reads one line.
    static func outcome(_ bytes: [UInt8]) -> Result<Line, Problem> {
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONValue(
                parsing: bytes, options: .init(allowsNonFiniteNumbers: true, maximumDepth: 64))
        } catch {
            return .failure(Problem(reason: error.description))
        }
        guard let hash = json["custom_id"]?.stringValue, hash.utf8.count == 64 else {
            return .failure(Problem(reason: "'custom_id' is no request's hash"))
        }
        if let error = json["error"], !error.isNull {
            // The batch expired or was cancelled before this request's turn.
            let code = error["code"]?.stringValue ?? ""
            let reason = code == "batch_expired" ? "the batch expired" : "the batch failed"
            return .success(Line(hash: hash, outcome: .failure(ClientError(.unavailable, reason))))
        }
        guard let response = json["response"], response.objectValue != nil,
            let status = response["status_code"]?.intValue
        else {
            return .failure(Problem(reason: "'response.status_code' is missing"))
        }
        let body = response["body"] ?? .null
        guard status == 200 else {
            let error = ClientError.refusal(status: status, fault: body["error"] ?? body)
            return .success(Line(hash: hash, outcome: .failure(error)))
        }
        do throws(ClientError) {
            let completion = try ChatCompletion(parsing: Array(body.text().utf8))
            return .success(Line(hash: hash, outcome: .success(completion)))
        } catch {
            return .failure(Problem(reason: error.description))
        }
    }
}
