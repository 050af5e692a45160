// SPDX-License-Identifier: Apache-2.0
/** Settings of a conversation: the system prompt, sampling, thinking. An empty field is the model's default. */

import { h } from "../dom.js";
import { makeDialog } from "./dialog.js";

/**
 * @typedef {"temperature"|"top_p"|"top_k"|"min_p"|"max_tokens"|"seed"|"thinking_budget"} NumberName
 * @typedef {{name: NumberName, label: string, hint: string, minimum: number, maximum: number, whole: boolean,
 *   aboveMinimum?: boolean}} NumberField
 */

const LARGE = 2 ** 53 - 1;

/** Bounds are the server's. @type {NumberField[]} */
const NUMBERS = [
  {
    name: "temperature", label: "Temperature", hint: "0 always takes the likeliest token", minimum: 0, maximum: 2,
    whole: false,
  },
  {
    name: "top_p", label: "Top-p", hint: "Keep the likeliest tokens up to this probability", minimum: 0, maximum: 1,
    whole: false, aboveMinimum: true,
  },
  {
    name: "top_k", label: "Top-k", hint: "Keep this many tokens; 0 keeps all", minimum: 0, maximum: LARGE, whole: true,
  },
  {
    name: "min_p", label: "Min-p", hint: "Drop tokens below this share of the likeliest", minimum: 0, maximum: 1,
    whole: false,
  },
  {
    name: "max_tokens", label: "Most tokens", hint: "Of thought and answer together", minimum: 1, maximum: LARGE,
    whole: true,
  },
  {
    name: "seed", label: "Seed", hint: "The same seed gives the same answer", minimum: -LARGE, maximum: LARGE,
    whole: true,
  },
];
/** @type {NumberField} */
const BUDGET = {
  name: "thinking_budget", label: "Thinking budget", hint: "Tokens after which a thought is ended", minimum: 0,
  maximum: LARGE, whole: true,
};

/**
 * A field's number: null for an empty one, undefined for what is not allowed.
 * @param {string} text @param {NumberField} field @returns {number|null|undefined}
 */
export function numberOf(text, field) {
  const plain = text.trim().replace(",", ".");
  if (plain === "") return null;
  const value = Number(plain);
  if (!Number.isFinite(value) || value < field.minimum || value > field.maximum) return undefined;
  if ((field.whole && !Number.isInteger(value)) || (field.aboveMinimum && value === field.minimum)) return undefined;
  return value;
}

/** @param {import("../app.js").App} app */
export function openSettings(app) {
  const { settings, model } = app;
  const system = h("textarea", { id: "setting-system", rows: "4", placeholder: "None" });
  system.value = settings.system ?? "";
  const stop = h(
    "textarea",
    { id: "setting-stop", rows: "2", placeholder: "None", "aria-describedby": "setting-stop-hint" },
  );
  stop.value = settings.stop.join("\n");
  const thinking = h(
    "select",
    { id: "setting-thinking" },
    h("option", { value: "" }, "Model’s default"),
    h("option", { value: "on" }, "On"),
    h("option", { value: "off" }, "Off"),
  );
  thinking.value = settings.thinking === null ? "" : settings.thinking ? "on" : "off";
  const always = h("input", { type: "checkbox", id: "setting-always" });
  const fields = [...NUMBERS, BUDGET].map((/** @type {NumberField} */ field) => {
    return numberField(field, settings[field.name], model?.defaults[field.name] ?? null);
  });
  const budget = fields.at(-1);

  const save = () => {
    const values = /** @type {Record<string, number|null>} */ ({});
    let first = null;
    for (const { field, input, error } of fields) {
      const value = numberOf(input.value, field);
      input.setAttribute("aria-invalid", String(value === undefined));
      error.textContent = value === undefined ? allowed(field) : "";
      if (value === undefined) first ??= input;
      else values[field.name] = value;
    }
    if (first) {
      first.focus();
      return;
    }
    const changed = {
      ...settings, ...values, system: system.value.trim() === "" ? null : system.value,
      stop: stop.value.split("\n").filter((line) => line !== "").slice(0, 4),
      thinking: thinking.value === "" ? null : thinking.value === "on",
    };
    app.attempt(() => app.changeSettings(changed, always.checked)).then((saved) => saved && dialog.close());
  };

  const switchable = model && !model.thinking_optional
    ? h("p", { class: "hint" }, model.thinking ? "This model always thinks." : "This model does not think.")
    : labelled("Thinking", thinking);
  const dialog = makeDialog("Settings of this conversation", [
    labelled("System prompt", system),
    h(
      "fieldset",
      {},
      h("legend", {}, "Sampling"),
      h("div", { class: "fields" }, ...fields.slice(0, -1).map((field) => field.element)),
    ),
    h("fieldset", {}, h("legend", {}, "Thinking"), h("div", { class: "fields" }, switchable, budget.element)),
    h(
      "div",
      { class: "field" },
      h("label", { for: stop.id }, "Stop at"),
      stop,
      h("p", { class: "hint", id: "setting-stop-hint" }, "One text a line, four at most; the answer ends before it"),
    ),
    h("label", { class: "check" }, always, "Use these for new conversations too"),
  ], {
    onSubmit: save,
    buttons: [
      h("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Cancel"),
      h("button", { type: "submit", class: "button primary" }, "Save"),
    ],
  });
  dialog.showModal();
}

/** @param {string} text @param {HTMLElement} control */
function labelled(text, control) {
  return h("div", { class: "field" }, h("label", { for: control.id }, text), control);
}

/** @param {NumberField} field */
function allowed(field) {
  const kind = field.whole ? "A whole number" : "A number";
  if (field.maximum === LARGE) return field.minimum === -LARGE ? kind : `${kind} from ${field.minimum}`;
  return `${kind} ${field.aboveMinimum ? "above" : "from"} ${field.minimum} to ${field.maximum}`;
}

/** @param {NumberField} field @param {number|null} value @param {number|null} fallback */
function numberField(field, value, fallback) {
  const id = `setting-${field.name}`;
  const input = h("input", { type: "text", inputmode: field.whole ? "numeric" : "decimal", id, autocomplete: "off",
    placeholder: fallback === null ? "Default" : `Default: ${fallback}`, "aria-describedby": `${id}-hint ${id}-error` });
  input.value = value === null ? "" : String(value);
  const error = h("p", { class: "field-error", id: `${id}-error`, "aria-live": "polite" });
  const element = h(
    "div",
    { class: "field" },
    h("label", { for: id }, field.label),
    input,
    h("p", { class: "hint", id: `${id}-hint` }, field.hint),
    error,
  );
  return { field, input, error, element };
}
