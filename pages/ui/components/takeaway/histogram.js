// How many images have which error, and a threshold that can be dragged.

import { contextOf, setAttributes } from "../shared/dom.js";
import { clamp, precise } from "../shared/numbers.js";

const BINS = 48;
const FOOT = 18; // pixels for the numbers below

export class Histogram {
  /** @param {HTMLCanvasElement} canvas @param {() => void} moved the threshold was moved */
  constructor(canvas, moved) {
    this.canvas = canvas;
    this.moved = moved;
    /** @type {Float32Array} */
    this.errors = new Float32Array([1]);
    this.counts = new Uint32Array(BINS);
    /** Logarithms of the least and the greatest error, with room. */
    this.domain = [0, 1];
    this.threshold = 1;
    this.isHeld = false;
    canvas.tabIndex = 0;
    setAttributes(canvas, { role: "slider", "aria-label": "Threshold: images with a larger error stand out" });
    canvas.addEventListener("pointerdown", (event) => this.grab(event));
    canvas.addEventListener("pointermove", (event) => this.isHeld && this.drag(event));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"])
      canvas.addEventListener(end, () => (this.isHeld = false));
    canvas.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  /** @param {Float32Array} errors @param {number} threshold */
  show(errors, threshold) {
    this.errors = errors;
    const logs = Array.from(errors, (error) => Math.log10(Math.max(error, 1e-12)));
    const [low, high] = [Math.min(...logs), Math.max(...logs)];
    const room = (high - low || 1) * 0.05;
    this.domain = [low - room, high + room];
    this.counts = new Uint32Array(BINS);
    for (const log of logs) this.counts[clamp(Math.floor(this.share(log) * BINS), 0, BINS - 1)]++;
    this.set(threshold, false);
  }

  /** How many images have a larger error. */
  above() {
    return this.errors.reduce((n, error) => n + Number(error > this.threshold), 0);
  }

  /** @param {number} threshold @param {boolean} isMoved by somebody */
  set(threshold, isMoved = true) {
    this.threshold = clamp(threshold, 10 ** this.domain[0], 10 ** this.domain[1]);
    setAttributes(this.canvas, {
      "aria-valuemin": 10 ** this.domain[0],
      "aria-valuemax": 10 ** this.domain[1],
      "aria-valuenow": this.threshold,
      "aria-valuetext": `${precise(this.threshold)}: ${this.above()} images above`,
    });
    this.draw();
    if (isMoved) this.moved();
  }

  /** @param {number} log */
  share(log) {
    return (log - this.domain[0]) / (this.domain[1] - this.domain[0]);
  }

  /** @param {PointerEvent} event */
  grab(event) {
    if (!event.isPrimary || event.button) return;
    this.isHeld = true;
    this.canvas.setPointerCapture(event.pointerId);
    this.drag(event);
  }

  /** @param {PointerEvent} event */
  drag(event) {
    const box = this.canvas.getBoundingClientRect();
    const share = clamp((event.clientX - box.left) / box.width, 0, 1);
    this.set(10 ** (this.domain[0] + share * (this.domain[1] - this.domain[0])));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageDown: -10, PageUp: 10 }[event.key];
    if (!step) return;
    event.preventDefault();
    this.set(this.threshold * 10 ** ((step * (this.domain[1] - this.domain[0])) / 200));
  }

  draw() {
    const { canvas, counts } = this;
    const inPixels = (/** @type {number} */ side) => Math.round(side * devicePixelRatio);
    const [width, height] = [inPixels(canvas.clientWidth), inPixels(canvas.clientHeight)];
    if (!width || !height) return;
    [canvas.width, canvas.height] = [width, height];
    const context = contextOf(canvas);
    const style = getComputedStyle(canvas);
    const ink = (/** @type {string} */ name) => style.getPropertyValue(name) || "#7a828c";
    const foot = height - FOOT * devicePixelRatio;
    const most = Math.max(...counts, 1);
    const line = this.share(Math.log10(this.threshold)) * width;
    counts.forEach((count, k) => {
      const [x, tall] = [(k / BINS) * width, Math.sqrt(count / most) * (foot - 4)];
      context.fillStyle = ink((k + 0.5) / BINS > line / width ? "--st-red-color" : "--st-gray-color");
      context.fillRect(x, foot - tall, width / BINS - 1, tall);
    });
    context.fillStyle = ink("--st-text-color");
    context.fillRect(line - devicePixelRatio, 0, 2 * devicePixelRatio, foot);
    context.font = `${11 * devicePixelRatio}px sans-serif`;
    for (let power = Math.ceil(this.domain[0]); power <= this.domain[1]; power++) {
      context.fillText(precise(10 ** power), this.share(power) * width, height - 4 * devicePixelRatio);
    }
  }
}
