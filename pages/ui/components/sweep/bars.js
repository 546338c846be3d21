// Numbers beside the pictures of a sweep, a bar each, that follow the slider (see Bars in sweep/__init__.py).

import { make, setAttributes, svg, svgText, svgTitle } from "../shared/dom.js";
import { fixed, short } from "../shared/numbers.js";
import { ticks } from "./scales.js";

/** @typedef {import("./pictures.js").BarSpec} BarSpec */

const EDGE = { left: 36, right: 4, top: 6, bottom: 34 };
const HEIGHT = { beside: 230, below: 150 };
const LABELS = 4; // bars that are numbered below, about

export class BarCharts {
  /** @param {HTMLElement} root @param {HTMLElement} parent in which they stand beside the pictures */
  constructor(root, parent) {
    this.root = root;
    this.parent = parent;
    /** @type {BarPanel[]} */
    this.panels = [];
    this.frame = 0;
  }

  /**
   * @param {BarSpec[]} specs
   * @param {import("../shared/message.js").Reader | null} arrays null until the numbers are there
   */
  receive(specs, arrays) {
    this.root.hidden = !specs.length;
    this.parent.classList.toggle("sweep-with-bars", specs.length > 0);
    this.panels = specs.map((spec) => new BarPanel(spec, arrays && /** @type {Float32Array} */ (arrays(spec.values))));
    this.root.replaceChildren(...this.panels.map((panel) => panel.root));
    this.fit();
  }

  fit() {
    const isBeside = getComputedStyle(this.parent).flexDirection === "row";
    for (const panel of this.panels) panel.fit(isBeside ? HEIGHT.beside : HEIGHT.below);
    this.at(this.frame);
  }

  /** @param {number} frame */
  at(frame) {
    this.frame = frame;
    for (const panel of this.panels) panel.at(frame);
  }
}

class BarPanel {
  /** @param {BarSpec} spec @param {Float32Array | null} values */
  constructor(spec, values) {
    this.spec = spec;
    this.values = values;
    this.root = make("figure", "sweep-panel");
    const words = make("figcaption", "sweep-panel-title");
    this.number = make("b", "sweep-stat");
    words.append(make("span", "", `${spec.title} · number ${spec.moved + 1}: `), this.number);
    const label = `${spec.title}: ${spec.n} numbers`;
    this.svg = svg("svg", { class: "sweep-panel-picture", role: "img", "aria-label": label });
    this.root.append(words, this.svg);
    /** @type {{rect: SVGRectElement, title: SVGTitleElement}[]} */
    this.bars = [];
    this.width = 0;
    this.height = 0;
    this.domain = [0, 0];
  }

  /** @param {number} height */
  fit(height) {
    const width = this.root.clientWidth;
    setAttributes(this.svg, { height });
    if (!width || !this.values) return;
    [this.width, this.height] = [width, height];
    this.domain = [Math.min(0, ...this.values), Math.max(0, ...this.values)];
    this.bars = Array.from({ length: this.spec.n }, (_, k) => this.bar(k));
    setAttributes(this.svg, { viewBox: `0 0 ${width} ${height}`, width });
    this.svg.replaceChildren(this.axes(), ...this.bars.map((bar) => bar.rect));
  }

  /** @param {number} k */
  x(k) {
    return EDGE.left + ((k + 0.5) / this.spec.n) * (this.width - EDGE.left - EDGE.right);
  }

  /** @param {number} value */
  y(value) {
    const [low, high] = this.domain;
    const foot = this.height - EDGE.bottom;
    return foot - ((value - low) / (high - low || 1)) * (foot - EDGE.top);
  }

  /** @param {number} k */
  bar(k) {
    const width = Math.max(1, 0.8 * (this.x(1) - this.x(0)));
    const title = svgTitle("");
    const place = { x: this.x(k) - width / 2, width };
    return { rect: svg("rect", { ...place, class: k === this.spec.moved ? "sweep-moved" : "" }, title), title };
  }

  axes() {
    const axes = svg("g", { class: "chart-axes" });
    for (const tick of ticks(this.domain, false, this.height > 200 ? 6 : 4)) {
      const y = this.y(tick);
      axes.append(svg("line", { x1: EDGE.left, x2: this.width - EDGE.right, y1: y, y2: y }));
      axes.append(svgText({ x: EDGE.left - 6, y: y + 4, "text-anchor": "end" }, short(tick)));
    }
    const every = Math.max(1, Math.floor(this.spec.n / LABELS));
    const foot = this.height - EDGE.bottom;
    for (let k = every; k <= this.spec.n; k += every) {
      axes.append(svgText({ x: this.x(k - 1), y: foot + 14, "text-anchor": "middle" }, String(k)));
    }
    const middle = (EDGE.left + this.width - EDGE.right) / 2;
    axes.append(svgText({ x: middle, y: this.height - 4, "text-anchor": "middle" }, "which number"));
    return axes;
  }

  /** @param {number} frame */
  at(frame) {
    const { values, spec } = this;
    if (!values) return;
    const zero = this.y(0);
    this.bars.forEach(({ rect, title }, k) => {
      const value = values[frame * spec.n + k];
      const y = this.y(value);
      setAttributes(rect, { y: Math.min(y, zero), height: Math.abs(y - zero) });
      title.textContent = `number ${k + 1}: ${fixed(value, 2)}`;
    });
    this.number.textContent = fixed(values[frame * spec.n + spec.moved], 2);
  }
}
