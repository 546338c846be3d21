// The browser's Back button goes to the page before, not to the value before: Streamlit adds an entry to the history
// each time that the link changes. The entry without parameters, which a page replaces at once, would also be a trap
// for Back.

/** Set once entries of one page are one. */
const DONE = Symbol.for("hourglass");

export default function mount() {
  const kept = /** @type {History & {[DONE]?: boolean}} */ (history);
  if (kept[DONE]) return;
  const push = history.pushState.bind(history);
  history.pushState = (state, unused, url) => {
    const isSamePage = url != null && new URL(url, location.href).pathname === location.pathname;
    (isSamePage ? history.replaceState.bind(history) : push)(state, unused, url);
  };
  kept[DONE] = true;
}
