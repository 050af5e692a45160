// SPDX-License-Identifier: Apache-2.0
/** Tells a screen reader how an answer goes: in whole sentences every few seconds, not by the token. */

import { h } from "../dom.js";
import { duration } from "../format.js";

const MILLISECONDS = 4000;
const KEPT = 12;

export class Announcer {
  /** @param {HTMLElement} log a live region */
  constructor(log) {
    this.log = log;
    this.timer = 0;
    this.said = 0;
  }

  /** @param {string} text */
  say(text) {
    const plain = text.replace(/[*_`#>|~]+/g, "").replace(/\s+/g, " ").trim();
    if (plain === "") return;
    this.log.append(h("p", {}, plain));
    while (this.log.childElementCount > KEPT) this.log.firstElementChild.remove();
  }

  /** @param {import("../run.js").Run} run */
  follow(run) {
    clearInterval(this.timer);
    let phase = "";
    this.said = run.content.length;
    this.say("The answer is being written.");
    const tick = () => {
      if (run.phase === phase && run.phase !== "content") return;
      if (run.phase === "reasoning" && phase !== "reasoning") this.say("Thinking.");
      if (run.phase === "content" && phase === "reasoning" && run.reasoningSeconds !== null) {
        this.say(`Thought for ${duration(run.reasoningSeconds)}.`);
      }
      phase = run.phase;
      const fresh = run.content.slice(this.said);
      const end = Math.max(
        fresh.lastIndexOf("\n"),
        fresh.lastIndexOf(". "),
        fresh.lastIndexOf("? "),
        fresh.lastIndexOf("! "),
      );
      if (end > 0) {
        this.say(fresh.slice(0, end + 1));
        this.said += end + 1;
      }
    };
    this.timer = setInterval(tick, MILLISECONDS);
    run.addEventListener("end", () => {
      clearInterval(this.timer);
      this.say(run.content.slice(this.said));
      this.say(ending(run.result));
    });
  }
}

/** @param {import("../types.js").Message|null} message */
function ending(message) {
  if (message?.status === "error") return `The answer failed: ${message.error?.message ?? ""}`;
  return message?.status === "stopped" ? "Stopped." : "End of the answer.";
}
