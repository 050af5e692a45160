// SPDX-License-Identifier: Apache-2.0
/** Puts the app together: the views, the address, the keyboard. */

import { App } from "./app.js";
import { byId } from "./dom.js";
import { Announcer } from "./views/announcer.js";
import { Bar } from "./views/bar.js";
import { Composer } from "./views/composer.js";
import { openGuard } from "./views/guard.js";
import { askForKey, openPreferences } from "./views/preferences.js";
import { openSettings } from "./views/settings.js";
import { NARROW, Sidebar } from "./views/sidebar.js";
import { ThreadView } from "./views/thread.js";
import { Toasts } from "./views/toasts.js";

const app = new App();

const newChat = () => {
  if (NARROW.matches) sidebar.setOpen(false);
  if (location.hash === "#/" || location.hash === "") route();
  else location.hash = "#/";
  composer.focus();
};
const bar = new Bar(
  app,
  { toggleSidebar: () => sidebar.setOpen(!sidebar.open), newChat, settings: () => openSettings(app) },
);
const sidebar = new Sidebar(app, { newChat, preferences: () => openPreferences(app) });
const thread = new ThreadView(app, (text) => composer.fill(text));
const composer = new Composer(app, () => thread.editLast());
const toasts = new Toasts(byId("toasts"));
const announcer = new Announcer(byId("announcer"));

app.addEventListener("notice", (event) => toasts.show(/** @type {CustomEvent} */ (event).detail));
app.addEventListener("key", () => askForKey(app, load));
app.addEventListener("run", () => {
  if (app.run) announcer.follow(app.run);
});

/** Shows what the address says: `#/c/ID`, else a new conversation. */
async function route() {
  if (location.hash === "#/guard" && app.info?.operator) {
    openGuard(app, () => {
      if (location.hash === "#/guard") location.hash = app.conversation ? `#/c/${app.conversation.id}` : "#/";
    });
    return;
  }
  const id = /^#\/c\/([\w-]{1,64})$/.exec(location.hash)?.[1] ?? null;
  const opened = await app.attempt(() => app.open(id));
  if (!opened && app.info?.authenticated) location.hash = "#/";
}

async function load() {
  const loaded = await app.attempt(() => app.load());
  if (!loaded || (app.info?.key_required && !app.info.authenticated)) return;
  await route();
  if (!NARROW.matches && document.activeElement === document.body) composer.focus();
}

addEventListener("hashchange", route);

byId("skip").addEventListener("click", (event) => {
  event.preventDefault();
  composer.focus();
});

addEventListener("keydown", (event) => {
  const control = event.ctrlKey || event.metaKey;
  const modal = document.querySelector("dialog[open], :popover-open") !== null;
  if (modal || event.isComposing) return;
  if (event.key === "Escape" && app.run && !event.defaultPrevented) {
    event.preventDefault();
    composer.stop();
  } else if (control && !event.shiftKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    sidebar.focusSearch();
  } else if (control && event.shiftKey && event.key.toLowerCase() === "o") {
    event.preventDefault();
    newChat();
  } else if (control && !event.shiftKey && event.key.toLowerCase() === "b") {
    event.preventDefault();
    sidebar.setOpen(!sidebar.open);
  }
});

bar.update();
thread.update();
composer.update();
load();

if ("serviceWorker" in navigator && isSecureContext) {
  navigator.serviceWorker.register("sw.js").catch((error) => console.warn("no service worker:", error.message));
}
