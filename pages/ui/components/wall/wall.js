// Many images, marked by keys like with a brush; see wall/__init__.py for what arrives.

import { find, notYet, viewOf } from "../shared/component.js";
import { around, make, makeButton } from "../shared/dom.js";
import { goToNext, isTyping } from "../shared/keyboard.js";
import { Verdicts } from "../shared/verdicts.js";
import { Lens } from "./lens.js";

/** @typedef {import("../shared/verdicts.js").Pending} Pending */
/** @typedef {import("./lens.js").Shown & {verdict: string, alike: string[]}} Picture */
/**
 * See Wall in wall/__init__.py.
 * @typedef {{
 *   page: string, pictures: Picture[], side: number, stamp: import("../shared/verdicts.js").Stamp,
 *   verdicts: Record<string, string>, selected: string[], kept: string[], problem: string,
 *   refused: import("../shared/verdicts.js").Refused[],
 * }} Wall
 */

/** @type {Record<string, string>} */
const BRUSHES = { o: "outlier", n: "normal", u: "unsure", x: "" };
/** @type {Record<string, string>} */
const MARKS = { outlier: "odd", normal: "usual", unsure: "unsure" };
const AGAIN_MS = 3000; // after which what the server has not acknowledged is sent again
const SOON_MS = 250; // after a mark, so that a stroke of the brush is one message
const THUMBNAIL = 320; // pixels of an original on the wall

/** @param {import("../shared/component.js").Mount<Wall>} mounted */
export default function mount({ data, parentElement, setStateValue, setTriggerValue }) {
  const view = viewOf("wall", parentElement, () => new WallView(find(parentElement, "wall-root", HTMLElement)));
  view.send = (report) => setStateValue("report", report);
  view.choose = (id) => setTriggerValue("chosen", id);
  view.receive(data);
  return () => view.close();
}

class WallView {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.grid = find(root, "wall-grid", HTMLElement);
    this.saved = find(root, "wall-saved", HTMLElement);
    this.lens = new Lens(root);
    /** Set before anything is drawn. @type {Wall} */
    this.data = notYet;
    /** @type {HTMLButtonElement[]} */
    this.buttons = [];
    /** @type {string | undefined} */
    this.shown = undefined;
    this.verdicts = new Verdicts([], newName);
    /** The place of the picture that the pointer is on. @type {number | undefined} */
    this.under = undefined;
    /** The key that is held, as a brush. @type {string | undefined} */
    this.brush = undefined;
    this.turn = 0;
    this.timer = 0;
    this.send = (/** @type {{pending: Pending[], turn: number}} */ _report) => {};
    this.choose = (/** @type {string} */ _id) => {};
    this.pressed = (/** @type {KeyboardEvent} */ event) => this.press(event);
    this.released = () => (this.brush = undefined);
    this.grid.addEventListener("pointerover", (event) => this.enter(event));
    this.grid.addEventListener("pointerleave", () => (this.under = undefined));
    this.grid.addEventListener("click", (event) => this.click(event));
    this.grid.addEventListener("keydown", (event) => goToNext(this.buttons, event));
    this.verdictButtons = Object.entries(BRUSHES).map(([key, verdict]) => {
      const words = `${MARKS[verdict] ?? "none"} (${key.toUpperCase()})`;
      const button = makeButton("lens-button", words);
      button.addEventListener("click", () => this.mark(this.at(), key, false));
      return button;
    });
    find(root, "lens-buttons", HTMLElement).append(...this.verdictButtons);
  }

  close() {
    document.removeEventListener("keydown", this.pressed);
    document.removeEventListener("keyup", this.released);
    clearTimeout(this.timer);
  }

  /** @param {Wall} data */
  receive(data) {
    document.addEventListener("keydown", this.pressed); // once, however often it is added
    document.addEventListener("keyup", this.released);
    this.data = data;
    if (this.shown !== data.page) this.build(data);
    this.verdicts.acknowledge(data.kept, data.refused);
    const seen = this.lens.shown && data.pictures.find(({ id }) => id === this.lens.shown?.id);
    if (this.lens.isOpen && seen) this.lens.show(seen.where);
    this.draw();
    if (this.verdicts.pending.length && !data.problem) this.reportLater(AGAIN_MS);
  }

  /** @param {Wall} data */
  build({ page, pictures, side }) {
    this.shown = page;
    this.root.style.setProperty("--side", `${side}px`);
    this.buttons = pictures.map((picture, i) => this.item(picture, i));
    this.grid.replaceChildren(...this.buttons);
    this.grid.setAttribute("aria-label", `${pictures.length} images`);
  }

  /** @param {Picture} picture @param {number} i */
  item({ id, src, full, lines, facts }, i) {
    const button = makeButton("wall-item");
    button.tabIndex = i === 0 ? 0 : -1;
    [button.dataset.id, button.dataset.place] = [id, String(i)];
    button.title = [id, ...lines, ...facts].join("\n");
    const frame = make("span", "wall-frame");
    const image = make("img", "wall-small");
    [image.alt, image.loading, image.src] = [id, "lazy", src];
    if (full) this.takeOriginal(image, `${full}&side=${THUMBNAIL}`);
    frame.append(image, make("span", "wall-mark"));
    button.append(frame, ...lines.map((line) => make("span", "wall-line", line)));
    return button;
  }

  /**
   * The prepared picture stands there until the original has come.
   * @param {HTMLImageElement} image @param {string} address
   */
  takeOriginal(image, address) {
    const original = new Image();
    original.addEventListener("load", () => {
      image.src = address;
      image.classList.toggle("wall-small", original.naturalWidth < THUMBNAIL / 2);
    });
    original.src = address;
  }

  draw() {
    const selected = new Set(this.data.selected);
    for (const button of this.buttons) {
      const id = button.dataset.id ?? "";
      const { verdict } = this.said(id);
      button.dataset.verdict = verdict;
      button.classList.toggle("wall-selected", selected.has(id));
      find(button, "wall-mark", HTMLElement).textContent = MARKS[verdict] ?? "";
    }
    const { state, text } = this.verdicts.status(Boolean(this.data.problem), this.data.kept.length > 0);
    this.saved.textContent = state === "failed" ? `${text} ${this.verdicts.refused?.why ?? this.data.problem}` : text;
    this.saved.dataset.state = state;
    this.root.dataset.pending = String(this.verdicts.pending.length);
    const { verdict } = this.said(this.lens.shown?.id ?? "");
    Object.values(BRUSHES).forEach((one, i) => {
      this.verdictButtons[i].setAttribute("aria-pressed", String(one === verdict));
    });
  }

  /** What holds for an image now. @param {string} id */
  said(id) {
    return this.verdicts.of(id, { verdict: this.data.verdicts[id] ?? "" });
  }

  /** The place of the picture that keys are about. */
  at() {
    if (this.lens.isOpen) return this.data.pictures.findIndex(({ id }) => id === this.lens.shown?.id);
    const root = /** @type {Document | ShadowRoot} */ (this.root.getRootNode());
    const focused = this.buttons.indexOf(/** @type {HTMLButtonElement} */ (root.activeElement));
    return this.under ?? focused;
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey || !this.root.isConnected) return;
    if (!this.lens.isOpen && document.querySelector('[role="dialog"]')) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (this.act(key, event.shiftKey, event.repeat)) event.preventDefault();
  }

  /** Whether the key means something here. @param {string} key @param {boolean} all @param {boolean} repeated */
  act(key, all, repeated) {
    const at = this.at();
    if (this.lens.isOpen && this.lens.press(key)) return true;
    if (this.lens.isOpen && (key === "ArrowLeft" || key === "ArrowRight")) {
      this.look(at + (key === "ArrowRight" ? 1 : -1));
    } else if (key === "z" && !repeated) this.undo();
    else if (at < 0 || repeated) return key in BRUSHES && at >= 0;
    else if (key in BRUSHES) this.mark(at, key, all);
    else if (key === "s") this.choose(this.data.pictures[at].id);
    else return false;
    return true;
  }

  /** @param {number} at @param {string} key of BRUSHES @param {boolean} all whether those like it, too */
  mark(at, key, all) {
    const picture = this.data.pictures[at];
    if (!picture) return;
    this.brush = all ? undefined : key;
    const ids = all ? [picture.id, ...picture.alike] : [picture.id];
    const said = { verdict: BRUSHES[key], note: "" };
    const others = ids.filter((id, i) => i === 0 || this.said(id).verdict !== said.verdict);
    const before = others.map((image) => ({ image, place: at, ...this.said(image) }));
    if (before.length === 1 && before[0].verdict === said.verdict) return;
    this.verdicts.decideAll(before, said, this.data.stamp);
    this.draw();
    this.reportLater(SOON_MS);
  }

  undo() {
    if (!this.verdicts.undo(this.data.stamp)) return;
    this.draw();
    this.reportLater(SOON_MS);
  }

  /** @param {PointerEvent} event */
  enter(event) {
    const place = around(event, ".wall-item")?.dataset.place;
    this.under = place === undefined ? undefined : Number(place);
    if (this.brush !== undefined && this.under !== undefined && !this.lens.isOpen) {
      this.mark(this.under, this.brush, false);
    }
  }

  /** @param {MouseEvent} event */
  click(event) {
    const place = around(event, ".wall-item")?.dataset.place;
    if (place === undefined) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey) this.choose(this.data.pictures[Number(place)].id);
    else this.look(Number(place));
  }

  /** @param {number} place */
  look(place) {
    const picture = this.data.pictures[place];
    if (!picture) return;
    this.lens.open(picture);
    this.draw();
  }

  /** @param {number} wait */
  reportLater(wait) {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.report(), wait);
  }

  report() {
    const { pending } = this.verdicts;
    if (!pending.length) return;
    this.send({ pending, turn: ++this.turn });
    this.reportLater(AGAIN_MS);
  }
}

function newName() {
  return crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`; // pages of other hosts without TLS have none
}
