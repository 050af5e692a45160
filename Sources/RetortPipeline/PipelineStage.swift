// SPDX-License-Identifier: Apache-2.0

/// One command of a pipeline.
public struct PipelineStage: Sendable, Equatable {
    /// What must hold of a number that stages have written.
    public struct Expectation: Sendable, Equatable {
        /// A JSON file; of JSON lines the last counts.
        public var file: String
        /// A key, or several with points between them.
        public var key: String
        public var least: Double?
        public var most: Double?
        /// Whether the pipeline ends where it does not hold.
        public var isRequired = false

        /// Such as `0.9 ≤ pass_at_1`.
        public var text: String {
            let low = least.map { "\($0) ≤ " } ?? ""
            let high = most.map { " ≤ \($0)" } ?? ""
            return "\(low)\(key)\(high)"
        }

        public func holds(_ value: Double) -> Bool {
            value >= least ?? -.infinity && value <= most ?? .infinity
        }
    }

    /// Unique in the pipeline; also the log's name.
    public var name: String
    /// A subcommand of `retort` and its arguments.
    public var arguments: [String]
    /// The same with `{here}` and `{output}` left as they are: where a plan and its output lie does not
    /// change what is done.
    var pattern: [String] = []
    /// Files and directories that it makes: they are removed when it is run again from its beginning.
    public var makes: [String] = []
    /// Earlier stages that it needs beside those that make what its command names.
    public var after: [String] = []
    /// Whether `--resume` is given, so that it goes on where it was stopped.
    public var resumes = false
    /// Where what it prints is kept.
    public var output: String?
    public var expectations: [Expectation] = []
}
