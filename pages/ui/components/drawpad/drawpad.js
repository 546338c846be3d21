// A sheet to draw on. Strokes are drawn here; the server hears of the picture when a stroke is finished.

import { find, viewOf } from "../shared/component.js";
import { contextOf } from "../shared/dom.js";
import { arrowOf } from "../shared/keyboard.js";
import { clamp } from "../shared/numbers.js";

/** A place on the canvas, in its pixels. @typedef {[number, number]} Point */
/** width: of the brush. @typedef {{width: number, points: Point[]}} Stroke */
/** page: another number asks for a clean sheet. @typedef {{page: number}} Data */
/** png: the picture as an address; "" for a clean sheet. @typedef {{page: number, png: string}} Drawing */

const STEP = 5; // pixels that a key moves the pen
const REST_MS = 500; // keys and the brush's slider draw bit by bit: report when they rest

/** @param {import("../shared/component.js").Mount<Data>} mounted */
export default function mount({ data, parentElement, setStateValue }) {
  const pad = viewOf("drawpad", parentElement, () => new Pad(find(parentElement, "pad-root", HTMLElement), announce));
  globalThis.hourglassPad = () => pad.sheet();
  pad.report = (drawing) => setStateValue("drawing", drawing);
  if (data) pad.turnTo(data.page);
  return () => clearTimeout(pad.timer);
}

/** Tells what runs in this document that the sheet has changed: live/live.js. */
function announce() {
  dispatchEvent(new Event("hourglass-pad"));
}

export class Pad {
  /** @param {HTMLElement} root @param {() => void} drawn called after each change, while a stroke is drawn too */
  constructor(root, drawn = () => {}) {
    this.root = root;
    this.drawn = drawn;
    this.canvas = find(root, "pad-canvas", HTMLCanvasElement);
    this.cursor = find(root, "pad-cursor", HTMLElement);
    this.brush = find(root, "pad-brush", HTMLInputElement);
    this.undoButton = find(root, "pad-undo", HTMLButtonElement);
    this.clearButton = find(root, "pad-clear", HTMLButtonElement);
    this.context = contextOf(this.canvas, true);
    this.strokes = new Strokes();
    this.byKey = false; // whether the stroke being drawn is drawn with keys
    /** @type {Point} */
    this.pen = [this.canvas.width / 2, this.canvas.height / 2];
    /** @type {number | undefined} */
    this.page = undefined;
    this.timer = 0;
    this.report = (/** @type {Drawing} */ _drawing) => {};
    this.listen();
    this.draw();
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => this.pointerDown(event));
    canvas.addEventListener("pointermove", (event) => this.pointerMove(event));
    canvas.addEventListener("pointerup", () => this.pointerUp());
    canvas.addEventListener("pointercancel", () => this.pointerUp());
    canvas.addEventListener("lostpointercapture", () => this.pointerUp());
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("blur", () => this.liftPen());
    this.undoButton.addEventListener("click", () => this.undo());
    this.clearButton.addEventListener("click", () => this.clear());
  }

  /** @param {number} page */
  turnTo(page) {
    if (page === this.page) return;
    if (this.page !== undefined) this.strokes.clear();
    this.page = page;
    this.draw();
  }

  // --- pointer ---

  /** @param {PointerEvent} event @returns {Point} */
  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const scale = this.canvas.width / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  }

  /** @param {PointerEvent} event */
  pointerDown(event) {
    if (!event.isPrimary || event.button) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.liftPen();
    this.cursor.hidden = true;
    this.begin(this.at(event));
  }

  /** @param {PointerEvent} event */
  pointerMove(event) {
    if (!this.strokes.current || !event.isPrimary || this.byKey) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const one of events.length ? events : [event]) this.strokes.add(this.at(one));
    this.draw();
  }

  pointerUp() {
    if (!this.strokes.current || this.byKey) return;
    this.strokes.end();
    this.tell();
  }

  /** @param {Point} point */
  begin(point) {
    this.strokes.begin(Number(this.brush.value), point);
    this.draw();
  }

  // --- keyboard ---

  /** @param {KeyboardEvent} event */
  key(event) {
    const step = arrowOf(event.key);
    if (step) this.step(step);
    else if (event.key === " " && this.byKey) this.liftPen();
    else if (event.key === " ") this.lowerPen();
    else if (event.key === "Delete" || event.key === "Backspace") this.clear();
    else if (event.key.toLowerCase() === "z") this.undo();
    else return;
    event.preventDefault();
  }

  /** @param {[number, number]} step */
  step(step) {
    this.pen = stepped(this.pen, step, [this.canvas.width, this.canvas.height]);
    this.showCursor();
    if (!this.byKey) return;
    this.strokes.add(this.pen);
    this.draw();
    this.tellSoon();
  }

  lowerPen() {
    this.byKey = true;
    this.begin(this.pen);
    this.showCursor();
    this.tellSoon();
  }

  liftPen() {
    if (!this.byKey) return;
    this.byKey = false;
    this.strokes.end();
    this.showCursor();
    this.tell();
  }

  showCursor() {
    this.cursor.hidden = false;
    this.cursor.classList.toggle("pad-down", this.byKey);
    this.cursor.style.left = `${(100 * this.pen[0]) / this.canvas.width}%`;
    this.cursor.style.top = `${(100 * this.pen[1]) / this.canvas.height}%`;
  }

  // --- strokes ---

  undo() {
    this.byKey = false;
    if (this.strokes.undo()) this.changed();
  }

  clear() {
    this.byKey = false;
    if (this.strokes.clear()) this.changed();
  }

  changed() {
    this.draw();
    this.tell();
  }

  draw() {
    const { context, canvas } = this;
    const { all } = this.strokes;
    context.shadowBlur = 0;
    context.fillStyle = "#000";
    context.fillRect(0, 0, canvas.width, canvas.height);
    for (const stroke of all) paint(context, stroke);
    this.root.classList.toggle("pad-drawn", all.length > 0);
    this.root.dataset.strokes = String(all.length);
    this.undoButton.disabled = this.clearButton.disabled = !all.length;
    this.drawn();
  }

  /** The sheet, its pixels as they are. */
  sheet() {
    return this.context.getImageData(0, 0, this.canvas.width, this.canvas.height);
  }

  tellSoon() {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.tell(), REST_MS);
  }

  tell() {
    clearTimeout(this.timer);
    const png = this.strokes.all.length ? this.canvas.toDataURL("image/png") : "";
    this.report({ page: this.page ?? 0, png });
  }
}

/** The strokes on a sheet; the sheet is always what drawing them gives. */
export class Strokes {
  constructor() {
    /** @type {Stroke[]} */
    this.all = [];
    /** The one that is being drawn. @type {Stroke | undefined} */
    this.current = undefined;
  }

  /** @param {number} width @param {Point} point */
  begin(width, point) {
    this.current = { width, points: [point] };
    this.all.push(this.current);
  }

  /** @param {Point} point */
  add(point) {
    this.current?.points.push(point);
  }

  end() {
    this.current = undefined;
  }

  /** Takes the last stroke back; whether there was one. */
  undo() {
    this.end();
    return this.all.pop() !== undefined;
  }

  /** Takes all strokes away; whether there were any. */
  clear() {
    this.end();
    return this.all.splice(0).length > 0;
  }
}

/**
 * Where the pen is after a step; it stays on the sheet.
 * @param {Point} pen @param {[number, number]} step @param {[number, number]} size of the sheet @returns {Point}
 */
export function stepped(pen, step, size) {
  return [clamp(pen[0] + STEP * step[0], 0, size[0]), clamp(pen[1] + STEP * step[1], 0, size[1])];
}

/**
 * One soft line through the points, rounded between them.
 * @param {CanvasRenderingContext2D} context @param {Stroke} stroke
 */
function paint(context, { width, points }) {
  context.lineWidth = width * 0.8;
  context.lineCap = context.lineJoin = "round";
  context.strokeStyle = context.shadowColor = "#fff";
  context.shadowBlur = width * 0.3;
  context.beginPath();
  context.moveTo(...points[0]);
  for (let i = 1; i < points.length - 1; i++) {
    const [a, b] = [points[i], points[i + 1]];
    context.quadraticCurveTo(...a, (a[0] + b[0]) / 2, (a[1] + b[1]) / 2);
  }
  const [x, y] = points[points.length - 1];
  context.lineTo(x, points.length > 1 ? y : y + 0.01); // a tap is a dot
  context.stroke();
}
