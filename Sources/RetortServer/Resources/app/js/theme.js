// SPDX-License-Identifier: Apache-2.0
// Runs before the page is painted, so that a chosen theme does not flash.
try {
  const theme = localStorage.getItem("retort.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // The browser keeps nothing for this page: the theme is the system's.
}
