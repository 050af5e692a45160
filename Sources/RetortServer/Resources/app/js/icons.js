// SPDX-License-Identifier: Apache-2.0
/** Line icons on a grid of 24, drawn for this app. */

const PATHS = {
  sidebar: "M4 5h16v14H4z M10 5v14",
  compose: "M12 5v14 M5 12h14",
  search: "M11 4a7 7 0 1 0 0 14a7 7 0 1 0 0-14 M16 16l4 4",
  settings: "M4 7h9 M19 7h1 M4 17h1 M11 17h9 M16 4.5a2.5 2.5 0 1 0 0 5a2.5 2.5 0 1 0 0-5 M8 14.5a2.5 2.5 0 1 0 0 5a2.5 2.5 0 1 0 0-5",
  more: "M6 12h.01 M12 12h.01 M18 12h.01",
  send: "M12 19V5 M6 11l6-6l6 6",
  stop: "M7 7h10v10H7z",
  copy: "M9 9h11v11H9z M5 15H4V4h11v1",
  check: "M5 12.5l4.5 4.5L19 7.5",
  retry: "M20 12a8 8 0 1 1-2.5-5.8 M20 3v4.5h-4.5",
  edit: "M4 20l1-4L16.5 4.5l3 3L8 19z M14 7l3 3",
  left: "M14.5 6l-6 6l6 6",
  right: "M9.5 6l6 6l-6 6",
  down: "M6 9.5l6 6l6-6",
  arrowDown: "M12 5v14 M6 13l6 6l6-6",
  close: "M6 6l12 12 M18 6L6 18",
  pin: "M9 4h6l-1 6l3 3v1H7v-1l3-3z M12 14v6",
  trash: "M5 7h14 M10 7V4h4v3 M7 7l1 13h8l1-13",
  download: "M12 4v11 M7 11l5 5l5-5 M5 20h14",
  upload: "M12 16V5 M7 9l5-5l5 5 M5 20h14",
  books: "M4 5h4v15H4z M8 8h4v12H8z M13.8 7.4l3.6-1l3.5 12.6l-3.6 1z",
  raw: "M8 7l-5 5l5 5 M16 7l5 5l-5 5",
  thought: "M9 18h6 M10 21h4 M12 3a6 6 0 0 0-3.5 10.9c.6.5.9 1.2.9 2.1h5.2c0-.9.3-1.6.9-2.1A6 6 0 0 0 12 3",
  forward: "M5 6l7 6l-7 6z M13 6l7 6l-7 6z",
  person: "M12 4a4 4 0 1 0 0 8a4 4 0 1 0 0-8 M5 20c.5-4 3.5-6 7-6s6.5 2 7 6",
  guard: "M12 3l8 3v6c0 4.5-3.2 7.8-8 9c-4.8-1.2-8-4.5-8-9V6z",
  warning: "M12 4l9 16H3z M12 10v4 M12 17h.01",
};

const NAMESPACE = "http://www.w3.org/2000/svg";

/** @param {keyof typeof PATHS} name @returns {SVGElement} */
export function icon(name) {
  const svg = document.createElementNS(NAMESPACE, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("focusable", "false");
  const path = document.createElementNS(NAMESPACE, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
