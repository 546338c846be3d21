// The numbers of a code, a bar each, that can be dragged. One canvas holds any number of them.

import { contextOf, setAttributes } from "./dom.js";
import { clamp, fixed } from "./numbers.js";

const EDGE = { top: 8, bottom: 8, side: 2 };
const STEPS = 40; // of the range that a number has: what an arrow key moves it by is one

export class CodeBars {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {(code: Float32Array, k: number) => void} changed somebody has moved number k; the code is a copy
   */
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.changed = changed;
    /** @type {Float32Array} */
    this.code = new Float32Array(1);
    /** The code as the model gave it, before anything was dragged. @type {Float32Array} */
    this.own = new Float32Array(1);
    /** Least and greatest value of each number, with room. */
    this.low = new Float32Array([-1]);
    this.high = new Float32Array([1]);
    this.at = 0;
    this.isHeld = false;
    canvas.tabIndex = 0;
    setAttributes(canvas, { role: "slider", "aria-orientation": "vertical" });
    canvas.addEventListener("pointerdown", (event) => this.grab(event));
    canvas.addEventListener("pointermove", (event) => this.isHeld && this.drag(event));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"])
      canvas.addEventListener(end, () => (this.isHeld = false));
    canvas.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  /**
   * The values that each number takes over many images; the bars reach a quarter of the range beyond, and 0.
   * @param {ArrayLike<number>} low @param {ArrayLike<number>} high
   */
  range(low, high) {
    const room = Array.from(low, (value, k) => (high[k] - value || 1) / 4);
    this.low = Float32Array.from(low, (value, k) => Math.min(0, value - room[k]));
    this.high = Float32Array.from(high, (value, k) => Math.max(0, value + room[k]));
    this.at = Math.min(this.at, low.length - 1);
  }

  /** Shows a code. @param {Float32Array} code @param {boolean} isOwn whether the model gave it */
  show(code, isOwn) {
    this.code = code;
    if (isOwn) this.own = code;
    this.draw();
  }

  /** @param {number} k @param {number} value */
  set(k, value) {
    const code = this.code.slice();
    code[k] = clamp(value, this.low[k], this.high[k]);
    this.at = k;
    this.show(code, false);
    this.changed(code.slice(), k);
  }

  // --- pointer and keys

  /** @param {PointerEvent} event */
  grab(event) {
    if (!event.isPrimary || event.button) return;
    this.isHeld = true;
    this.canvas.setPointerCapture(event.pointerId);
    const box = this.canvas.getBoundingClientRect();
    const share = (event.clientX - box.left - EDGE.side) / (box.width - 2 * EDGE.side);
    this.at = clamp(Math.floor(share * this.code.length), 0, this.code.length - 1);
    this.drag(event);
  }

  /** @param {PointerEvent} event */
  drag(event) {
    const box = this.canvas.getBoundingClientRect();
    const share = 1 - (event.clientY - box.top - EDGE.top) / (box.height - EDGE.top - EDGE.bottom);
    const [low, high] = this.span();
    this.set(this.at, low + share * (high - low));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const sideways = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const upward = { ArrowUp: 1, ArrowDown: -1, PageUp: 5, PageDown: -5 }[event.key];
    const step = (this.high[this.at] - this.low[this.at]) / STEPS;
    if (sideways) this.at = clamp(this.at + sideways * (event.shiftKey ? 10 : 1), 0, this.code.length - 1);
    else if (upward) this.set(this.at, this.code[this.at] + upward * step * (event.shiftKey ? 5 : 1));
    else if (event.key === "0") this.set(this.at, 0);
    else return;
    event.preventDefault();
    this.draw();
  }

  // --- drawing

  /** Of all bars, so that their heights can be compared. @returns {[number, number]} */
  span() {
    let [low, high] = [0, 0];
    for (let k = 0; k < this.low.length; k++) [low, high] = [Math.min(low, this.low[k]), Math.max(high, this.high[k])];
    return low < high ? [low, high] : [-1, 1];
  }

  draw() {
    const { canvas, code } = this;
    const [width, height] = [canvas.clientWidth * devicePixelRatio, canvas.clientHeight * devicePixelRatio];
    this.say();
    if (!width || !height) return;
    if (canvas.width !== Math.round(width)) canvas.width = Math.round(width);
    if (canvas.height !== Math.round(height)) canvas.height = Math.round(height);
    const context = contextOf(canvas);
    const style = getComputedStyle(canvas);
    const ink = (/** @type {string} */ name) => style.getPropertyValue(name) || "#7a828c";
    context.clearRect(0, 0, canvas.width, canvas.height);
    const step = (canvas.width - 2 * EDGE.side * devicePixelRatio) / code.length;
    const thick = Math.max(1, step * 0.8);
    const x = (/** @type {number} */ k) => EDGE.side * devicePixelRatio + (k + 0.5) * step - thick / 2;
    const zero = this.y(0);
    for (let k = 0; k < code.length; k++) {
      context.fillStyle = ink(k === this.at ? "--st-orange-color" : "--st-primary-color");
      const y = this.y(code[k]);
      context.fillRect(x(k), Math.min(y, zero), thick, Math.max(1, Math.abs(y - zero)));
    }
    context.fillStyle = ink("--st-text-color");
    context.fillRect(0, zero, canvas.width, Math.max(1, devicePixelRatio / 2));
    if (code.length > 400 || this.own.length !== code.length) return; // marks would hide the bars
    for (let k = 0; k < code.length; k++) context.fillRect(x(k), this.y(this.own[k]) - 1, thick, 2);
  }

  /** In the canvas's pixels. @param {number} value */
  y(value) {
    const [low, high] = this.span();
    const foot = this.canvas.height - EDGE.bottom * devicePixelRatio;
    return foot - ((value - low) / (high - low)) * (foot - EDGE.top * devicePixelRatio);
  }

  say() {
    const { canvas, code, at } = this;
    setAttributes(canvas, {
      "aria-valuemin": this.low[at],
      "aria-valuemax": this.high[at],
      "aria-valuenow": code[at],
      "aria-valuetext": `number ${at + 1} of ${code.length}: ${fixed(code[at], 2)}`,
    });
    canvas.dataset.at = String(at);
    canvas.dataset.value = String(code[at]);
  }
}
