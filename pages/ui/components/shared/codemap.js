// A map of codes that is a plane of code space, too: points, and at every place a code that can be decoded.

import { contextOf, setAttributes } from "./dom.js";
import { arrowOf } from "./keyboard.js";
import { clamp, short } from "./numbers.js";

/** @typedef {[number, number]} Place */
/**
 * What is in view: its middle, and half its width and height.
 * @typedef {{x: number, y: number, rx: number, ry: number}} View
 */
/**
 * explored: the pointer or a key is at a place, or has left (null).  pinned: a place was chosen.  moved: the view
 * changed.
 * @typedef {{explored: (place: Place | null) => void, pinned: (place: Place) => void, moved: () => void}} Told
 */

const NEAR = 12; // pixels from a point that are still on it
const FURTHEST = 8; // times the whole map
const CLOSEST = 1e-3;
const KEYS = "Arrow keys explore, with shift in larger steps; plus and minus zoom, 0 shows all; Enter keeps the place.";

export class CodeMap {
  /** @param {HTMLCanvasElement} canvas @param {string} label @param {Told} told */
  constructor(canvas, label, told) {
    this.canvas = canvas;
    this.told = told;
    /** @type {Float32Array} */
    this.points = new Float32Array();
    /** @type {string[]} */
    this.colours = [];
    /** Where the code that is shown lies. @type {Place | null} */
    this.star = null;
    /** @type {Place | null} */
    this.cursor = null;
    /**
     * Decoded images behind the points, and which view they are of.
     * @type {{picture: CanvasImageSource, view: View} | null}
     */
    this.ground = null;
    /** @type {View} */
    this.whole = { x: 0, y: 0, rx: 1, ry: 1 };
    this.view = this.whole;
    /** Where a drag of the view began. @type {{at: Place, view: View} | null} */
    this.dragged = null;
    canvas.tabIndex = 0;
    setAttributes(canvas, { role: "application", "aria-label": `${label} ${KEYS}` });
    this.listen();
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointerup", (event) => this.release(event));
    canvas.addEventListener("pointercancel", () => (this.dragged = null));
    canvas.addEventListener("pointerleave", () => this.explore(null));
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  /** @param {Float32Array} points x and y of each @param {string[]} colours */
  show(points, colours) {
    [this.points, this.colours] = [points, colours];
    this.whole = aroundAll(points);
    this.view = this.whole;
    this.ground = null;
    this.cursor = null;
    this.draw();
  }

  /** @param {Place | null} place of the star */
  mark(place) {
    this.star = place;
    this.draw();
  }

  // --- places

  /** @param {{clientX: number, clientY: number}} event @returns {Place} */
  placeOf(event) {
    const box = this.canvas.getBoundingClientRect();
    const [u, v] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    const { x, y, rx, ry } = this.view;
    return [x + (2 * u - 1) * rx, y - (2 * v - 1) * ry];
  }

  /** In the canvas's pixels. @param {number} x @param {number} y @returns {Place} */
  pixelOf(x, y) {
    const { view, canvas } = this;
    return [
      (0.5 + (x - view.x) / (2 * view.rx)) * canvas.width,
      (0.5 - (y - view.y) / (2 * view.ry)) * canvas.height,
    ];
  }

  /** The point nearest to a place on the screen; -1 if none is near. @param {Place} place */
  pointAt(place) {
    const [x, y] = this.pixelOf(...place);
    let [best, least] = [-1, (NEAR * devicePixelRatio) ** 2];
    for (let i = 0; i < this.points.length / 2; i++) {
      const [px, py] = this.pixelOf(this.points[2 * i], this.points[2 * i + 1]);
      const distance = (px - x) ** 2 + (py - y) ** 2;
      if (distance < least) [best, least] = [i, distance];
    }
    return best;
  }

  // --- pointer and keys

  /** @param {PointerEvent} event */
  press(event) {
    if (event.shiftKey || event.button === 1) {
      this.dragged = { at: [event.clientX, event.clientY], view: this.view };
      this.canvas.setPointerCapture(event.pointerId);
      event.preventDefault();
    } else this.explore(this.placeOf(event));
  }

  /** @param {PointerEvent} event */
  move(event) {
    if (!this.dragged) return this.explore(this.placeOf(event));
    const box = this.canvas.getBoundingClientRect();
    const { at, view } = this.dragged;
    const x = view.x - (2 * view.rx * (event.clientX - at[0])) / box.width;
    this.look({ ...view, x, y: view.y + (2 * view.ry * (event.clientY - at[1])) / box.height });
  }

  /** @param {PointerEvent} event */
  release(event) {
    if (!this.dragged) this.told.pinned(this.placeOf(event));
    this.dragged = null;
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    event.preventDefault();
    this.zoom(1.0015 ** event.deltaY, this.placeOf(event));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const arrow = arrowOf(event.key);
    const { view } = this;
    const from = this.cursor ?? this.star ?? [view.x, view.y];
    if (event.key === "Enter") this.told.pinned(from);
    else if (event.key === "+" || event.key === "=") this.zoom(0.7, from);
    else if (event.key === "-") this.zoom(1 / 0.7, from);
    else if (event.key === "0") this.look(this.whole);
    else if (arrow) {
      const stride = (event.shiftKey ? 10 : 2) / 100;
      this.explore([from[0] + arrow[0] * stride * view.rx, from[1] - arrow[1] * stride * view.ry]);
      this.follow();
    } else return;
    event.preventDefault();
  }

  /** @param {Place | null} place */
  explore(place) {
    this.cursor = place;
    this.told.explored(place);
    this.draw();
  }

  /** The view goes along where keys lead out of it. */
  follow() {
    const { view, cursor } = this;
    if (!cursor) return;
    const x = clamp(view.x, cursor[0] - view.rx, cursor[0] + view.rx);
    const y = clamp(view.y, cursor[1] - view.ry, cursor[1] + view.ry);
    if (x !== view.x || y !== view.y) this.look({ ...view, x, y });
  }

  /** @param {number} factor of what is in view @param {Place} at stays where it is */
  zoom(factor, at = [this.view.x, this.view.y]) {
    const { view, whole } = this;
    const f = clamp(view.rx * factor, CLOSEST * whole.rx, FURTHEST * whole.rx) / view.rx;
    const [x, y] = [at[0] + f * (view.x - at[0]), at[1] + f * (view.y - at[1])];
    this.look({ x, y, rx: view.rx * f, ry: view.ry * f });
  }

  /** @param {View} view */
  look(view) {
    this.view = view;
    this.canvas.dataset.zoom = short(this.whole.rx / view.rx);
    this.told.moved();
    this.draw();
  }

  // --- drawing

  draw() {
    const { canvas } = this;
    const side = Math.round(canvas.clientWidth * devicePixelRatio);
    if (!side) return;
    if (canvas.width !== side) canvas.width = canvas.height = side;
    const context = contextOf(canvas);
    const style = getComputedStyle(canvas);
    context.fillStyle = style.getPropertyValue("--st-secondary-background-color") || "#f5f6f8";
    context.fillRect(0, 0, side, side);
    if (this.ground) this.drawGround(context, this.ground);
    this.drawPoints(context);
    if (this.star) drawStar(context, this.pixelOf(...this.star), 9 * devicePixelRatio);
    if (this.cursor) drawRing(context, this.pixelOf(...this.cursor), 7 * devicePixelRatio);
  }

  /** @param {CanvasRenderingContext2D} context @param {{picture: CanvasImageSource, view: View}} ground */
  drawGround(context, { picture, view }) {
    const [left, top] = this.pixelOf(view.x - view.rx, view.y + view.ry);
    const [right, bottom] = this.pixelOf(view.x + view.rx, view.y - view.ry);
    context.imageSmoothingQuality = "high";
    context.drawImage(picture, left, top, right - left, bottom - top);
  }

  /** @param {CanvasRenderingContext2D} context */
  drawPoints(context) {
    const size = 2.4 * devicePixelRatio;
    context.globalAlpha = 0.85;
    for (let i = 0; i < this.points.length / 2; i++) {
      const [x, y] = this.pixelOf(this.points[2 * i], this.points[2 * i + 1]);
      context.fillStyle = this.colours[i];
      context.fillRect(x - size, y - size, 2 * size, 2 * size);
    }
    context.globalAlpha = 1;
  }
}

/**
 * Axes of a map, and the codes of its places: a plane through the code that is shown, along two directions of length 1.
 * @param {Float32Array} code @param {[Float32Array, Float32Array]} directions @param {Place} place
 * @param {Place} star where the code lies on the map
 */
export function codeAt(code, [a, b], place, star) {
  const [dx, dy] = [place[0] - star[0], place[1] - star[1]];
  let g = 0;
  for (let k = 0; k < code.length; k++) g += a[k] * b[k];
  const det = 1 - g * g; // of directions that are not at right angles
  const [s, t] = [(dx - g * dy) / det, (dy - g * dx) / det];
  return code.map((value, k) => value + s * a[k] + t * b[k]);
}

/** @param {Float32Array} points @returns {View} */
function aroundAll(points) {
  const of = (/** @type {number} */ first) => {
    let [low, high] = [Infinity, -Infinity];
    for (let i = first; i < points.length; i += 2) [low, high] = [Math.min(low, points[i]), Math.max(high, points[i])];
    return [(low + high) / 2, ((high - low) / 2 || 1) * 1.08];
  };
  const [[x, rx], [y, ry]] = [of(0), of(1)];
  return { x, y, rx, ry };
}

/** @param {CanvasRenderingContext2D} context @param {Place} at @param {number} radius */
function drawStar(context, at, radius) {
  context.beginPath();
  for (let k = 0; k < 10; k++) {
    const [r, angle] = [k % 2 ? radius * 0.45 : radius, (k * Math.PI) / 5 - Math.PI / 2];
    context.lineTo(at[0] + r * Math.cos(angle), at[1] + r * Math.sin(angle));
  }
  context.closePath();
  context.fillStyle = "#c8102e";
  context.strokeStyle = "#ffffff";
  context.lineWidth = 1.5 * devicePixelRatio;
  context.fill();
  context.stroke();
}

/** @param {CanvasRenderingContext2D} context @param {Place} at @param {number} radius */
function drawRing(context, at, radius) {
  for (const [colour, width] of /** @type {[string, number][]} */ ([["#ffffff", 3], ["#16191d", 1]])) {
    context.strokeStyle = colour;
    context.lineWidth = width * devicePixelRatio;
    context.beginPath();
    context.arc(...at, radius, 0, 2 * Math.PI);
    context.stroke();
  }
}
