// SPDX-License-Identifier: Apache-2.0

import RetortEngine

/// Prometheus' text format 0.0.4. What vLLM counts has vLLM's names, so that its dashboards work.
enum PrometheusText {
    static func text(_ values: ServerMetrics.Values, _ models: [(String, EngineStatistics)])
        -> String
    {
        var writer = Writer()
        func each(
            _ name: String, _ kind: String, _ help: String,
            _ value: (EngineStatistics) -> Double
        ) {
            writer.family(name, kind, help)
            for (model, statistics) in models {
                writer.sample(name, [("model_name", model)], value(statistics))
            }
        }
        each("vllm:num_requests_running", "gauge", "Requests that are computed.") {
            Double($0.running)
        }
        each("vllm:num_requests_waiting", "gauge", "Requests that wait for a place.") {
            Double($0.waiting)
        }
        each("vllm:kv_cache_usage_perc", "gauge", "Share of the cache in use, 0 to 1.") {
            $0.pages > 0 ? 1 - Double($0.freePages + $0.keptPages) / Double($0.pages) : 0
        }
        each("vllm:prompt_tokens_total", "counter", "Tokens of prompts.") {
            Double($0.promptTokens)
        }
        each("vllm:generation_tokens_total", "counter", "Tokens generated.") {
            Double($0.generatedTokens)
        }
        each("vllm:prefix_cache_queries_total", "counter", "Tokens looked up in the prefix cache.")
        {
            Double($0.promptTokens)
        }
        each("vllm:prefix_cache_hits_total", "counter", "Tokens found in the prefix cache.") {
            Double($0.cachedTokens)
        }
        each("vllm:num_preemptions_total", "counter", "Requests that lost their place.") {
            Double($0.preemptions)
        }
        each("retort:passes_total", "counter", "Passes that generated.") { Double($0.passes) }
        each("retort:sequences_in_passes_total", "counter", "Sequences of all passes.") {
            Double($0.sequencesInPasses)
        }
        each("retort:refusals_total", "counter", "Requests that were not taken.") {
            Double($0.refusals)
        }
        each("retort:failures_total", "counter", "Requests that failed.") { Double($0.failures) }
        writer.family("vllm:request_success_total", "counter", "Answers by how they ended.")
        for (reason, count) in values.finished.sorted(by: { $0.key < $1.key }) {
            writer.sample(
                "vllm:request_success_total", [("finished_reason", reason)], Double(count))
        }
        writer.family("retort:http_responses_total", "counter", "Responses by status.")
        for (status, count) in values.responses.sorted(by: { $0.key < $1.key }) {
            writer.sample("retort:http_responses_total", [("status", "\(status)")], Double(count))
        }
        writer.histogram(
            "retort_queue_wait_seconds", "Time from acceptance until first computed.",
            values.queueWait)
        writer.histogram(
            "vllm:time_to_first_token_seconds", "Time until the first token.", values.firstToken)
        writer.histogram(
            "vllm:inter_token_latency_seconds", "Time between tokens.", values.betweenTokens)
        writer.histogram(
            "vllm:e2e_request_latency_seconds", "Time of whole answers.", values.request)
        return writer.text
    }

    private struct Writer {
        var text = ""

        mutating func family(_ name: String, _ kind: String, _ help: String) {
            text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
        }

        mutating func sample(_ name: String, _ labels: [(String, String)], _ value: Double) {
            let list = labels.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }.joined(separator: ",")
            text += "\(name)\(list.isEmpty ? "" : "{\(list)}") \(value)\n"
        }

        mutating func histogram(_ name: String, _ help: String, _ histogram: Histogram) {
            family(name, "histogram", help)
            var count = 0
            for (bound, bucket) in zip(histogram.bounds, histogram.counts) {
                count += bucket
                sample("\(name)_bucket", [("le", "\(bound)")], Double(count))
            }
            sample("\(name)_bucket", [("le", "+Inf")], Double(histogram.total))
            sample("\(name)_sum", [], histogram.sum)
            sample("\(name)_count", [], Double(histogram.total))
        }

        private static func escaped(_ text: String) -> String {
            var result = ""
            for character in text.unicodeScalars {
                switch character {
                case "\\": result += "\\\\"
                case "\"": result += "\\\""
                case "\n": result += "\\n"
                default: result.unicodeScalars.append(character)
                }
            }
            return result
        }
    }
}
