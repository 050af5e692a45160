// SPDX-License-Identifier: Apache-2.0
/** Server-sent events out of a text that comes in pieces. EventSource cannot send a key, so fetch reads them. */

/** @typedef {{id: string, event: string, data: string}} ServerEvent */

export class EventParser {
  constructor() {
    this.rest = "";
    this.clear();
  }

  clear() {
    this.id = "";
    this.event = "";
    /** @type {string[]} */
    this.data = [];
  }

  /** @param {string} text @returns {ServerEvent[]} the events that `text` completes */
  push(text) {
    const events = [];
    let buffer = this.rest + text;
    // A "\r" at the end may be half of a line's end.
    const held = buffer.endsWith("\r") ? "\r" : "";
    if (held) buffer = buffer.slice(0, -1);
    const lines = buffer.split(/\r\n|\n|\r/);
    this.rest = lines.pop() + held;
    for (const line of lines) {
      if (line === "") {
        if (this.data.length > 0) events.push({ id: this.id, event: this.event || "message", data: this.data.join("\n") });
        this.clear();
        continue;
      }
      const colon = line.indexOf(":");
      if (colon === 0) continue;
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (field === "data") this.data.push(value);
      else if (field === "event") this.event = value;
      else if (field === "id") this.id = value;
    }
    return events;
  }
}
