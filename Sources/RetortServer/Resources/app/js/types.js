// SPDX-License-Identifier: Apache-2.0
/**
 * The shapes of the server's answers; docs/web-api.md explains them.
 *
 * @typedef {{model: string|null, system: string|null, temperature: number|null, top_p: number|null, top_k: number|null,
 *   min_p: number|null, max_tokens: number|null, seed: number|null, stop: string[], thinking: boolean|null,
 *   thinking_budget: number|null}} Settings
 * @typedef {{name: string, version: string, key_required: boolean, authenticated: boolean, user: string|null,
 *   default_model: string|null, operator: boolean, corpus: boolean}} Info
 * @typedef {{id: string, name: string, loaded: boolean, bytes: number|null, quantisation: string|null, parameters: number|null,
 *   context: number, memory_bytes: number|null, fits: boolean|null, thinking: boolean, thinking_optional: boolean,
 *   defaults: Partial<Settings>}} Model
 * @typedef {{id: string, title: string|null, pinned: boolean, created: number, updated: number, revision: number,
 *   messages: number, active_run: string|null, snippet: string|null}} Summary
 * @typedef {{prompt_tokens: number, cached_tokens: number, completion_tokens: number, reasoning_tokens: number}} Usage
 * @typedef {{queue_seconds: number, load_seconds: number, prompt_seconds: number, time_to_first_token: number,
 *   reasoning_seconds: number, decode_seconds: number, tokens_per_second: number, prompt_tokens_per_second: number}} Timings
 * @typedef {{cpu_seconds: number|null, energy_joules: number|null, price: number|null, currency: string|null}} Cost
 * @typedef {{id: string, parent: string|null, role: "user"|"assistant", content: string, reasoning: string|null,
 *   created: number, status: "streaming"|"complete"|"stopped"|"error", finish_reason: string|null,
 *   error: {message: string, code: string}|null, run: string|null, model: string|null, usage: Usage|null,
 *   timings: Timings|null, cost: Cost|null}} Message
 * @typedef {{path: string, file_offset: number, licence: string|null, length: number, sha256: string, offset: number}} TraceSource
 * @typedef {{offset: number, length: number, text: string, count: number, log_probability: number,
 *   sources: TraceSource[]}} TraceSpan `offset` and `length` are bytes of UTF-8
 * @typedef {{span_count: number, coverage: number, spans: TraceSpan[]}} Trace
 * @typedef {Summary & {settings: Settings, active_leaf: string|null, tree: Message[]}} Conversation
 */

/** @type {Settings} */
export const NO_SETTINGS = Object.freeze({
  model: null, system: null, temperature: null, top_p: null, top_k: null, min_p: null, max_tokens: null, seed: null, stop: [],
  thinking: null, thinking_budget: null,
});
