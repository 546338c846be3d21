// The browser's Back goes to the page before, not to the value before: Streamlit pushes an entry each time that the link
// changes, and the entry without parameters, which a page adds its own to at once, would be a trap for Back.

export default function () {
  if (!history.hourglass) {
    const push = history.pushState.bind(history);
    history.pushState = (state, unused, url) => {
      const samePage = url != null && new URL(url, location.href).pathname === location.pathname;
      (samePage ? history.replaceState.bind(history) : push)(state, unused, url);
    };
    history.hourglass = true;
  }
}
