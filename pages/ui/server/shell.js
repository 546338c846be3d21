// Takes the place of the page until the page is there: puts the shell over it, and takes it away as soon as the real part
// is drawn, somebody touches anything or goes elsewhere, or a few seconds have passed. shell.py puts the values in.

const shell = $values;
const SHELL_PATIENCE_MS = 20000;
const SHELL_TOUCHES = ["pointerdown", "keydown", "wheel"];

// Streamlit would look for its server below the page's own path first, and find nothing there but an error for the console.
const shell_base = location.origin + location.pathname.slice(0, location.pathname.length - shell.page.length);
window.__streamlit = { BACKEND_BASE_URL: shell_base };

const shell_host = document.getElementById("hourglass-shell");
const shell_root = shell_host.attachShadow({ mode: "closed" });
shell_root.innerHTML = shell.html; // our own files, and nothing of the address
const shell_stored = (name, value) => { // null where the browser keeps nothing for anyone: asking throws then
  try {
    if (value !== undefined) localStorage.setItem(name, value);
    return localStorage.getItem(name);
  } catch {
    return null;
  }
};
const shell_said = shell_stored("stActiveTheme-" + location.pathname + "-v2") ?? "";
const shell_dark = /dark/i.test(shell_said) || (!/light/i.test(shell_said) && matchMedia("(prefers-color-scheme: dark)").matches);
for (const [name, colour] of Object.entries(shell_dark ? shell.dark : shell.light)) shell_host.style.setProperty(name, colour);
// Streamlit takes the width of its sidebar from here before it hears ours, which it no longer follows once it has drawn it.
const shell_side = parseInt(shell_stored("sidebarWidth"), 10) || shell.side;
shell_stored("sidebarWidth", shell_side);
document.documentElement.style.setProperty("--hourglass-side", shell_side + "px");

const shell_heard = new AbortController();
const shell_path = location.href;
const shell_leave = () => {
  shell_host.remove();
  shell_heard.abort();
};
const shell_touched = () => {
  window.hourglassGone = Infinity; // what moves by itself ends at the first touch: it is over
  shell_leave();
};
for (const touch of SHELL_TOUCHES) addEventListener(touch, shell_touched, { capture: true, passive: true, signal: shell_heard.signal });
addEventListener("hourglass-drawn", shell_leave, { signal: shell_heard.signal });
const shell_look = () => {
  const there = shell.data ? null : document.querySelector("h1");
  const elsewhere = location.href !== shell_path;
  const failed = document.querySelector("[data-testid=stException], [data-testid=stConnectionStatus], [role=dialog]");
  if (there || elsewhere || failed || performance.now() > SHELL_PATIENCE_MS) shell_leave();
  else if (shell_host.isConnected) requestAnimationFrame(shell_look);
};
shell_look();
