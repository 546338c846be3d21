// Images in a grid, cut from one sheet; see gallery/__init__.py for what arrives.

import { find, viewOf } from "../shared/component.js";
import { around, make, makeButton } from "../shared/dom.js";
import { goToNext } from "../shared/keyboard.js";
import { split } from "../shared/message.js";
import { bitmap, copyTile, placeOf } from "../shared/sheets.js";

/**
 * side: CSS pixels that a picture is wide, at most.
 * @typedef {import("../shared/sheets.js").Grid & {
 *   id: string, items: {id: string, lines: string[]}[], columns: string[], side: number, selected: string[],
 * }} Header
 */

/** @param {import("../shared/component.js").Mount} mounted */
export default function mount({ data, parentElement, setTriggerValue }) {
  const create = () => new GalleryView(find(parentElement, "gallery-root", HTMLElement));
  const view = viewOf("gallery", parentElement, create);
  view.open = (id) => setTriggerValue("clicked", id);
  if (data) view.receive(data);
  return () => view.observer.disconnect();
}

class GalleryView {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    /** @type {Header | undefined} */
    this.header = undefined;
    /** @type {HTMLButtonElement[]} */
    this.buttons = [];
    /** @type {HTMLCanvasElement[]} */
    this.canvases = [];
    this.open = (/** @type {string} */ _id) => {};
    root.addEventListener("click", (event) => this.click(event));
    root.addEventListener("keydown", (event) => goToNext(this.buttons, event));
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(root);
  }

  /** @param {Uint8Array} bytes */
  async receive(bytes) {
    const { header, body } = split(bytes);
    const isKnown = this.header?.id === header.id;
    this.header = header;
    if (!isKnown) {
      this.build(header);
      const sheet = await bitmap(body);
      const isNewest = this.header?.id === header.id;
      if (isNewest) this.paint(sheet, header);
      sheet.close();
      if (!isNewest) return;
    }
    this.mark();
  }

  /** @param {Header} header */
  build({ items, columns, tile }) {
    this.canvases = items.map(() => make("canvas", "gallery-canvas"));
    this.buttons = items.map((item, i) => {
      const button = makeButton("gallery-item");
      button.tabIndex = i === 0 ? 0 : -1;
      button.dataset.id = item.id;
      button.title = [`${item.id}: ${columns.join(" and ")}`, ...item.lines].join("\n"); // lines may be cut
      [this.canvases[i].width, this.canvases[i].height] = tile;
      button.append(this.canvases[i], ...item.lines.map((line) => make("span", "gallery-line", line)));
      return button;
    });
    this.root.replaceChildren(...this.buttons);
    this.root.setAttribute("role", "group");
    this.root.setAttribute("aria-label", `${items.length} images: ${columns.join(" and ")}`);
    this.fit();
  }

  /** @param {ImageBitmap} sheet @param {Header} header */
  paint(sheet, header) {
    this.canvases.forEach((canvas, i) => copyTile(canvas, sheet, header, placeOf(header, i)));
    this.root.dataset.id = header.id;
  }

  mark() {
    const selected = new Set(this.header?.selected);
    for (const button of this.buttons) {
      button.classList.toggle("gallery-selected", selected.has(button.dataset.id ?? ""));
    }
  }

  fit() {
    const width = this.root.clientWidth;
    if (!this.header || !width) return;
    this.root.style.setProperty("--tile", `${tileWidth(this.header, width, devicePixelRatio)}px`);
  }

  /** @param {Event} event */
  click(event) {
    const id = around(event, ".gallery-item")?.dataset.id;
    if (id !== undefined) this.open(id);
  }
}

/**
 * How wide a tile is drawn, in CSS pixels: whole device pixels for each image pixel, so that all are equally large.
 * @param {Pick<Header, "tile" | "side" | "columns">} header @param {number} width of the gallery
 * @param {number} ratio device pixels in a CSS pixel
 */
export function tileWidth({ tile: [w], side, columns }, width, ratio) {
  const room = Math.min(width, side * columns.length) * ratio;
  return Math.min(width, (w * Math.max(1, Math.floor(room / w))) / ratio);
}
