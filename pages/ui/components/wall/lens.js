// A picture at its own size, which can be enlarged and moved, with what is known of it beside it.

import { find } from "../shared/component.js";
import { make } from "../shared/dom.js";
import { clamp } from "../shared/numbers.js";

const OWN_SIZE = 8000; // pixels of a side up to which an original is sent as it is
const STEP = 1.25; // of the zoom, for each key or notch of the wheel
const MOST = 64; // screen pixels for one of the picture

/**
 * What is shown of a picture; see Picture in wall/__init__.py.
 * @typedef {{id: string, src: string, full: string, where: string, lines: string[], facts: string[]}} Shown
 */
/**
 * Where the picture lies: its left upper corner on the stage, and its size there.
 * @typedef {{x: number, y: number, scale: number}} Place
 */

/**
 * The place after a zoom around a point of the stage, which stays under the pointer.
 * @param {Place} place @param {number} scale @param {number} x @param {number} y @returns {Place}
 */
export function zoomed(place, scale, x, y) {
  const by = scale / place.scale;
  return { x: x - (x - place.x) * by, y: y - (y - place.y) * by, scale };
}

/**
 * The whole picture in the middle of the stage, as large as fits.
 * @param {[number, number]} picture width and height @param {[number, number]} stage @returns {Place}
 */
export function fitted([width, height], [across, down]) {
  const scale = Math.min(across / width, down / height, MOST);
  return { x: (across - width * scale) / 2, y: (down - height * scale) / 2, scale };
}

export class Lens {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.dialog = find(root, "lens", HTMLDialogElement);
    this.stage = find(root, "lens-stage", HTMLElement);
    this.sheet = find(root, "lens-sheet", HTMLElement);
    this.image = find(root, "lens-image", HTMLImageElement);
    this.where = find(root, "lens-where", HTMLImageElement);
    this.opacity = find(root, "lens-opacity", HTMLInputElement);
    this.facts = find(root, "lens-facts", HTMLElement);
    this.title = find(root, "lens-title", HTMLElement);
    /** @type {Place} */
    this.place = { x: 0, y: 0, scale: 1 };
    /** @type {Shown | undefined} */
    this.shown = undefined;
    this.image.addEventListener("load", () => this.fit());
    this.image.addEventListener("error", () => this.withoutOriginal());
    this.opacity.addEventListener("input", () => (this.where.style.opacity = this.opacity.value));
    this.stage.addEventListener("wheel", (event) => this.turn(event), { passive: false });
    this.stage.addEventListener("pointermove", (event) => this.drag(event));
    this.stage.addEventListener("pointerdown", (event) => this.stage.setPointerCapture(event.pointerId));
    this.stage.addEventListener("dblclick", (event) => this.toggle(event));
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
  }

  get isOpen() {
    return this.dialog.open;
  }

  /** @param {Shown} shown */
  open(shown) {
    this.shown = shown;
    this.title.textContent = shown.id;
    this.facts.replaceChildren(...[...shown.lines, ...shown.facts].map((line) => make("li", "", line)));
    this.image.alt = shown.id;
    this.image.src = shown.full ? `${shown.full}&side=${OWN_SIZE}` : shown.src;
    this.image.style.imageRendering = shown.full ? "auto" : "pixelated";
    this.show(shown.where);
    if (!this.isOpen) this.dialog.showModal();
    if (shown.full) this.ask(shown);
  }

  /** Keeps the map up to date while the lens is open. @param {string} where */
  show(where) {
    this.where.hidden = !where;
    if (where && this.where.getAttribute("src") !== where) this.where.src = where;
    const label = this.opacity.closest("label");
    if (label) label.hidden = !where;
  }

  /** What the file says: when it was taken, by which camera, how large it is. @param {Shown} shown */
  async ask(shown) {
    try {
      const response = await fetch(`${shown.full}&about=1`);
      const { width, height, bytes, date, camera } = await response.json();
      if (this.shown?.id !== shown.id) return;
      const words = [
        date && `taken ${date}`,
        camera,
        width && `${width} × ${height} pixels`,
        bytes && `${Math.max(1, Math.round(bytes / 1000))} kB`,
      ];
      this.facts.append(...words.filter(Boolean).map((line) => make("li", "", line)));
    } catch {
      // the server is away, which the page says by itself
    }
  }

  /** The server has no original after all: what was prepared is shown. */
  withoutOriginal() {
    if (this.shown && this.image.getAttribute("src") !== this.shown.src) this.image.src = this.shown.src;
  }

  fit() {
    const { naturalWidth, naturalHeight } = this.image;
    [this.sheet.style.width, this.sheet.style.height] = [`${naturalWidth}px`, `${naturalHeight}px`];
    this.put(fitted([naturalWidth || 1, naturalHeight || 1], [this.stage.clientWidth, this.stage.clientHeight]));
  }

  /** @param {Place} place */
  put(place) {
    this.place = place;
    this.sheet.style.transform = `translate(${place.x}px, ${place.y}px) scale(${place.scale})`;
    this.image.style.imageRendering = place.scale > 2 ? "pixelated" : "auto";
    this.stage.dataset.scale = place.scale.toFixed(2);
  }

  /** @param {number} scale @param {number} [x] @param {number} [y] */
  zoom(scale, x = this.stage.clientWidth / 2, y = this.stage.clientHeight / 2) {
    this.put(zoomed(this.place, clamp(scale, 0.02, MOST), x, y));
  }

  /** @param {WheelEvent} event */
  turn(event) {
    event.preventDefault();
    this.zoom(this.place.scale * (event.deltaY < 0 ? STEP : 1 / STEP), event.offsetX, event.offsetY);
  }

  /** @param {PointerEvent} event */
  drag(event) {
    if (!event.buttons) return;
    this.put({ ...this.place, x: this.place.x + event.movementX, y: this.place.y + event.movementY });
  }

  /** All of it, or each pixel as it is. @param {MouseEvent} event */
  toggle(event) {
    if (this.place.scale === 1) this.fit();
    else this.zoom(1, event.offsetX, event.offsetY);
  }

  /** Whether the key was one of the lens. @param {string} key */
  press(key) {
    if (key === "+" || key === "=") this.zoom(this.place.scale * STEP);
    else if (key === "-") this.zoom(this.place.scale / STEP);
    else if (key === "1") this.zoom(1);
    else if (key === "0") this.fit();
    else return false;
    return true;
  }
}
