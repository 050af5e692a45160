// SPDX-License-Identifier: Apache-2.0
/**
 * An answer in the making, followed over reloads and lost connections. What it has so far are its
 * fields; `change` says that they are new, `end` that no more will come.
 */

import { ApiError } from "./api.js";

/**
 * @typedef {{completion_tokens: number, reasoning_tokens: number, reasoning_seconds: number, tokens_per_second: number,
 *   context_used: number}} Progress
 */
/** @typedef {"waiting"|"queued"|"loading"|"prefill"|"reasoning"|"content"|"ended"} Phase */

const LONGEST_WAIT = 5000;

export class Run extends EventTarget {
  /** @param {import("./api.js").Api} api @param {string} id @param {import("./types.js").Message} message as it was at the beginning */
  constructor(api, id, message) {
    super();
    this.api = api;
    this.id = id;
    this.messageId = message.id;
    this.reasoning = message.reasoning ?? "";
    this.content = message.content;
    /** @type {Phase} */
    this.phase = "waiting";
    /** The place in the queue. @type {number|null} */
    this.position = null;
    /** @type {{done: number, total: number}|null} */
    this.loading = null;
    /** @type {{done: number, total: number, cached: number, seconds: number}|null} */
    this.prefill = null;
    /** @type {Progress|null} */
    this.progress = null;
    /** When the thought began, by this page's clock. */
    this.reasoningSince = 0;
    /** How long it took, once it has ended. @type {number|null} */
    this.reasoningSeconds = null;
    /** Whether the connection is lost and being made again. */
    this.lost = false;
    /** The message at the end. @type {import("./types.js").Message|null} */
    this.result = null;
    this.revision = 0;
    /** Why following it failed, which is not why the answer did. @type {Error|null} */
    this.failure = null;
    this.lastEvent = 0;
    this.controller = new AbortController();
  }

  /** Seconds of thinking so far. */
  get thinkingSeconds() {
    if (this.reasoningSeconds !== null) return this.reasoningSeconds;
    return this.reasoningSince === 0 ? 0 : (performance.now() - this.reasoningSince) / 1000;
  }

  get ended() {
    return this.phase === "ended";
  }

  /** No longer listens; the server goes on. */
  leave() {
    this.controller.abort();
  }

  /** Listens until the run ends or is left. */
  async follow() {
    let wait = 500;
    while (!this.controller.signal.aborted && !this.ended) {
      try {
        for await (const event of this.api.events(this.id, this.lastEvent, this.controller.signal)) {
          if (this.controller.signal.aborted) return;
          wait = 500;
          this.lost = false;
          this.take(event);
        }
      } catch (error) {
        if (this.controller.signal.aborted) return;
        // The run is gone, or this page may not see it: the message says how it ended.
        if (error instanceof ApiError && error.status >= 400 && error.status < 500) {
          this.failure = error;
          this.finish();
          return;
        }
      }
      if (this.ended) return;
      this.lost = true;
      this.changed();
      await new Promise((resume) => setTimeout(resume, wait));
      wait = Math.min(LONGEST_WAIT, wait * 2);
    }
  }

  /** @param {{id: number, event: string, data: any}} event */
  take({ id, event, data }) {
    if (id > 0) this.lastEvent = id;
    switch (event) {
      case "started":
        this.reasoning = data.base.reasoning;
        this.content = data.base.content;
        break;
      case "queued":
        this.phase = "queued";
        this.position = data.position;
        break;
      case "loading":
        this.phase = "loading";
        this.loading = data;
        break;
      case "prefill":
        this.phase = "prefill";
        this.prefill = data;
        break;
      case "reasoning":
        if (this.reasoningSince === 0) this.reasoningSince = performance.now();
        this.phase = "reasoning";
        this.reasoning += data.text;
        break;
      case "reasoning_end":
        this.reasoningSeconds = data.seconds;
        this.phase = "content";
        break;
      case "content":
        this.phase = "content";
        this.content += data.text;
        break;
      case "progress":
        this.progress = data;
        // After a reload this page did not see the thought begin.
        if (this.phase === "reasoning" && data.reasoning_seconds > this.thinkingSeconds + 1) {
          this.reasoningSince = performance.now() - data.reasoning_seconds * 1000;
        }
        break;
      case "done":
      case "error":
        this.result = data.message;
        this.revision = data.revision;
        this.finish();
        return;
    }
    this.changed();
  }

  changed() {
    this.dispatchEvent(new Event("change"));
  }

  finish() {
    this.phase = "ended";
    this.changed();
    this.dispatchEvent(new Event("end"));
  }
}
