// SPDX-License-Identifier: Apache-2.0
/** Requests to the server; see docs/web-api.md. */

import { EventParser } from "./sse.js";
import { storage } from "./storage.js";

const KEY = "retort.key";

/** What the server, or the way to it, answered instead. `status` is 0 where there was no answer. */
export class ApiError extends Error {
  /** @param {number} status @param {string} code @param {string} message @param {string|null} param */
  constructor(status, code, message, param = null) {
    super(message);
    this.status = status;
    this.code = code;
    this.param = param;
  }
}

export class Api {
  /** @param {() => void} onUnauthorized is called when a key is missing or wrong */
  constructor(onUnauthorized) {
    this.onUnauthorized = onUnauthorized;
  }

  get key() {
    return storage.getItem(KEY);
  }

  set key(key) {
    if (key) storage.setItem(KEY, key);
    else storage.removeItem(KEY);
  }

  /**
   * @param {string} method @param {string} path @param {unknown} [body] @param {RequestInit} [init]
   * @returns {Promise<Response>} @throws {ApiError}
   */
  async fetch(method, path, body, init = {}) {
    /** @type {Record<string, string>} */
    const headers = { ...(/** @type {Record<string, string>} */ (init.headers)) };
    if (this.key) headers.Authorization = `Bearer ${this.key}`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    let response;
    try {
      response = await fetch(
        path,
        { ...init, method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: "no-store" },
      );
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      throw new ApiError(0, "unreachable", "The server cannot be reached.");
    }
    if (response.ok) return response;
    const detail = await response.json().catch(() => null);
    const { message, code, param } = detail?.error ?? {};
    if (response.status === 401) this.onUnauthorized();
    throw new ApiError(
      response.status,
      code ?? "unknown",
      message ?? `The server answered ${response.status}.`,
      param ?? null,
    );
  }

  /** @param {string} method @param {string} path @param {unknown} [body] @returns {Promise<any>} @throws {ApiError} */
  async json(method, path, body) {
    return (await this.fetch(method, path, body)).json();
  }

  /** @returns {Promise<import("./types.js").Info>} */
  info() {
    return this.json("GET", "/api/info");
  }

  /** @returns {Promise<{models: import("./types.js").Model[]}>} */
  models() {
    return this.json("GET", "/api/models");
  }

  /** @returns {Promise<{settings: import("./types.js").Settings}>} */
  settings() {
    return this.json("GET", "/api/settings");
  }

  /** @param {import("./types.js").Settings} settings */
  saveSettings(settings) {
    return this.json("PUT", "/api/settings", { settings });
  }

  /**
   * @param {string} query @param {string|null} cursor @param {number} [limit]
   * @returns {Promise<{conversations: import("./types.js").Summary[], next_cursor: string|null}>}
   */
  conversations(query, cursor, limit = 50) {
    const parameters = new URLSearchParams({ limit: String(limit) });
    if (query) parameters.set("query", query);
    if (cursor) parameters.set("cursor", cursor);
    return this.json("GET", `/api/conversations?${parameters}`);
  }

  /** @param {string} id @returns {Promise<import("./types.js").Conversation>} */
  conversation(id) {
    return this.json("GET", path(id));
  }

  /** @param {import("./types.js").Settings} settings @returns {Promise<import("./types.js").Conversation>} */
  createConversation(settings) {
    return this.json("POST", "/api/conversations", { settings });
  }

  /** @param {string} id @param {object} change @returns {Promise<import("./types.js").Summary>} */
  change(id, change) {
    return this.json("PATCH", path(id), change);
  }

  /** @param {string} id */
  remove(id) {
    return this.json("DELETE", path(id));
  }

  /** @param {string} id @returns {Promise<import("./types.js").Summary>} */
  restore(id) {
    return this.json("POST", path(id, "restore"), {});
  }

  /** @param {unknown} data @returns {Promise<{conversations: import("./types.js").Summary[]}>} */
  import(data) {
    return this.json("POST", "/api/conversations/import", data);
  }

  /** @param {string} id @param {"json"|"markdown"} format */
  async export(id, format) {
    return (await this.fetch("GET", `${path(id, "export")}?format=${format}`)).blob();
  }

  /** @param {string} id @param {string|null} parent @param {string} content @returns {Promise<{message: import("./types.js").Message, revision: number}>} */
  addMessage(id, parent, content) {
    return this.json("POST", path(id, "messages"), { parent, content });
  }

  /** @param {string} id @param {{parent?: string, continue?: string}} what @returns {Promise<{run: string, message: import("./types.js").Message, revision: number}>} */
  generate(id, what) {
    return this.json("POST", path(id, "generate"), what);
  }

  /** @returns {Promise<import("./views/guard.js").Report>} for operators */
  guardReport() {
    return this.json("GET", "/api/guard/report");
  }

  /** @returns {Promise<{count: number, head: string, entries: import("./views/guard.js").Entry[]}>} for operators */
  guardJournal() {
    return this.json("GET", "/api/guard/journal");
  }

  /** @param {{keys: string[], action: string, reason: string, alert: object|null}} decision */
  guardDecide(decision) {
    return this.json("POST", "/api/guard/decisions", decision);
  }

  /**
   * Which parts of a text stand in the server's corpus; only where `Info` has one.
   * @param {{text: string, minimum: number, limit: number}} question @param {AbortSignal} signal
   * @returns {Promise<import("./types.js").Trace>}
   */
  async trace(question, signal) {
    return (await this.fetch("POST", "/v1/provenance/trace", question, { signal })).json();
  }

  /** @param {string} run */
  stop(run) {
    return this.json("POST", `/api/runs/${encodeURIComponent(run)}/stop`, {});
  }

  /** @param {string} run */
  answerNow(run) {
    return this.json("POST", `/api/runs/${encodeURIComponent(run)}/answer-now`, {});
  }

  /**
   * The events of a run above the id `from`, until the server ends the stream.
   * @param {string} run @param {number} from @param {AbortSignal} signal
   * @returns {AsyncGenerator<{id: number, event: string, data: any}>} @throws {ApiError}
   */
  async *events(run, from, signal) {
    const response = await this.fetch("GET", `/api/runs/${encodeURIComponent(run)}/events?from=${from}`, undefined, {
      signal, headers: { Accept: "text/event-stream" },
    });
    const parser = new EventParser();
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        for (const event of parser.push(decoder.decode(value, { stream: true }))) {
          yield { id: Number(event.id), event: event.event, data: JSON.parse(event.data) };
        }
      }
    } finally {
      reader.cancel().catch(() => {});
    }
  }
}

/** @param {string} id @param {string} [rest] */
function path(id, rest) {
  return `/api/conversations/${encodeURIComponent(id)}${rest ? `/${rest}` : ""}`;
}
