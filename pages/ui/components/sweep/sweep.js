// A slider over precomputed frames. Everything that follows the finger is drawn here, without a message to the server;
// the server hears the value when the slider is let go, and which image was clicked.

import { find, notYet, viewOf } from "../shared/component.js";
import { contextOf, make } from "../shared/dom.js";
import { inflate, reader, split } from "../shared/message.js";
import { fixed, nearest } from "../shared/numbers.js";
import { onTouch } from "../shared/touches.js";
import { BarCharts } from "./bars.js";
import { Chart } from "./chart.js";
import { cellsOf, lanesOf, LARGE, thereAndBack } from "./layout.js";
import { Motion } from "./motion.js";
import { Rows } from "./rows.js";

/** @typedef {import("./pictures.js").Header} Header */
/** @typedef {import("../shared/message.js").Reader} Reader */

const SETTLE_MS = 250; // keys and wheel change the value step by step: report when they rest
const PLAY_MS = 4000;
const DEMO_MS = 4800; // shorter than the five seconds from which what moves by itself disturbs
const [NARROW, WIDE] = [560, 720]; // pixels

/** @param {import("../shared/component.js").Mount} mounted */
export default function mount({ data, parentElement, setStateValue, setTriggerValue }) {
  const view = viewOf("sweep", parentElement, () => new SweepView(parentElement));
  view.report = (value) => setStateValue("value", value);
  view.open = (id) => setTriggerValue("clicked", id);
  if (data) view.receive(data);
  return () => view.close();
}

export class SweepView {
  /** @param {ParentNode} parent */
  constructor(parent) {
    const part = (/** @type {string} */ name) => find(parent, `sweep-${name}`, HTMLElement);
    this.root = part("root");
    this.playButton = find(parent, "sweep-play", HTMLButtonElement);
    this.input = find(parent, "sweep-input", HTMLInputElement);
    this.name = part("name");
    this.value = part("value");
    this.near = part("near");
    this.marks = part("marks");
    this.bands = part("bands");
    this.legend = part("legend");
    this.report = (/** @type {number} */ _value) => {};
    this.open = (/** @type {string} */ _id) => {};
    this.rows = new Rows(this.bands, (id) => this.open(id));
    this.chart = new Chart(part("chart"), (value, done) => this.steer(value, done));
    this.bars = new BarCharts(part("bars"), part("body"));
    this.motion = new Motion(
      (frame) => this.moveTo(frame),
      (isPlaying) => this.root.classList.toggle("sweep-playing", isPlaying),
    );
    /** The newest message's. @type {string | undefined} */
    this.latest = undefined;
    /** Set before anything is drawn. @type {Header} */
    this.header = notYet;
    this.frame = 0;
    /** What was asked for last, which may not be among the values. @type {number | undefined} */
    this.wanted = undefined;
    this.isDemonstrated = false;
    this.timer = 0;
    this.listen();
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(this.root);
    this.host = /** @type {HTMLElement} */ (/** @type {ShadowRoot} */ (this.root.getRootNode()).host);
    this.host.dataset.waiting = ""; // app.css shows what is below when this has its height
  }

  listen() {
    this.input.addEventListener("input", () => this.move());
    this.input.addEventListener("change", () => this.settle());
    this.playButton.addEventListener("click", () => (this.motion.isPlaying ? this.pause() : this.play()));
  }

  close() {
    this.observer.disconnect();
    this.pause();
    clearTimeout(this.timer);
  }

  /** @param {Uint8Array} bytes */
  async receive(bytes) {
    const { header, body } = split(bytes);
    this.chart.receive(header.chart);
    if (header.id === this.latest) return; // a rerun that changed nothing here
    this.latest = header.id;
    if (!this.header) this.show(header, null); // takes its room at once; the pictures follow
    const arrays = reader(await inflate(body));
    if (header.id === this.latest) this.show(header, arrays); // else something newer overtook it
  }

  /** @param {Header} header @param {Reader | null} arrays */
  show(header, arrays) {
    this.wanted ??= header.start; // what is not among these values may be among the next ones
    this.header = header;
    this.frame = nearest(header.values, this.wanted);
    this.rows.receive(header, arrays);
    this.showSlider();
    this.bars.receive(header.bars, arrays);
    this.fit();
    this.drawLegend();
    this.root.dataset.ready = "";
    delete this.host.dataset.waiting;
    if (arrays && header.moves) this.demonstrate();
    if (arrays) this.drawn();
  }

  /** What stood in for it while the page started can go. */
  drawn() {
    dispatchEvent(new Event("hourglass-drawn"));
  }

  showSlider() {
    const { header, input } = this;
    input.max = String(header.values.length - 1);
    input.value = String(this.frame);
    input.setAttribute("aria-label", header.label);
    this.name.textContent = header.label;
    this.name.title = header.help;
    this.playButton.title = `Play: ${header.label} from here to the end`;
    this.playButton.setAttribute("aria-label", this.playButton.title);
    const marks = [...header.marks].sort((a, b) => a.value - b.value);
    this.marks.replaceChildren(...marks.map(({ value, label }) => markOf(label, shareOf(value, header.values))));
  }

  fit() {
    if (!this.header) return;
    this.chart.fit();
    const [, h, w] = this.header.shape;
    const all = this.root.clientWidth;
    this.root.classList.toggle("sweep-narrow", all < NARROW);
    this.root.classList.toggle("sweep-wide", all >= WIDE);
    const width = this.header.bars.length ? this.bands.clientWidth : all; // the bands are as wide as what is in them
    if (!width) return;
    this.bars.fit();
    const { columns, cell, picture, gap } = cellsOf([w, h], this.header.cells.length, width, devicePixelRatio);
    this.root.classList.toggle("sweep-smooth", Math.max(w, h) >= LARGE);
    const lengths = { cell, picture, gap, strip: columns * (cell + gap) - gap };
    for (const [name, length] of Object.entries(lengths)) this.root.style.setProperty(`--${name}`, `${length}px`);
    this.laneMarks();
    if (this.rows.arrange(columns)) this.draw(true);
  }

  /** Labels that would overlap stand in lanes, one below the other. */
  laneMarks() {
    const marks = /** @type {HTMLElement[]} */ ([...this.marks.children]);
    const labels = marks.map((mark) => {
      const { left, right } = mark.getBoundingClientRect();
      return { left, right, at: mark.dataset.side === "end" ? right : left };
    });
    const lanes = lanesOf(labels);
    marks.forEach((mark, i) => mark.style.setProperty("--lane", String(lanes[i])));
    this.marks.style.setProperty("--lanes", String(Math.max(-1, ...lanes) + 1));
  }

  // --- moved by somebody

  move() {
    this.pause();
    this.go(Number(this.input.value));
  }

  /** To a frame that somebody asked for. @param {number} frame */
  go(frame) {
    this.frame = frame;
    this.wanted = this.header.values[frame];
    this.draw(false);
  }

  /** The pointer is in the chart. @param {number} value @param {boolean} done */
  steer(value, done) {
    this.pause();
    const frame = nearest(this.header.values, value);
    this.input.value = String(frame);
    this.go(frame);
    if (done) this.settle();
  }

  settle() {
    this.wanted = this.header.values[this.frame];
    this.sayNearest();
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.report(this.header.values[this.frame]), SETTLE_MS);
  }

  // --- moved by itself

  play() {
    const last = this.header.values.length - 1;
    const from = this.frame === last ? 0 : this.frame;
    this.motion.run(
      (ms) => Math.min(last, from + Math.floor((ms / PLAY_MS) * last)),
      () => this.frame === last,
      () => this.settle(),
    );
  }

  pause() {
    this.motion.stop(() => this.settle());
  }

  /**
   * Once, to whoever is here for the first time: to both ends and back to where the slider stands, which the server
   * need not hear. The first touch of anything ends it there at once, so that nobody is left with an amount that nobody
   * chose; the pause button alone stops it where it is. What was begun while the page started (server/shell_landing.js)
   * is continued. What is over does not begin again in a slider that takes the place of this one.
   */
  demonstrate() {
    const isOver = this.isDemonstrated || globalThis.hourglassMoved;
    if (isOver || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    this.isDemonstrated = true;
    const [from, last] = [this.frame, this.header.values.length - 1];
    const ended = new AbortController();
    const over = () => {
      globalThis.hourglassMoved = true;
      ended.abort();
    };
    const touched = (/** @type {Event} */ event) => {
      if (!event.composedPath().includes(this.playButton)) this.goBack(from);
      over();
    };
    onTouch(touched, ended.signal);
    this.motion.run(
      (ms) => thereAndBack(from, last, ms / DEMO_MS),
      (ms) => ms >= DEMO_MS,
      over,
      globalThis.hourglassGone,
    );
  }

  /** Ends what moves by itself, at a frame that the server knows. @param {number} frame */
  goBack(frame) {
    this.motion.stop(() => this.moveTo(frame));
  }

  /** @param {number} frame */
  moveTo(frame) {
    this.frame = frame;
    this.input.value = String(frame);
    this.draw(false);
  }

  // --- drawing

  /** @param {boolean} all also what does not move */
  draw(all) {
    const { header, frame } = this;
    const text = this.textOf(header.values[frame]);
    this.value.textContent = text;
    this.sayNearest();
    this.input.setAttribute("aria-valuetext", text);
    this.input.style.setProperty("--at", String(frame / Math.max(1, header.values.length - 1)));
    this.chart.at(header.values[frame]);
    this.bars.at(frame);
    this.rows.draw(frame, all);
    if (!this.rows.content) return;
    this.root.dataset.frame = String(frame);
    this.root.dataset.id = header.id;
  }

  /** A value as it is written. @param {number} value */
  textOf(value) {
    return this.header.prefix + fixed(value, this.header.digits);
  }

  /** What a link or another page asks for may not be among the values. */
  sayNearest() {
    const shown = this.textOf(this.header.values[this.frame]);
    const asked = this.wanted === undefined ? shown : this.textOf(this.wanted);
    this.near.hidden = asked === shown || this.motion.isPlaying;
    this.near.textContent = this.near.hidden
      ? ""
      : `${asked} was asked for: the nearest step of this slider is ${shown}.`;
  }

  /** The colours of errors. */
  drawLegend() {
    const { scale } = this.header;
    const colours = this.rows.content?.colours;
    this.legend.hidden = !scale;
    if (!scale || !colours) return;
    const canvas = /** @type {HTMLCanvasElement} */ (this.legend.querySelector("canvas"));
    const bar = new ImageData(256, 1);
    for (let k = 0; k < 256; k++) bar.data.set([...colours.subarray(3 * k, 3 * k + 3), 255], 4 * k);
    contextOf(canvas).putImageData(bar, 0, 0);
    const ends = this.legend.querySelectorAll(".sweep-end");
    ends[0].textContent = "0";
    ends[1].textContent = `${scale.most.toFixed(2)} and more`;
    find(this.legend, "sweep-scale", HTMLElement).textContent = scale.label;
  }
}

/**
 * How far along a slider a value stands, 0 to 1.
 * @param {number} value @param {number[]} values of the slider, rising
 */
export function shareOf(value, values) {
  const [first, last] = [values[0], values[values.length - 1]];
  return (value - first) / (last - first);
}

/** @param {string} label @param {number} share of the slider's length */
function markOf(label, share) {
  const mark = make("span", "sweep-mark");
  mark.append(make("span", "sweep-mark-label", label));
  mark.style.setProperty("--at", String(share));
  mark.dataset.side = share > 0.75 ? "end" : "start";
  return mark;
}
