// SPDX-License-Identifier: Apache-2.0
/** For who runs the server: which keys look like extraction and why, what was decided, and how to decide. */

import { h } from "../dom.js";
import { plural } from "../format.js";
import { makeDialog } from "./dialog.js";

/**
 * @typedef {{signal: string, text: string, requests?: string[]}} Evidence
 * @typedef {{key?: string, cluster?: number, keys?: string[], organisation?: string, score: number, action: string, requests: number,
 *   first_time: number, last_time: number, evidence: Evidence[]}} Alert
 * @typedef {{requests: number, unused_lines: number, keys: number, small_keys: number, minimum: number, alerts: Alert[],
 *   exempt: string[], measures: Record<string, string>}} Report
 * @typedef {{sequence: number, time: number, kind: string, body: Record<string, any>}} Entry
 */

/** What can be decided, from mild to hard. @type {[string, string][]} */
const DECISIONS = [
  ["watch", "Watch"], ["slow", "Slow down: one request in ten seconds"], ["hide_thoughts", "Hide thoughts"], ["block", "Block"],
  ["lift", "Lift what was done"], ["grant_appeal", "Grant an appeal: exempt for 90 days"], ["deny_appeal", "Deny an appeal"],
];

/** @type {Record<string, string>} */
const NAMES = { watch: "watch", slow: "slow down", hide_thoughts: "hide thoughts", block: "block" };
const SHOWN_KEYS = 8;

/** @param {number} seconds since 1970 */
const when = (seconds) => new Date(seconds * 1000).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });

/** @param {Alert} alert @returns {string[]} */
export const keysOf = (alert) => alert.keys ?? (alert.key === undefined ? [] : [alert.key]);

/** @param {Alert} alert */
export function titleOf(alert) {
  return alert.cluster === undefined
    ? `Key ${alert.key}`
    : `Cluster ${alert.cluster} of ${plural(keysOf(alert).length, "key")}`;
}

/** An entry of the journal in words. @param {Entry} entry */
export function sentence(entry) {
  const { body } = entry;
  const by = body.by ? ` by ${body.by}` : "";
  const why = body.reason ? `: ${body.reason}` : "";
  if (entry.kind === "measure") {
    const what = body.action ? NAMES[body.action] ?? body.action : "lifted";
    return `${body.key}: ${what}${by}${why}`;
  }
  if (entry.kind === "appeal") {
    const until = body.until ? ` until ${when(body.until)}` : "";
    return `${body.key}: appeal ${body.decision}${until}${by}${why}`;
  }
  if (entry.kind === "alert") return `${titleOf(/** @type {any} */ (body))}: alert, score ${Number(body.score).toFixed(2)}`;
  return entry.kind;
}

/** Shows the page until it is closed. @param {import("../app.js").App} app @param {() => void} onClose */
export function openGuard(app, onClose) {
  const body = h("div", { class: "guard", "aria-live": "polite" }, h("p", { class: "hint" }, "Reading the log …"));
  const dialog = makeDialog("Guard", [body], {
    buttons: [
      h("button", { type: "button", class: "button", onclick: () => refresh() }, "Read again"),
      h("button", { type: "button", class: "button primary", onclick: () => dialog.close() }, "Done"),
    ],
  });
  dialog.classList.add("wide");
  dialog.addEventListener("close", onClose);
  const refresh = () => app.attempt(async () => {
    const [report, journal] = await Promise.all([app.api.guardReport(), app.api.guardJournal()]);
    body.replaceChildren(...page(app, report, journal, refresh));
  }).then((worked) => {
    if (!worked) body.replaceChildren(h("p", { class: "field-error" }, "The log could not be read."));
  });
  dialog.showModal();
  refresh();
}

/**
 * @param {import("../app.js").App} app @param {Report} report @param {{count: number, head: string, entries: Entry[]}} journal
 * @param {() => void} refresh
 */
function page(app, report, journal, refresh) {
  const unused = report.unused_lines ? ` ${plural(report.unused_lines, "line")} could not be used.` : "";
  return [
    h("p", {}, `${plural(report.requests, "request")} of ${plural(report.keys, "key")}; ${plural(report.small_keys, "key")} with fewer than ${report.minimum} are judged in clusters only.${unused}`),
    h("p", { class: "hint" }, "An alert is a reason to look, not a proof. Read the requests it names before deciding; bulk translation, audits and evaluations are honest heavy use."),
    report.alerts.length === 0
      ? h("p", { class: "guard-none" }, "Nothing to tell.")
      : h("div", { class: "alerts" }, ...report.alerts.map((alert) => card(app, report, alert, refresh))),
    decisionForm(app, "Decide about a key", null, [], refresh),
    h("section", {},
      h("h3", {}, "Journal"),
      h("p", { class: "hint" }, journal.count === 0 ? "Nothing was decided yet." : `${plural(journal.count, "entry", "entries")}, each with the hash of the one before; the last is ${journal.head.slice(0, 16)}…`),
      h("ol", { class: "journal" }, ...journal.entries.map((entry) => h("li", {}, h("time", {}, when(entry.time)), " ", sentence(entry))))),
  ];
}

/** @param {import("../app.js").App} app @param {Report} report @param {Alert} alert @param {() => void} refresh */
function card(app, report, alert, refresh) {
  const keys = keysOf(alert);
  const held = [...new Set(keys.map((key) => report.measures[key]).filter(Boolean))].map((name) => NAMES[name] ?? name);
  return h("article", { class: "alert" },
    h("h3", {}, titleOf(alert)),
    h("p", { class: "hint" },
      `Score ${alert.score.toFixed(2)} · ${plural(alert.requests, "request")} · ${when(alert.first_time)} to ${when(alert.last_time)} · suggested: ${NAMES[alert.action] ?? alert.action}${held.length ? ` · in force: ${held.join(", ")}` : ""}`),
    h("ul", {}, ...alert.evidence.map((evidence) => h("li", {}, evidence.text,
      evidence.requests !== undefined && h("span", { class: "hint" }, ` See ${evidence.requests.join(", ")}.`)))),
    keys.length > 1 && h("p", { class: "hint" }, `Keys: ${keys.slice(0, SHOWN_KEYS).join(", ")}${keys.length > SHOWN_KEYS ? ", …" : ""}`),
    decisionForm(app, "Decide", alert, keys, refresh));
}

let serial = 0;

/**
 * @param {import("../app.js").App} app @param {string} title @param {Alert|null} alert @param {string[]} keys none lets one be typed
 * @param {() => void} refresh
 */
function decisionForm(app, title, alert, keys, refresh) {
  serial += 1;
  const id = `decision-${serial}`;
  const key = h("input", { type: "text", id: `${id}-key`, autocomplete: "off", spellcheck: "false" });
  const action = h("select", { id: `${id}-action` }, ...DECISIONS.map(([value, label]) => h("option", { value }, label)));
  if (alert) action.value = alert.action;
  const reason = h("input", { type: "text", id: `${id}-reason`, autocomplete: "off", "aria-describedby": `${id}-error` });
  const error = h("p", { class: "field-error", id: `${id}-error`, "aria-live": "polite" });
  const apply = () => {
    const chosen = alert ? keys : [key.value.trim()].filter(Boolean);
    const missing = chosen.length === 0 ? "Name a key." : reason.value.trim() === "" ? "Say why; whoever looks into this later needs it." : "";
    error.textContent = missing;
    if (missing) {
      (chosen.length === 0 ? key : reason).focus();
      return;
    }
    app.attempt(async () => {
      await app.api.guardDecide({ keys: chosen, action: action.value, reason: reason.value.trim(), alert });
      app.notify({ text: `Written down for ${plural(chosen.length, "key")}.` });
      refresh();
    });
  };
  return h("details", { class: "decision" },
    h("summary", {}, title),
    h("div", { class: "fields" },
      !alert && h("div", { class: "field" }, h("label", { for: key.id }, "Key"), key),
      h("div", { class: "field" }, h("label", { for: action.id }, "Action"), action),
      h("div", { class: "field" }, h("label", { for: reason.id }, "Reason"), reason, error)),
    h("button", { type: "button", class: "button primary", onclick: apply }, "Apply"));
}
