// SPDX-License-Identifier: Apache-2.0
/** What an answer cost: tokens, speed, time and energy. */

import { h } from "../dom.js";
import { count, duration, energy, money, plural, speed } from "../format.js";

/** One line. @param {import("../types.js").Message} message */
export function shortFacts(message) {
  const parts = [];
  if (message.usage) parts.push(plural(message.usage.completion_tokens, "token"));
  if (message.timings && message.timings.tokens_per_second > 0) parts.push(speed(message.timings.tokens_per_second));
  if (message.timings) parts.push(duration(message.timings.prompt_seconds + message.timings.decode_seconds));
  if (message.cost?.price != null) parts.push(money(message.cost.price, message.cost.currency));
  return parts.join(" · ");
}

/** While it is written. @param {import("../run.js").Progress} progress */
export function liveFacts(progress) {
  return `${plural(progress.completion_tokens, "token")} · ${speed(progress.tokens_per_second)}`;
}

/** All of it. @param {import("../types.js").Message} message @param {string} model its name */
export function allFacts(message, model) {
  const list = h("dl", { class: "facts" });
  const add = (name, value) => list.append(h("div", {}, h("dt", {}, name), h("dd", {}, value)));
  const { usage, timings, cost } = message;
  add("Model", model);
  if (usage) {
    add(
      "Prompt",
      usage.cached_tokens > 0 ? `${plural(usage.prompt_tokens,
      "token")},
      ${count(usage.cached_tokens)} of them cached` : plural(usage.prompt_tokens, "token"),
    );
    if (usage.reasoning_tokens > 0) add("Thought", plural(usage.reasoning_tokens, "token"));
    add("Answer", plural(usage.completion_tokens - usage.reasoning_tokens, "token"));
  }
  if (timings) {
    add("Time to first token", duration(timings.time_to_first_token));
    if (timings.queue_seconds > 0.05) add("Waited in the queue", duration(timings.queue_seconds));
    if (timings.load_seconds > 0.05) add("Loaded the model", duration(timings.load_seconds));
    add("Reading", `${duration(timings.prompt_seconds)}, ${speed(timings.prompt_tokens_per_second)}`);
    add("Writing", `${duration(timings.decode_seconds)}, ${speed(timings.tokens_per_second)}`);
  }
  if (cost?.cpu_seconds != null) add("Processor time", duration(cost.cpu_seconds));
  if (cost?.energy_joules != null) add("Energy", energy(cost.energy_joules));
  if (cost?.price != null) add("Price", money(cost.price, cost.currency));
  return list;
}
