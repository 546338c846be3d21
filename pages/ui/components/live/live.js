// Networks that run in the dashboard: the same views as in a page that was taken away. Nothing is sent to the server.

/* global hourglassRunner */

import { find, viewOf } from "../shared/component.js";
import { split } from "../shared/message.js";
import { contentIn } from "../takeaway/content.js";
import { Page } from "../takeaway/takeaway.js";

/**
 * given: bytes of an image that is none of the set.
 * @typedef {{id: string, parts: string, colours: string[], given: number[] | null}} Header
 */

/** @param {import("../shared/component.js").Mount} mounted */
export default function mount({ data, parentElement }) {
  const view = viewOf("live", parentElement, () => new LiveView(find(parentElement, "live-root", HTMLElement)));
  if (data) view.receive(data);
  return () => view.close();
}

/** What is in an element, once more. @param {ParentNode & Node} parent */
function copied(parent) {
  const copy = document.createDocumentFragment();
  for (const child of parent.childNodes) copy.append(child.cloneNode(true));
  return copy;
}

class LiveView {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    /** The page as it is before anything is in it. */
    this.empty = copied(root);
    this.id = "";
    /** @type {Page | undefined} */
    this.page = undefined;
    /** The pad of the dashboard was drawn on. */
    this.drawn = () => this.root.dataset.parts?.includes("sheet") && this.page?.recompute();
    addEventListener("hourglass-pad", this.drawn);
  }

  close() {
    removeEventListener("hourglass-pad", this.drawn);
  }

  /** @param {Uint8Array} bytes */
  async receive(bytes) {
    const { header, body } = split(bytes);
    const { id, parts, colours, given } = /** @type {Header} */ (header);
    if (id === this.id) return; // a rerun that changed nothing here
    this.id = id;
    const content = await contentIn(body);
    if (id !== this.id) return; // something newer overtook it
    this.root.replaceChildren(copied(this.empty));
    this.root.dataset.parts = parts;
    const image = given && Float32Array.from(given, (value) => value / 255);
    const isDrawing = parts.includes("sheet");
    const sigma = parts.includes("noise") ? undefined : 0;
    this.page = new Page(this.root, content, sharedRunner(), colours, {
      given: image,
      sigma,
      sheet: isDrawing ? globalThis.hourglassPad : undefined,
    });
  }
}

/** One for all views of this document, so that a model is loaded once. */
function sharedRunner() {
  if (!globalThis.hourglassLive) {
    const { Runner, source } = hourglassRunner();
    globalThis.hourglassLive = new Runner(source);
  }
  return globalThis.hourglassLive;
}
