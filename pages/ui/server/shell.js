// Takes the place of the page until the page is there: puts the shell over it, and takes it away as soon as the real
// part is drawn, somebody touches anything or goes elsewhere, or a few seconds have passed.

import { onTouch } from "../components/shared/touches.js";

/**
 * What shell.py says.  page: path below the app's.  html: of the shell, our own files.  light, dark: CSS variables.
 * side: width of the sidebar in pixels.  data: address of what moves, if anything does.
 * @typedef {{
 *   page: string, html: string, light: Record<string, string>, dark: Record<string, string>, side: number,
 *   data: string | null,
 * }} Values
 */
/**
 * gone: aborted when the shell goes.
 * @typedef {{host: HTMLElement, root: ShadowRoot, data: string | null, gone: AbortSignal}} Shell
 */

const PATIENCE_MS = 20000;
const FAILED = "[data-testid=stException], [data-testid=stConnectionStatus], [role=dialog]";

/** @param {Values} values */
export function cover(values) {
  // Streamlit would look for its server below the page's own path first, and find nothing there but an error.
  const path = location.pathname.slice(0, location.pathname.length - values.page.length);
  globalThis.__streamlit = { BACKEND_BASE_URL: location.origin + path };
  const host = /** @type {HTMLElement} */ (document.getElementById("hourglass-shell"));
  const root = host.attachShadow({ mode: "closed" });
  root.innerHTML = values.html; // our own files, and nothing of the address
  setColours(host, values);
  keepSide(values.side);
  const gone = new AbortController();
  globalThis.hourglassShell = { host, root, data: values.data, gone: gone.signal };
  takeAway(host, gone, values.data === null);
}

/** @param {HTMLElement} host @param {Values} values */
function setColours(host, { light, dark }) {
  const theme = stored("stActiveTheme-" + location.pathname + "-v2") ?? "";
  const isDark = /dark/i.test(theme) || (!/light/i.test(theme) && matchMedia("(prefers-color-scheme: dark)").matches);
  for (const [name, colour] of Object.entries(isDark ? dark : light)) host.style.setProperty(name, colour);
}

/**
 * Streamlit takes the width of its sidebar from here before it hears ours, which it no longer follows once it has drawn
 * it.
 * @param {number} side unless the visitor chose another
 */
function keepSide(side) {
  const width = parseInt(stored("sidebarWidth") ?? "", 10) || side;
  stored("sidebarWidth", String(width));
  document.documentElement.style.setProperty("--hourglass-side", `${width}px`);
}

/**
 * @param {HTMLElement} host @param {AbortController} gone
 * @param {boolean} isPlain nothing moves: the page's title is enough
 */
function takeAway(host, gone, isPlain) {
  const address = location.href;
  const leave = () => {
    host.remove();
    gone.abort();
  };
  const touched = () => {
    globalThis.hourglassGone = Infinity; // what moves by itself ends at the first touch: it is over
    leave();
  };
  onTouch(touched, gone.signal);
  addEventListener("hourglass-drawn", leave, { signal: gone.signal });
  const look = () => {
    const isThere = isPlain && document.querySelector("h1");
    const isOver = performance.now() > PATIENCE_MS || location.href !== address;
    if (isThere || isOver || document.querySelector(FAILED)) leave();
    else if (host.isConnected) requestAnimationFrame(look);
  };
  look();
}

/**
 * What the browser keeps under a name, after putting a value there if one is given; null where it keeps nothing for
 * anyone: asking throws then.
 * @param {string} name @param {string} [value]
 */
function stored(name, value) {
  try {
    if (value !== undefined) localStorage.setItem(name, value);
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}
