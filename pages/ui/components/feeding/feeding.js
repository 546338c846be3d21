// Pictures that are dragged into a network; see feeding/__init__.py for what arrives. Each picture of the sheet has
// three parts side by side: what goes in, what comes out, and where they differ.

import { find, notYet, viewOf } from "../shared/component.js";
import { around, make, makeButton, svg } from "../shared/dom.js";
import { split } from "../shared/message.js";
import { clamp } from "../shared/numbers.js";
import { bitmap, copyTile, placeOf } from "../shared/sheets.js";

/** error: mean squared.  place: of its error among others, in words.  said: what came of it, in a sentence.
 * @typedef {{id: string, name: string, group: string, error: number, place: string, said: string}} Morsel
 */
/** A picture and its position in the sheet. @typedef {Morsel & {i: number}} Item */
/** Shares of errors in bins that are equally wide in the logarithm, from one end to the other.
 * @typedef {{ends: [number, number], known: number[], strange: number[], names: [string, string]}} Distribution
 */
/**
 * places: pictures that are in the network at once, at most.  fed: those that are in it at first.
 * @typedef {import("../shared/sheets.js").Grid & {
 *   id: string, network: string, items: Morsel[], places: number, usual: Distribution, fed: string[],
 * }} Header
 */
/** What is being dragged, from where; ghost: the picture that follows the pointer.
 * @typedef {{button: HTMLElement, id: string, x: number, y: number, pointer: number, ghost?: HTMLCanvasElement}} Held
 */

const DRAG_FROM = 5; // pixels from which on a press is a drag
const PARTS = ["as it goes in", "as it comes out", "where the two differ"];
const EMPTY =
  "Nothing is in the network yet: drag a picture onto it, tap one, or choose one with Tab and press Enter.";

/** @param {import("../shared/component.js").Mount} mounted */
export default function mount({ data, parentElement, setStateValue }) {
  const view = viewOf("feeding", parentElement, () => new FeedingView(find(parentElement, "feed-root", HTMLElement)));
  view.report = (fed) => setStateValue("fed", fed);
  if (data) view.receive(data);
  return () => view.letGo();
}

class FeedingView {
  /** @param {HTMLElement} root */
  constructor(root) {
    const part = (/** @type {string} */ name) => find(root, `feed-${name}`, HTMLElement);
    this.root = root;
    this.tray = part("tray");
    this.net = part("net");
    this.places = part("places");
    this.said = part("said");
    this.name = part("name");
    this.hint = part("hint");
    this.marks = part("marks");
    this.legend = part("legend");
    /** @type {string[]} */
    this.fed = [];
    /** @type {Map<string, Item>} */
    this.items = new Map();
    /** Set before anything is drawn. @type {Header} */
    this.header = notYet;
    /** @type {ImageBitmap | undefined} */
    this.sheet = undefined;
    /** @type {Held | undefined} */
    this.held = undefined;
    this.wasDragged = false;
    this.report = (/** @type {string[]} */ _fed) => {};
    this.listen();
  }

  listen() {
    const { tray } = this;
    tray.addEventListener("pointerdown", (event) => this.press(event));
    tray.addEventListener("pointermove", (event) => this.move(event));
    tray.addEventListener("pointerup", (event) => this.drop(event));
    tray.addEventListener("pointercancel", () => this.letGo());
    tray.addEventListener("click", (event) => this.click(event));
    tray.addEventListener("dragstart", (event) => event.preventDefault());
    this.places.addEventListener("click", (event) => this.takeOut(event));
  }

  /** @param {Uint8Array} bytes */
  async receive(bytes) {
    const { header, body } = split(bytes);
    if (this.header?.id === header.id) return; // what is in the network is known here first
    this.header = header;
    const sheet = await bitmap(body);
    if (this.header.id !== header.id) return sheet.close(); // something newer overtook it
    this.sheet?.close();
    this.sheet = sheet;
    this.letGo();
    this.items = new Map(this.header.items.map((item, i) => [item.id, { ...item, i }]));
    this.fed = this.header.fed.filter((id) => this.items.has(id));
    this.build();
    this.draw();
    this.root.dataset.id = header.id;
  }

  // --- the tray ---

  build() {
    /** @type {Map<string, HTMLElement>} */
    const rows = new Map();
    const groups = [];
    for (const item of this.items.values()) {
      if (!item.group) continue;
      const row = rows.get(item.group) ?? make("div", "feed-row");
      if (!rows.has(item.group)) groups.push(groupOf(item.group, row));
      rows.set(item.group, row);
      row.append(this.button(item));
    }
    this.tray.replaceChildren(...groups);
    this.name.textContent = this.header.network;
    this.legend.replaceChildren(
      ...this.header.usual.names.map((name, i) => {
        const entry = make("span", "", name);
        entry.style.setProperty("--feed-colour", i ? "var(--st-red-color)" : "var(--st-gray-color)");
        return entry;
      }),
    );
    this.plot();
  }

  /** @param {Item} item */
  button(item) {
    const button = makeButton("feed-item");
    button.dataset.id = item.id;
    button.title = "Drag it onto the network, or press Enter";
    button.setAttribute("aria-label", `Put ${item.name} into the network`);
    button.append(this.picture(item, 0));
    return button;
  }

  /** @param {Item} item @param {number} part @param {string} alt */
  picture(item, part, alt = "") {
    const canvas = make("canvas");
    [canvas.width, canvas.height] = this.header.tile;
    const place = placeOf(this.header, item.i, part, PARTS.length);
    if (this.sheet) copyTile(canvas, this.sheet, this.header, place);
    if (alt) {
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", alt);
    }
    return canvas;
  }

  // --- dragging ---

  /** @param {PointerEvent} event */
  press(event) {
    const button = around(event, ".feed-item");
    const id = button?.dataset.id;
    if (!button || id === undefined || !event.isPrimary || event.button) return;
    this.letGo();
    this.held = { button, id, x: event.clientX, y: event.clientY, pointer: event.pointerId };
    button.setPointerCapture(event.pointerId);
  }

  /** @param {PointerEvent} event */
  move(event) {
    const { held } = this;
    if (!held || event.pointerId !== held.pointer) return;
    if (!held.ghost && Math.hypot(event.clientX - held.x, event.clientY - held.y) < DRAG_FROM) return;
    held.ghost ??= this.ghost(held);
    const box = this.root.getBoundingClientRect();
    held.ghost.style.left = `${event.clientX - box.left}px`;
    held.ghost.style.top = `${event.clientY - box.top}px`;
    this.net.classList.toggle("feed-near", this.isOver(event));
  }

  /** @param {Held} held */
  ghost({ button, id }) {
    const ghost = this.picture(/** @type {Item} */ (this.items.get(id)), 0);
    ghost.className = "feed-ghost";
    button.classList.add("feed-held");
    this.root.append(ghost);
    return ghost;
  }

  /** @param {PointerEvent} event */
  isOver({ clientX, clientY }) {
    const { left, right, top, bottom } = this.net.getBoundingClientRect();
    return left <= clientX && clientX <= right && top <= clientY && clientY <= bottom;
  }

  /** @param {PointerEvent} event */
  drop(event) {
    const { held } = this;
    if (!held || event.pointerId !== held.pointer) return;
    this.letGo();
    this.wasDragged = held.ghost !== undefined; // the click that follows a drag is none
    setTimeout(() => (this.wasDragged = false));
    if (held.ghost && this.isOver(event)) this.feed(held.id);
  }

  letGo() {
    this.held?.ghost?.remove();
    this.held?.button.classList.remove("feed-held");
    this.net.classList.remove("feed-near");
    this.held = undefined;
  }

  /** @param {Event} event */
  click(event) {
    const id = around(event, ".feed-item")?.dataset.id;
    if (id !== undefined && !this.wasDragged) this.feed(id);
  }

  // --- the network ---

  /** @param {string} id */
  feed(id) {
    this.fed = withFed(this.fed, id, this.header.places);
    this.draw(id);
    this.report(this.fed);
  }

  /** @param {Event} event */
  takeOut(event) {
    const id = around(event, ".feed-out")?.dataset.id;
    if (id === undefined) return;
    this.fed = this.fed.filter((one) => one !== id);
    this.draw();
    this.report(this.fed);
    /** @type {HTMLElement | null} */ (this.root.querySelector(".feed-out, .feed-item"))?.focus();
  }

  /** @param {string} newest the one that was just put in */
  draw(newest = "") {
    const items = this.fed.flatMap((id) => this.items.get(id) ?? []);
    const empty = Array.from({ length: this.header.places - items.length }, emptyPlace);
    this.places.replaceChildren(...items.map((item, i) => this.place(item, i, item.id === newest)), ...empty);
    this.marks.replaceChildren(...items.map((item, i) => this.mark(item, i)));
    this.hint.textContent = items.length ? "Drop another one to compare" : "Drop a picture here";
    this.said.textContent = items.at(-1)?.said ?? EMPTY;
  }

  /** @param {Item} item @param {number} i @param {boolean} isNew */
  place(item, i, isNew) {
    const place = make("li", `feed-place feed-full${isNew ? " feed-new" : ""}`);
    place.dataset.id = item.id;
    const head = make("div", "feed-head");
    const out = makeButton("feed-out", "×");
    out.dataset.id = item.id;
    out.title = `Take ${item.name} out`;
    out.setAttribute("aria-label", out.title);
    head.append(make("span", "feed-number", String(i + 1)), make("span", "feed-what", item.name), out);
    const trio = make("div", "feed-trio");
    trio.append(...PARTS.map((part, k) => this.picture(item, k, `${item.name}, ${part}`)));
    const numbers = make("div", "feed-numbers");
    numbers.append(
      make("strong", "feed-error", `error ${item.error.toFixed(4)}`),
      make("div", "feed-rank", item.place),
    );
    place.append(head, trio, numbers);
    return place;
  }

  // --- the errors of all ---

  plot() {
    const { known, strange, ends } = this.header.usual;
    const most = Math.max(...known, ...strange) || 1;
    find(this.root, "feed-plot", HTMLElement).firstElementChild?.replaceChildren(
      svg("path", { class: "feed-known", d: barsPath(known, most) }),
      svg("path", { class: "feed-strange", d: barsPath(strange, most) }),
    );
    const words = this.root.querySelectorAll(".feed-axis span");
    words[0].textContent = ends[0].toPrecision(2);
    words[2].textContent = ends[1].toPrecision(2);
  }

  /** @param {Item} item @param {number} i */
  mark(item, i) {
    const mark = make("div", "feed-mark");
    mark.style.left = `${100 * logShareOf(item.error, this.header.usual.ends)}%`;
    mark.append(make("span", "feed-number", String(i + 1)));
    return mark;
  }
}

/** @param {string} title @param {HTMLElement} row */
function groupOf(title, row) {
  const group = make("div", "feed-group");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", title);
  group.append(make("p", "feed-title", title), row);
  return group;
}

function emptyPlace() {
  const place = make("li", "feed-place feed-empty", "room to compare");
  place.setAttribute("aria-hidden", "true");
  return place;
}

/**
 * What is in the network after a picture is put in, which then is the last; beyond `places` the first one goes.
 * @param {string[]} fed @param {string} id @param {number} places
 */
export function withFed(fed, id, places) {
  return [...fed.filter((one) => one !== id), id].slice(-places);
}

/**
 * Bars side by side in a square of 100, the highest as high as the square.
 * @param {number[]} shares @param {number} most the highest share
 */
export function barsPath(shares, most) {
  const width = 100 / shares.length;
  return shares.map((share, i) => `M${i * width} 100V${100 - (100 * share) / most}h${width}V100Z`).join("");
}

/**
 * How far along a logarithmic axis an error stands, 0 to 1.
 * @param {number} error @param {[number, number]} ends of the axis
 */
export function logShareOf(error, [low, high]) {
  return clamp(Math.log(error / low) / Math.log(high / low), 0, 1);
}
