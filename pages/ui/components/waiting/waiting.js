// A bar for what other processes compute. It asks the server how far that is, which costs the server next to nothing,
// and has the page drawn again once it is over.

import { find, viewOf } from "../shared/component.js";

/** How far something is.  share: 0 to 1. @typedef {{share: number, words: string}} Progress */
/**
 * pause: milliseconds between two questions.
 * @typedef {Progress & {names: string[], path: string, pause: number}} Data
 */

const LONGEST_MS = 10_000; // between two tries when the server does not answer

/** @param {import("../shared/component.js").Mount<Data>} mounted */
export default function mount({ data, parentElement, setStateValue }) {
  const bar = viewOf("waiting", parentElement, () => new Bar(parentElement));
  bar.over = () => setStateValue("over", data.names.join());
  bar.follow(data);
  return () => bar.stop();
}

class Bar {
  /** @param {ParentNode} parent */
  constructor(parent) {
    this.root = find(parent, "waiting-root", HTMLElement);
    this.words = find(parent, "waiting-words", HTMLElement);
    this.bar = find(parent, "waiting-bar", HTMLElement);
    this.over = () => {};
    /** @type {Data | undefined} */
    this.data = undefined;
    this.timer = 0;
  }

  /** @param {Data} data */
  follow(data) {
    this.stop();
    this.data = data;
    this.show(data);
    this.askIn(data.pause, data);
  }

  stop() {
    clearTimeout(this.timer);
    this.data = undefined;
  }

  /** @param {number} pause in milliseconds @param {Data} data */
  askIn(pause, data) {
    this.timer = window.setTimeout(() => this.ask(data, pause), pause);
  }

  /** @param {Data} data @param {number} pause that came before, in milliseconds */
  async ask(data, pause) {
    const progress = await answer(`${data.path}?names=${data.names.join()}`);
    if (data !== this.data) return; // something newer is shown, or nothing
    if (progress?.over) return this.over();
    if (progress) this.show(progress);
    this.askIn(progress ? data.pause : Math.min(2 * pause, LONGEST_MS), data);
  }

  /** @param {Progress} progress */
  show({ share, words }) {
    const percent = Math.round(100 * share);
    this.words.textContent = words;
    this.bar.style.width = `${percent}%`;
    this.root.setAttribute("aria-valuenow", String(percent));
    this.root.setAttribute("aria-valuetext", words);
  }
}

/**
 * Undefined while the server is away.
 * @param {string} address @returns {Promise<(Progress & {over?: boolean}) | undefined>}
 */
async function answer(address) {
  try {
    const response = await fetch(address, { cache: "no-store" });
    return response.ok ? await response.json() : undefined;
  } catch {
    return undefined;
  }
}
