// Curves above the slider of a sweep (see chart.py). Dragging in them moves the slider; beside their names stand the
// values where the slider is.

import { make, setAttributes, svg, svgText, svgTitle } from "../shared/dom.js";
import { clamp, short } from "../shared/numbers.js";
import { between, domainOf, ticks } from "./scales.js";

/** @typedef {"solid" | "dash" | "dot" | "dashdot"} Dash */
/** See Line in chart.py; null where there is no number.
 * @typedef {{
 *   name: string, y: (number | null)[], colour: string, dash: Dash, low: (number | null)[], high: (number | null)[],
 *   note: string, mark: number | null, reference: boolean,
 * }} Line
 */
/** See Chart in chart.py.
 * @typedef {{
 *   x: number[], lines: Line[], dots: {x: number, y: number, number: string, text: string}[], x_title: string,
 *   y_title: string, log: boolean, from_zero: boolean, digits: number, higher_is_nearer: boolean, points: number[],
 *   label: string, height: number,
 * }} ChartSpec
 */

const EDGE = { left: 58, right: 16, top: 14, bottom: 44 };
const DASHES = { solid: "", dash: "7 4", dot: "2 3", dashdot: "8 3 2 3" };
const NARROW = 720; // pixels, below which the names stand under the curves
const HEIGHT = { narrow: 280, wide: 360 }; // at most

export class Chart {
  /**
   * @param {HTMLElement} root
   * @param {(value: number, done: boolean) => void} moved the pointer asks for a value; done: it is let go
   */
  constructor(root, moved) {
    this.root = root;
    this.moved = moved;
    this.svg = svg("svg", { class: "chart-picture", role: "img" });
    this.aside = make("div", "chart-aside");
    this.legend = make("ul", "chart-legend");
    this.sayings = make("ol", "chart-sayings");
    this.aside.append(this.legend, this.sayings);
    root.append(this.svg, this.aside);
    this.text = "null"; // of the specification
    /** @type {ChartSpec | null} */
    this.spec = null;
    this.width = 0;
    /** @type {number | undefined} */
    this.value = undefined;
    this.isHeld = false;
    this.listen();
  }

  listen() {
    this.svg.addEventListener("pointerdown", (event) => this.grab(event));
    this.svg.addEventListener("pointermove", (event) => this.isHeld && this.point(event, false));
    this.svg.addEventListener("pointerup", (event) => this.drop(event));
    this.svg.addEventListener("pointercancel", (event) => this.drop(event));
  }

  /** @param {ChartSpec | null} spec */
  receive(spec) {
    const text = JSON.stringify(spec ?? null);
    if (text === this.text) return;
    [this.text, this.spec] = [text, spec ?? null];
    this.root.hidden = !spec;
    if (!spec) return;
    this.svg.setAttribute("aria-label", spec.label);
    this.list(spec);
    this.width = 0;
    this.fit();
  }

  fit() {
    const all = this.root.clientWidth;
    if (!this.spec || !all) return;
    const isNarrow = all < NARROW;
    this.root.classList.toggle("chart-narrow", isNarrow);
    const width = Math.floor(all - (isNarrow ? 0 : this.aside.offsetWidth + 16));
    if (width === this.width) return;
    this.width = width;
    this.build(this.spec, Math.min(this.spec.height, isNarrow ? HEIGHT.narrow : HEIGHT.wide));
    if (this.value !== undefined) this.at(this.value);
  }

  /** @param {ChartSpec} spec @param {number} height */
  build(spec, height) {
    this.curves = new Curves(spec, this.width, height);
    setAttributes(this.svg, { viewBox: `0 0 ${this.width} ${height}`, width: this.width, height });
    this.svg.replaceChildren(...this.curves.parts());
  }

  /** The names, and what is said of the numbered places. @param {ChartSpec} spec */
  list({ lines, dots }) {
    this.numbers = lines.map(() => make("b", "chart-number"));
    this.legend.replaceChildren(...this.numbers.map((number, i) => this.entry(lines[i], number, i)));
    const said = new Map(dots.filter((dot) => dot.number).map((dot) => [dot.number, dot.text]));
    this.sayings.replaceChildren(...[...said.values()].map((text) => make("li", "chart-saying", text)));
  }

  /** @param {Line} line @param {HTMLElement} number @param {number} i */
  entry(line, number, i) {
    const style = { "stroke-dasharray": DASHES[line.dash], style: ink(line) };
    const stroke = svg("line", { x1: 1, x2: 25, y1: 5, y2: 5, ...style });
    const swatch = svg("svg", { class: "chart-swatch", width: 26, height: 10, "aria-hidden": "true" }, stroke);
    const words = make("span", "chart-words");
    words.append(make("span", "chart-name", line.name));
    if (line.note) words.append(make("span", "chart-note", line.note));
    const entry = make("li", "chart-item");
    entry.append(swatch, words, number);
    entry.addEventListener("pointerenter", () => this.light(i));
    entry.addEventListener("pointerleave", () => this.light(-1));
    return entry;
  }

  /** Lets one line stand out; -1 for none. @param {number} i */
  light(i) {
    this.svg.classList.toggle("chart-lit", i >= 0);
    for (const part of this.svg.querySelectorAll("[data-line]")) {
      part.classList.toggle("chart-on", part.getAttribute("data-line") === String(i));
    }
  }

  /** Shows where the slider stands. @param {number} value */
  at(value) {
    this.value = value;
    const { spec, curves, numbers } = this;
    if (!spec || !curves || !numbers) return;
    const values = spec.lines.map((line) => between(spec.x, line.y, value));
    const best = bestOf(values, spec);
    curves.at(value, values);
    values.forEach((v, i) => {
      numbers[i].textContent = v === null ? "\u2013" : v.toFixed(spec.digits);
      this.legend.children[i].classList.toggle("chart-best", v === best && !spec.lines[i].reference);
    });
  }

  /** @param {PointerEvent} event */
  grab(event) {
    if (event.button) return;
    this.isHeld = true;
    this.svg.setPointerCapture(event.pointerId);
    this.point(event, false);
  }

  /** @param {PointerEvent} event */
  drop(event) {
    if (!this.isHeld) return;
    this.isHeld = false;
    this.point(event, true);
  }

  /** @param {PointerEvent} event @param {boolean} done */
  point(event, done) {
    const left = event.clientX - this.svg.getBoundingClientRect().left;
    if (this.curves) this.moved(this.curves.valueAt(left), done);
  }
}

/** What is drawn for one specification at one size. */
class Curves {
  /** @param {ChartSpec} spec @param {number} width @param {number} height */
  constructor(spec, width, height) {
    this.spec = spec;
    this.width = width;
    this.height = height;
    this.left = EDGE.left;
    this.right = width - EDGE.right;
    this.top = EDGE.top;
    this.bottom = height - EDGE.bottom;
    this.domain = domainOf(spec);
    this.cursor = svg("line", { class: "chart-cursor", y1: this.top, y2: this.bottom });
    this.beads = spec.lines.map((line) => svg("circle", { class: "chart-bead", r: 4, style: ink(line) }));
  }

  // --- from numbers to places

  /** @param {number} value */
  x(value) {
    const { x } = this.spec;
    return this.left + ((value - x[0]) / (x[x.length - 1] - x[0])) * (this.right - this.left);
  }

  /** The value at so many pixels from the left edge of the picture. @param {number} left */
  valueAt(left) {
    const { x } = this.spec;
    const share = clamp((left - this.left) / (this.right - this.left), 0, 1);
    return x[0] + share * (x[x.length - 1] - x[0]);
  }

  /** @param {number} value */
  y(value) {
    const [low, high] = this.domain.map((v) => this.scaled(v));
    return this.bottom - ((this.scaled(value) - low) / (high - low)) * (this.bottom - this.top);
  }

  /** @param {number} value */
  scaled(value) {
    return this.spec.log ? Math.log10(Math.max(value, 1e-12)) : value;
  }

  // --- drawing

  parts() {
    const { lines } = this.spec;
    const inside = { x: this.left, y: this.top, width: this.right - this.left, height: this.bottom - this.top };
    const clip = svg("clipPath", { id: "chart-inside" }, svg("rect", inside));
    const clipped = { "clip-path": "url(#chart-inside)" };
    return [
      svg("defs", {}, clip),
      svg("rect", { class: "chart-ground", ...inside }),
      this.axes(),
      svg("g", clipped, ...lines.map((line, i) => this.band(line, i)), ...lines.map((line, i) => this.line(line, i))),
      this.cursor,
      svg("g", clipped, ...this.beads),
      ...this.dots(),
    ];
  }

  axes() {
    const { spec, width, height, left, right, top, bottom } = this;
    const group = svg("g", { class: "chart-axes" });
    for (const tick of ticks(this.domain, spec.log)) {
      const y = this.y(tick);
      group.append(svg("line", { x1: left, x2: right, y1: y, y2: y }));
      group.append(svgText({ x: left - 8, y: y + 4, "text-anchor": "end" }, short(tick)));
    }
    for (const tick of ticks([spec.x[0], spec.x[spec.x.length - 1]], false, width < 420 ? 5 : 10)) {
      const x = this.x(tick);
      group.append(svg("line", { class: "chart-tick", x1: x, x2: x, y1: bottom, y2: bottom + 4 }));
      group.append(svgText({ x, y: bottom + 17, "text-anchor": "middle" }, short(tick)));
    }
    group.append(svg("line", { class: "chart-tick", x1: left, x2: right, y1: bottom, y2: bottom }));
    const title = { class: "chart-title", "text-anchor": "middle" };
    const middle = (top + bottom) / 2;
    group.append(svgText({ ...title, x: (left + right) / 2, y: height - 8 }, spec.x_title));
    group.append(svgText({ ...title, transform: `rotate(-90 14 ${middle})`, x: 14, y: middle }, spec.y_title));
    return group;
  }

  /** @param {Line} line @param {number} i */
  band(line, i) {
    if (!line.low.length) return svg("g");
    const points = [...this.points(line.high), ...this.points(line.low).reverse()].join(" ");
    return svg("polygon", { class: "chart-band", "data-line": i, points, style: ink(line) });
  }

  /** Places of the known values of a curve. @param {(number | null)[]} values */
  points(values) {
    return values.flatMap((value, k) => (value === null ? [] : `${this.x(this.spec.x[k])},${this.y(value)}`));
  }

  /** @param {Line} line @param {number} i */
  line(line, i) {
    const points = this.points(line.y).join(" ");
    const group = svg("g", { class: "chart-line", "data-line": i, style: ink(line) });
    group.append(svg("polyline", { points, "stroke-dasharray": DASHES[line.dash] }), ...this.measured(line));
    const y = line.mark === null ? null : between(this.spec.x, line.y, line.mark);
    if (line.mark !== null && y !== null) group.append(this.diamond(line, this.x(line.mark), this.y(y)));
    return group;
  }

  /** Dots where a line was measured. @param {Line} line */
  measured(line) {
    if (line.reference) return [];
    return this.spec.points.flatMap((k) => {
      const y = line.y[k];
      return y === null ? [] : svg("circle", { cx: this.x(this.spec.x[k]), cy: this.y(y), r: 2 });
    });
  }

  /** @param {Line} line @param {number} x @param {number} y */
  diamond(line, x, y) {
    const shape = { class: "chart-diamond", d: `M${x} ${y - 6}l6 6l-6 6l-6 -6z` };
    return svg("path", shape, svgTitle(`${line.name}: ${line.note}`));
  }

  dots() {
    return this.spec.dots.map(({ x, y, number, text }) => {
      const circle = svg("circle", { r: number ? 8 : 4 });
      const label = svgText({ y: 3.5, "text-anchor": "middle" }, number);
      const place = { class: "chart-dot", transform: `translate(${this.x(x)} ${this.y(y)})` };
      return svg("g", place, circle, label, svgTitle(text));
    });
  }

  /**
   * Moves the cursor and the beads on the lines.
   * @param {number} value @param {(number | null)[]} values of the lines there
   */
  at(value, values) {
    const x = this.x(value);
    setAttributes(this.cursor, { x1: x, x2: x });
    values.forEach((v, i) => {
      this.beads[i].style.display = v === null ? "none" : "";
      if (v !== null) setAttributes(this.beads[i], { cx: x, cy: this.y(v) });
    });
  }
}

/**
 * The best of the lines' values that are no reference.
 * @param {(number | null)[]} values @param {Pick<ChartSpec, "lines" | "higher_is_nearer">} spec
 */
export function bestOf(values, { lines, higher_is_nearer }) {
  const known = values.filter((value, i) => value !== null && !lines[i].reference).map(Number);
  return higher_is_nearer ? Math.max(...known) : Math.min(...known);
}

/** @param {Line} line */
function ink({ colour }) {
  return `--ink: ${colour}`;
}
