// One image after the other, judged by key or button. A verdict is shown at once; verdicts.js says when it counts as
// saved. What arrives is JSON: the queue's length, some images around the current one, what is saved; see
// review/__init__.py.

import { find, notYet, viewOf } from "../shared/component.js";
import { make, makeButton } from "../shared/dom.js";
import { isTyping } from "../shared/keyboard.js";
import { clamp } from "../shared/numbers.js";
import { isContested, Verdicts } from "../shared/verdicts.js";

/** @typedef {import("../shared/verdicts.js").Said} Said */
/** @typedef {import("../shared/verdicts.js").Step} Step */
/** @typedef {{title: string, pictures: {src: string, text: string}[]}} Strip */
/**
 * What is known of an image in the queue.
 * @typedef {Said & {id: string, place: number, others: (Said & {reviewer: string})[]}} Known
 */
/** What is seen of an image; pictures are addresses.
 * outline: of what is marked in it, full: the picture that it was made of; "" if there is none, why_none says why.
 * @typedef {{
 *   title: string, facts: string[], original: string, rebuilt: string, error: string, near: Strip[], outline: string,
 *   full: string, why_none: string,
 * }} Pictures
 */
/** See Desk in review/__init__.py.
 * @typedef {{
 *   queue: string, stamp: import("../shared/verdicts.js").Stamp, total: number, place: number, start: string,
 *   decided: number,
 *   items: (Known & Partial<Pictures>)[], trail: Step[], kept: string[], problem: string,
 *   refused: import("../shared/verdicts.js").Refused[], scale: {most: number, bar: string, label: string},
 * }} Desk
 */
/**
 * What the server hears.
 * @typedef {{place: number, pending: import("../shared/verdicts.js").Pending[], known: string[], turn: number}} Report
 */
/** @typedef {{label: string, key: string, shown: string, className: string, act: () => void}} Choice */

const VERDICTS = [
  { name: "normal", key: "n", label: "Normal" },
  { name: "outlier", key: "o", label: "Outlier" },
  { name: "unsure", key: "u", label: "Unsure" },
];
const AGAIN_MS = 3000; // after which what the server has not acknowledged is sent again
const KEPT = 20; // places around the current one whose pictures stay here

/** @param {import("../shared/component.js").Mount<Desk>} mounted */
export default function mount({ data, parentElement, setStateValue }) {
  const view = viewOf("review", parentElement, () => new ReviewView(find(parentElement, "review-root", HTMLElement)));
  view.send = (report) => setStateValue("report", report);
  view.receive(data);
  return () => view.close();
}

class ReviewView {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.find = (/** @type {string} */ name) => find(root, `review-${name}`, HTMLElement);
    this.image = (/** @type {string} */ name) => find(root, `review-${name}`, HTMLImageElement);
    /** Set before anything is drawn. @type {Desk} */
    this.data = notYet;
    /** The queue that is shown. @type {string | undefined} */
    this.queue = undefined;
    /** The id of the image that is shown, if it is known, and its place in the queue. @type {string | undefined} */
    this.at = undefined;
    this.place = 0;
    /** @type {Map<string, Known & Partial<Pictures>>} */
    this.items = new Map();
    /** Ids by place. @type {Map<number, string>} */
    this.ids = new Map();
    /** Notes as they are being typed, by image. @type {Map<string, string>} */
    this.notes = new Map();
    this.verdicts = new Verdicts([], newName);
    this.turn = 0;
    this.timer = 0;
    this.send = (/** @type {Report} */ _report) => {};
    /** @type {Choice[]} */
    this.choices = [
      ...VERDICTS.map(({ name, key, label }) => {
        return { label, key, shown: key.toUpperCase(), className: name, act: () => this.decide(name) };
      }),
      { label: "Previous", key: "ArrowLeft", shown: "←", className: "previous", act: () => this.move(-1) },
      { label: "Next", key: "ArrowRight", shown: "→", className: "next", act: () => this.move(1) },
      { label: "Undo", key: "z", shown: "Z", className: "undo", act: () => this.undo() },
    ];
    const buttons = this.choices.map(choiceButton);
    this.buttons = buttons.slice(0, VERDICTS.length);
    this.moves = buttons.slice(VERDICTS.length);
    this.find("buttons").append(...this.buttons);
    this.find("moves").append(...this.moves);
    this.opacity = /** @type {HTMLInputElement} */ (this.find("opacity").querySelector("input"));
    this.opacity.addEventListener("input", () => this.fade());
    this.image("full").addEventListener("error", () => this.withoutWhole());
    this.note = find(root, "review-note", HTMLInputElement);
    this.note.addEventListener("input", () => this.notes.set(this.at ?? "", this.note.value));
    this.note.addEventListener("change", () => this.annotate());
    this.note.addEventListener("keydown", (event) => event.key === "Enter" && this.note.blur());
    this.pressed = (/** @type {KeyboardEvent} */ event) => this.press(event);
  }

  close() {
    document.removeEventListener("keydown", this.pressed);
    clearTimeout(this.timer);
  }

  /** @param {Desk} data */
  receive(data) {
    document.addEventListener("keydown", this.pressed); // once, however often it is added
    this.data = data;
    if (this.queue !== data.queue) this.begin(data);
    for (const item of data.items) {
      const known = this.items.get(item.id);
      this.items.set(item.id, known ? { ...known, ...item } : item); // pictures come once
      this.ids.set(item.place, item.id);
    }
    this.verdicts.acknowledge(data.kept, data.refused);
    this.find("scale-name").textContent = data.scale.label;
    this.find("most").textContent = `${data.scale.most.toFixed(2)} and more`;
    this.image("bar").src = data.scale.bar;
    if (this.at === undefined || !this.items.has(this.at)) this.at = this.ids.get(this.place) ?? this.at;
    this.draw();
    if ((this.verdicts.pending.length && !data.problem) || !this.here()) this.reportLater();
  }

  /** Another queue; what is pending of the one before is sent all the same. @param {Desk} data */
  begin(data) {
    [this.queue, this.at, this.place] = [data.queue, data.start, data.place];
    [this.items, this.notes, this.ids] = [new Map(), new Map(), new Map()];
    this.verdicts.trail = [...data.trail];
  }

  reportLater() {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.report(), AGAIN_MS);
  }

  report() {
    const { pending } = this.verdicts;
    const near = [...this.items.values()].filter((one) => one.original && Math.abs(one.place - this.place) < KEPT);
    this.send({ place: this.place, pending, known: near.map((one) => one.id), turn: ++this.turn });
    if (pending.length) this.reportLater();
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (document.querySelector('[role="dialog"]') || !this.root.isConnected) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const choice = this.choices.find((one) => one.key === key);
    if (!choice) return;
    event.preventDefault();
    choice.act();
  }

  /** The verdict that holds for an image. @param {string} id */
  said(id) {
    return this.verdicts.of(id, this.items.get(id));
  }

  /** What can be undone of the next verdict on an image. @param {string} image @returns {Step} */
  before(image) {
    const { verdict, note } = this.said(image);
    return { image, place: this.place, verdict, note };
  }

  /** @param {string} verdict */
  decide(verdict) {
    const item = this.here();
    if (!item) return; // nobody has seen it yet
    const before = this.before(item.id);
    const note = this.notes.get(item.id) ?? before.note;
    this.verdicts.decide(before, { verdict, note }, this.data.stamp);
    this.go(this.place + 1);
  }

  undo() {
    const last = this.verdicts.undo(this.data.stamp);
    if (!last) return;
    this.notes.delete(last.image);
    this.go(last.place >= 0 ? last.place : this.place);
  }

  /** A note of its own changes a verdict that was given before. */
  annotate() {
    if (this.at === undefined) return;
    const before = this.before(this.at);
    if (!before.verdict || before.note === this.note.value) return;
    this.verdicts.decide(before, { verdict: before.verdict, note: this.note.value }, this.data.stamp);
    this.report();
    this.draw();
  }

  /** @param {number} step */
  move(step) {
    this.go(this.place + step);
  }

  /** @param {number} place */
  go(place) {
    this.place = clamp(place, 0, this.data.total - 1);
    this.at = this.ids.get(this.place);
    this.draw();
    this.report();
  }

  draw() {
    const { data, place, verdicts } = this;
    const item = this.here();
    const decided = data.decided + verdicts.added((id) => this.items.get(id));
    this.root.classList.toggle("review-waiting", !item);
    this.find("progress").textContent = `${decided} of ${data.total} decided · image ${place + 1}`;
    this.find("done").style.width = `${(100 * decided) / data.total}%`;
    this.drawStatus();
    this.root.dataset.place = String(place);
    this.root.dataset.pending = String(verdicts.pending.length);
    if (item) this.drawItem(item);
  }

  /** @param {Known & Pictures} item */
  drawItem(item) {
    this.root.dataset.image = item.id;
    this.image("original").src = this.image("under").src = item.original;
    this.image("rebuilt").src = item.rebuilt;
    this.image("error").src = item.error;
    this.drawWhole(item);
    this.fade();
    this.find("title").textContent = item.title;
    this.find("facts").replaceChildren(...item.facts.map((fact) => make("li", "", fact)));
    this.drawOthers(item);
    const said = this.said(item.id);
    this.buttons.forEach((button, i) => {
      button.setAttribute("aria-pressed", String(said.verdict === VERDICTS[i].name));
    });
    const focused = /** @type {Document | ShadowRoot} */ (this.root.getRootNode()).activeElement;
    if (document.activeElement !== this.note && focused !== this.note) {
      this.note.value = this.notes.get(item.id) ?? said.note;
    }
    const isOver = [this.place === 0, this.place === this.data.total - 1, !this.verdicts.trail.length];
    this.moves.forEach((button, i) => (button.disabled = isOver[i]));
    this.find("near").replaceChildren(...item.near.map(stripOf));
  }

  /** The picture that the image was made of, beside what the network saw. @param {Known & Pictures} item */
  drawWhole({ original, outline, full, why_none }) {
    const isOther = Boolean(full || why_none);
    this.root.classList.toggle("review-with-whole", isOther);
    this.find("whole").hidden = !isOther;
    const seen = isOther ? "as the network saw it" : "original";
    this.find("seen").textContent = outline ? `${seen}, defect outlined` : seen;
    this.image("outline").hidden = !outline;
    if (outline) this.image("outline").src = outline;
    if (isOther) this.showWhole(full || original, why_none || "original");
    const next = this.items.get(this.ids.get(this.place + 1) ?? "");
    if (next?.full) new Image().src = next.full; // there when it is asked for
  }

  /** @param {string} address @param {string} words */
  showWhole(address, words) {
    const image = this.image("full");
    if (image.getAttribute("src") !== address) image.src = address;
    find(this.root, "review-open", HTMLAnchorElement).href = address;
    this.find("whole-name").textContent = words;
  }

  /** The server has no original after all: it says why, and what the network saw is shown. */
  async withoutWhole() {
    const item = this.here();
    if (!item?.full) return;
    let why = "Its original cannot be shown now.";
    try {
      const response = await fetch(item.full);
      if (response.status === 404) why = await response.text();
    } catch {
      // the server is away, which the desk says by itself
    }
    [item.full, item.why_none] = ["", why];
    this.items.set(item.id, item);
    if (this.at === item.id) this.drawWhole(item);
  }

  /** The image that is shown, or undefined while its pictures are on their way. */
  here() {
    const item = this.items.get(this.at ?? "");
    return item?.original ? /** @type {Known & Pictures} */ (item) : undefined;
  }

  /** @param {Known} item */
  drawOthers({ id, others }) {
    const rows = others.map(({ reviewer, verdict, note }) => {
      const row = make("div", "review-other");
      const said = make("span", `review-said review-${verdict}`, verdict);
      row.append(make("b", "", reviewer), said, make("span", "", note));
      return row;
    });
    const verdicts = others.map(({ verdict }) => verdict);
    if (isContested(this.said(id).verdict, verdicts)) rows.unshift(make("div", "review-clash", "You disagree:"));
    this.find("others").replaceChildren(...rows);
  }

  drawStatus() {
    const { problem, kept } = this.data;
    const { refused, pending } = this.verdicts;
    const box = this.find("problem");
    box.hidden = !((problem && pending.length) || refused);
    if (!box.hidden) this.drawProblem(box, refused ? refused.n : pending.length, refused?.why);
    const { state, text } = this.verdicts.status(Boolean(problem), kept.length > 0);
    const saved = this.find("saved");
    saved.textContent = text;
    saved.dataset.state = state;
  }

  /**
   * The button stays the same element while the words do, so that a click on it is never lost.
   * @param {HTMLElement} box @param {number} n decisions that are not saved
   * @param {string | undefined} why they never will be, if so
   */
  drawProblem(box, n, why) {
    const words = `${n} ${why === undefined} ${why ?? this.data.problem}`;
    if (box.dataset.said === words) return;
    box.dataset.said = words;
    box.replaceChildren(make("b", "", `NOT saved: ${n}. `), make("span", "", why ?? this.data.problem));
    if (why !== undefined) return;
    const again = makeButton("review-button", "Try again");
    again.addEventListener("click", () => this.report());
    box.append(again);
  }

  fade() {
    this.image("error").style.opacity = this.opacity.value;
  }
}

/** @param {Choice} choice */
function choiceButton({ label, shown, className, act }) {
  const button = makeButton(`review-button review-${className}`);
  button.append(make("span", "", label), make("kbd", "", shown));
  button.addEventListener("click", act);
  return button;
}

/** @param {Strip} strip */
function stripOf({ title, pictures }) {
  const row = make("div", "review-row");
  for (const { src, text } of pictures) {
    const image = make("img");
    [image.src, image.alt] = [src, text];
    const figure = make("figure", "review-small");
    figure.append(image, make("figcaption", "", text));
    row.append(figure);
  }
  const strip = make("div", "review-strip");
  strip.append(make("div", "review-strip-title", title), row);
  return strip;
}

function newName() {
  return crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`; // pages of other hosts without TLS have none
}
