// SPDX-License-Identifier: Apache-2.0
/**
 * The app's state and everything that a person can do with it; views show the one and call the other.
 * Events: `list`, `conversation`, `run`, `models`, `key`, `notice` (a CustomEvent with a Notice).
 *
 * @typedef {{text: string, action?: string, run?: () => void, error?: boolean}} Notice
 */

import { Api, ApiError } from "./api.js";
import { download } from "./dom.js";
import { fileName } from "./format.js";
import { keepDraft } from "./preferences.js";
import { Run } from "./run.js";
import { Tree } from "./tree.js";
import { NO_SETTINGS } from "./types.js";

/** While another tab or browser lets something be answered, the list is read this often. */
const POLL_MILLISECONDS = 4000;

export class App extends EventTarget {
  constructor() {
    super();
    this.api = new Api(() => this.emit("key"));
    /** @type {import("./types.js").Info|null} */
    this.info = null;
    /** @type {import("./types.js").Model[]} */
    this.models = [];
    /** What new conversations begin with. @type {import("./types.js").Settings} */
    this.defaults = NO_SETTINGS;
    /** Settings of the conversation that has not begun. @type {import("./types.js").Settings} */
    this.newSettings = NO_SETTINGS;
    /** @type {import("./types.js").Summary[]} */
    this.list = [];
    /** @type {string|null} */
    this.nextCursor = null;
    this.query = "";
    this.listLoaded = false;
    /** What is shown; null is a new one. @type {import("./types.js").Conversation|null} */
    this.conversation = null;
    this.tree = new Tree([]);
    /** The answer in the making in what is shown. @type {Run|null} */
    this.run = null;
    /** Counts what was asked to be shown, so that a late answer does not show the old. */
    this.opening = 0;
    this.searching = 0;
    this.channel = new BroadcastChannel("retort");
    this.channel.onmessage = ({ data }) => this.heard(data);
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.quietly(() => this.refreshList());
    });
    setInterval(() => {
      const busy = this.list.some((summary) => summary.active_run && summary.active_run !== this.run?.id);
      if (busy && document.visibilityState === "visible") this.quietly(() => this.refreshList());
    }, POLL_MILLISECONDS);
  }

  /** @param {string} name @param {unknown} [detail] */
  emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** @param {Notice} notice */
  notify(notice) {
    this.emit("notice", notice);
  }

  /**
   * Runs what a person asked for; what goes wrong is said.
   * @param {() => Promise<void>} work @returns {Promise<boolean>} whether it worked
   */
  async attempt(work) {
    try {
      await work();
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status !== 401) this.notify({ text: error.message, error: true });
      return false;
    }
  }

  /** Runs what nobody asked for; a server that is away is no news. @param {() => Promise<void>} work */
  async quietly(work) {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  /** Reads everything, at the beginning and when a key was given. @throws {ApiError} */
  async load() {
    this.info = await this.api.info();
    if (this.info.key_required && !this.info.authenticated) {
      this.emit("key");
      return;
    }
    this.defaults = (await this.api.settings()).settings;
    if (!this.conversation) this.newSettings = { ...this.defaults };
    await this.refreshModels();
    await this.refreshList();
  }

  /** Which models there are, and which of them are loaded. */
  async refreshModels() {
    this.models = (await this.api.models()).models;
    this.emit("models");
  }

  /** The settings of what is shown. */
  get settings() {
    return this.conversation?.settings ?? this.newSettings;
  }

  /** The model that will answer. @returns {import("./types.js").Model|null} */
  get model() {
    const id = this.settings.model ?? this.info?.default_model;
    return this.models.find((model) => model.id === id) ?? this.models[0] ?? null;
  }

  /** The branch that is shown. */
  get path() {
    return this.tree.path(this.conversation?.active_leaf ?? null);
  }

  // The list

  /** @param {string} query */
  async search(query) {
    this.query = query;
    await this.refreshList();
  }

  /** Reads the list again, and the shown conversation if another tab changed it. */
  async refreshList() {
    this.searching += 1;
    const turn = this.searching;
    // As many as are shown: what a person asked for more of stays.
    const page = await this.api.conversations(this.query, null, Math.min(200, Math.max(50, this.list.length)));
    if (turn !== this.searching) return;
    this.list = page.conversations;
    this.nextCursor = page.next_cursor;
    this.listLoaded = true;
    this.emit("list");
    const shown = this.list.find((summary) => summary.id === this.conversation?.id);
    if (!shown) return;
    if (shown.revision > this.conversation.revision) await this.reload();
    else if (shown.title !== this.conversation.title) {
      // The server made it from the first question.
      this.conversation.title = shown.title;
      this.emit("conversation");
    }
  }

  async moreOfList() {
    const page = await this.api.conversations(this.query, this.nextCursor);
    const known = new Set(this.list.map((summary) => summary.id));
    this.list = [...this.list, ...page.conversations.filter((summary) => !known.has(summary.id))];
    this.nextCursor = page.next_cursor;
    this.emit("list");
  }

  /** Another tab's news. @param {{id: string, revision: number}} data */
  heard(data) {
    this.quietly(async () => {
      await this.refreshList();
      if (data.id === this.conversation?.id && data.revision > this.conversation.revision) await this.reload();
    });
  }

  /** Tells other tabs, and the list of this one. @param {string} id @param {number} revision */
  changed(id, revision) {
    if (id === this.conversation?.id) this.conversation.revision = Math.max(this.conversation.revision, revision);
    this.channel.postMessage({ id, revision });
    this.quietly(() => this.refreshList());
  }

  // What is shown

  /** Shows a conversation, or a new one for null. @param {string|null} id */
  async open(id) {
    this.opening += 1;
    const turn = this.opening;
    if (id !== null && id === this.conversation?.id) return;
    if (id === null) {
      // A model that was chosen while the page still loaded is not lost.
      if (this.conversation) this.newSettings = { ...this.defaults };
      this.show(null);
      return;
    }
    const conversation = await this.api.conversation(id);
    if (turn === this.opening) this.show(conversation);
  }

  async reload() {
    const id = this.conversation?.id;
    if (!id) return;
    const turn = this.opening;
    const current = () => turn === this.opening && this.conversation?.id === id;
    try {
      const conversation = await this.api.conversation(id);
      if (current()) this.show(conversation);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404 || !current()) throw error;
      // Another tab deleted it.
      location.hash = "#/";
    }
  }

  /** @param {import("./types.js").Conversation|null} conversation */
  show(conversation) {
    this.conversation = conversation;
    this.tree = new Tree(conversation?.tree ?? []);
    const active = conversation?.active_run ?? null;
    if (this.run && this.run.id !== active) {
      this.run.leave();
      this.run = null;
    }
    const message = active ? conversation.tree.find((message) => message.run === active) : null;
    if (message && !this.run) this.follow(active, message);
    this.emit("conversation");
  }

  /** @param {import("./types.js").Message} message new or changed */
  put(message) {
    const tree = this.conversation.tree;
    const at = tree.findIndex((other) => other.id === message.id);
    if (at < 0) tree.push(message);
    else tree[at] = message;
    this.tree = new Tree(tree);
  }

  /** @param {string} id @param {import("./types.js").Message} message */
  follow(id, message) {
    const run = new Run(this.api, id, message);
    this.run = run;
    run.addEventListener("end", () => this.ended(run));
    this.emit("run");
    run.follow();
  }

  /** @param {Run} run */
  ended(run) {
    if (this.run !== run) return;
    this.run = null;
    if (run.result) {
      this.put(run.result);
      this.conversation.active_run = null;
      this.emit("conversation");
      this.changed(this.conversation.id, run.revision);
      this.quietly(() => this.refreshModels());
    } else this.quietly(() => this.reload());
  }

  // Messages

  /** @param {string} text */
  async send(text) {
    if (!this.conversation) {
      const conversation = await this.api.createConversation(this.newSettings);
      keepDraft(null, "");
      this.opening += 1;
      this.show(conversation);
      history.replaceState(null, "", `#/c/${conversation.id}`);
    }
    const last = this.path.at(-1);
    // A question that got no answer is replaced by the next one.
    await this.ask(last?.role === "user" ? last.parent : (last?.id ?? null), text);
  }

  /** @param {string|null} parent @param {string} text */
  async ask(parent, text) {
    const { id } = this.conversation;
    const { message, revision } = await this.api.addMessage(id, parent, text);
    if (this.conversation?.id !== id) return;
    this.put(message);
    this.conversation.active_leaf = message.id;
    this.conversation.revision = revision;
    this.emit("conversation");
    await this.attempt(() => this.generate({ parent: message.id }));
  }

  /** @param {{parent: string}|{continue: string}} what */
  async generate(what) {
    const { id } = this.conversation;
    try {
      const { run, message, revision } = await this.api.generate(id, what);
      if (this.conversation?.id !== id) return;
      this.put(message);
      this.conversation.active_leaf = message.id;
      this.conversation.active_run = run;
      this.follow(run, message);
      this.emit("conversation");
      this.changed(id, revision);
    } catch (error) {
      // Another tab was faster.
      if (error instanceof ApiError && error.code === "run_active") await this.reload();
      throw error;
    }
  }

  async stop() {
    if (this.run) await this.api.stop(this.run.id);
  }

  async answerNow() {
    if (this.run) await this.api.answerNow(this.run.id);
  }

  /** Shows another branch. @param {string} id a message of it */
  async switchTo(id) {
    const { conversation } = this;
    conversation.active_leaf = this.tree.newestLeaf(id);
    this.emit("conversation");
    const summary = await this.api.change(conversation.id, { active_leaf: conversation.active_leaf });
    this.changed(conversation.id, summary.revision);
  }

  // Conversations

  /** @param {string} id @param {object} change title, pinned or settings */
  async change(id, change) {
    const summary = await this.api.change(id, change);
    if (this.conversation?.id === id) {
      Object.assign(this.conversation, change, { title: summary.title });
      this.emit("conversation");
    }
    this.changed(id, summary.revision);
  }

  /** @param {import("./types.js").Settings} settings for what is shown @param {boolean} always for new conversations too */
  async changeSettings(settings, always) {
    if (this.conversation) await this.change(this.conversation.id, { settings });
    else this.newSettings = settings;
    if (always) this.defaults = (await this.api.saveSettings(settings)).settings;
    this.emit("models");
  }

  /** @param {import("./types.js").Summary} summary */
  async remove(summary) {
    await this.api.remove(summary.id);
    keepDraft(summary.id, "");
    if (this.conversation?.id === summary.id) location.hash = "#/";
    this.changed(summary.id, summary.revision + 1);
    this.notify({
      text: `Deleted “${summary.title ?? "New conversation"}”.`,
      action: "Undo",
      run: () => this.attempt(async () => {
        const restored = await this.api.restore(summary.id);
        this.changed(summary.id, restored.revision);
        location.hash = `#/c/${summary.id}`;
      }),
    });
  }

  /** @param {import("./types.js").Summary} summary @param {"json"|"markdown"} format */
  async export(summary, format) {
    const blob = await this.api.export(summary.id, format);
    download(blob, `${fileName(summary.title)}.${format === "json" ? "json" : "md"}`);
  }

  /** @param {File} file */
  async import(file) {
    let data;
    try {
      data = JSON.parse(await file.text());
    } catch {
      throw new ApiError(0, "invalid_json", `${file.name} is not JSON; an export of a conversation is expected.`);
    }
    const { conversations } = await this.api.import(data);
    await this.refreshList();
    const one = conversations.length === 1;
    this.notify({ text: one ? "One conversation was imported." : `${conversations.length} conversations were imported.` });
    if (conversations.length > 0) location.hash = `#/c/${conversations[0].id}`;
  }
}
