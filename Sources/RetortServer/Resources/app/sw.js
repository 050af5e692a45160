// SPDX-License-Identifier: Apache-2.0
/**
 * Keeps the app's files for when the server is away. The server's are taken whenever it answers, so
 * a new version is there at once. Nothing but those files passes here.
 */

const CACHE = "retort-app";
const FILES = /^\/(?:$|index\.html$|manifest\.webmanifest$|(?:js|css|icons)\/)/;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin || !FILES.test(url.pathname)) return;
  event.respondWith(fromServer(event.request));
});

/** @param {Request} request @returns {Promise<Response>} */
async function fromServer(request) {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put(request, response.clone());
    return response;
  } catch (error) {
    const kept = await cache.match(request);
    if (kept) return kept;
    throw error;
  }
}
