// Curves above the slider of a sweep (see chart.py). Dragging in them moves the slider; beside their names stand the
// values where the slider is.

const CHART_NS = "http://www.w3.org/2000/svg";
const CHART_EDGE = { left: 58, right: 16, top: 14, bottom: 44 };
const CHART_DASHES = { solid: "", dash: "7 4", dot: "2 3", dashdot: "8 3 2 3" };

class Chart {
  // moved(value, done): the pointer asks for this value; done when it is let go
  constructor(root, moved) {
    this.root = root;
    this.moved = moved;
    this.svg = drawn("svg", { class: "chart-picture", role: "img" });
    this.aside = make("div", "chart-aside");
    this.legend = make("ul", "chart-legend");
    this.sayings = make("ol", "chart-sayings");
    this.aside.append(this.legend, this.sayings);
    root.append(this.svg, this.aside);
    this.svg.addEventListener("pointerdown", (event) => this.grab(event));
    this.svg.addEventListener("pointermove", (event) => this.held && this.point(event, false));
    for (const end of ["pointerup", "pointercancel"]) this.svg.addEventListener(end, (event) => this.drop(event));
  }

  receive(spec) {
    const text = JSON.stringify(spec ?? null);
    if (text === this.text) return;
    [this.text, this.spec] = [text, spec];
    this.root.hidden = !spec;
    if (!spec) return;
    this.svg.setAttribute("aria-label", spec.label);
    this.domain = chart_domain(spec);
    this.list();
    this.width = 0;
    this.fit();
  }

  fit() {
    if (!this.spec) return;
    const all = this.root.clientWidth;
    if (!all) return;
    this.root.classList.toggle("chart-narrow", all < 720);
    const width = Math.floor(this.svg.parentNode.clientWidth - (all < 720 ? 0 : this.aside.offsetWidth + 16));
    if (width === this.width) return;
    this.width = width;
    this.height = Math.min(this.spec.height, all < 720 ? 280 : 360);
    this.build();
    if (this.value !== undefined) this.at(this.value);
  }

  // --- from numbers to places

  left() {
    return CHART_EDGE.left;
  }

  right() {
    return this.width - CHART_EDGE.right;
  }

  x(value) {
    const { x } = this.spec;
    return this.left() + ((value - x[0]) / (x[x.length - 1] - x[0])) * (this.right() - this.left());
  }

  y(value) {
    const [low, high] = this.domain.map((v) => this.scaled(v));
    const bottom = this.height - CHART_EDGE.bottom;
    return bottom - ((this.scaled(value) - low) / (high - low)) * (bottom - CHART_EDGE.top);
  }

  scaled(value) {
    return this.spec.log ? Math.log10(Math.max(value, 1e-12)) : value;
  }

  // --- drawing

  build() {
    const { svg, spec, width, height } = this;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("width", width);
    svg.setAttribute("height", height);
    const inside = { x: this.left(), y: CHART_EDGE.top, width: this.right() - this.left() };
    inside.height = height - CHART_EDGE.top - CHART_EDGE.bottom;
    const clip = drawn("clipPath", { id: "chart-inside" }, drawn("rect", inside));
    const lines = drawn("g", { "clip-path": "url(#chart-inside)" });
    spec.lines.forEach((line, i) => lines.append(this.band(line, i)));
    this.groups = spec.lines.map((line, i) => this.line(line, i));
    lines.append(...this.groups);
    this.cursor = drawn("line", { class: "chart-cursor", y1: inside.y, y2: inside.y + inside.height });
    this.beads = spec.lines.map((line) => drawn("circle", { class: "chart-bead", r: 4, style: chart_ink(line) }));
    const beads = drawn("g", { "clip-path": "url(#chart-inside)" }, ...this.beads);
    const ground = drawn("rect", { class: "chart-ground", ...inside });
    svg.replaceChildren(drawn("defs", {}, clip), ground, this.axes(), lines, this.cursor, beads, ...this.dots());
  }

  axes() {
    const { spec, width, height } = this;
    const group = drawn("g", { class: "chart-axes" });
    const [left, right, bottom] = [this.left(), this.right(), height - CHART_EDGE.bottom];
    for (const tick of chart_ticks(this.domain, spec.log)) {
      const y = this.y(tick);
      group.append(drawn("line", { x1: left, x2: right, y1: y, y2: y }));
      group.append(written({ x: left - 8, y: y + 4, "text-anchor": "end" }, chart_number(tick)));
    }
    for (const tick of chart_ticks([spec.x[0], spec.x[spec.x.length - 1]], false, width < 420 ? 5 : 10)) {
      const x = this.x(tick);
      group.append(drawn("line", { class: "chart-tick", x1: x, x2: x, y1: bottom, y2: bottom + 4 }));
      group.append(written({ x, y: bottom + 17, "text-anchor": "middle" }, chart_number(tick)));
    }
    group.append(drawn("line", { class: "chart-tick", x1: left, x2: right, y1: bottom, y2: bottom }));
    const middle = (CHART_EDGE.top + bottom) / 2;
    group.append(written({ class: "chart-title", x: (left + right) / 2, y: height - 8, "text-anchor": "middle" }, spec.x_title));
    const turned = { transform: `rotate(-90 14 ${middle})`, x: 14, y: middle, "text-anchor": "middle", class: "chart-title" };
    group.append(written(turned, spec.y_title));
    return group;
  }

  band(line, i) {
    if (!line.low.length) return drawn("g");
    const edge = (values) => values.map((v, k) => `${this.x(this.spec.x[k])},${this.y(v)}`);
    const points = [...edge(line.high), ...edge(line.low).reverse()].join(" ");
    return drawn("polygon", { class: "chart-band", "data-line": i, points, style: chart_ink(line) });
  }

  line(line, i) {
    const { spec } = this;
    const known = spec.x.map((x, k) => [x, line.y[k]]).filter(([, y]) => y !== null);
    const points = known.map(([x, y]) => `${this.x(x)},${this.y(y)}`).join(" ");
    const dashes = CHART_DASHES[line.dash];
    const group = drawn("g", { class: "chart-line", "data-line": i, style: chart_ink(line) });
    group.append(drawn("polyline", { points, "stroke-dasharray": dashes }));
    if (!line.reference) {
      const measured = spec.points.filter((k) => line.y[k] !== null);
      group.append(...measured.map((k) => drawn("circle", { cx: this.x(spec.x[k]), cy: this.y(line.y[k]), r: 2 })));
    }
    if (line.mark !== null) {
      const [x, y] = [this.x(line.mark), this.y(between(spec.x, line.y, line.mark))];
      const diamond = drawn("path", { class: "chart-diamond", d: `M${x} ${y - 6}l6 6l-6 6l-6 -6z` });
      diamond.append(titled(`${line.name}: ${line.note}`));
      group.append(diamond);
    }
    return group;
  }

  dots() {
    return this.spec.dots.map(({ x, y, number, text }) => {
      const group = drawn("g", { class: "chart-dot", transform: `translate(${this.x(x)} ${this.y(y)})` });
      group.append(drawn("circle", { r: number ? 8 : 4 }), written({ y: 3.5, "text-anchor": "middle" }, number));
      group.append(titled(text));
      return group;
    });
  }

  list() {
    this.numbers = [];
    const items = this.spec.lines.map((line, i) => {
      const item = make("li", "chart-item");
      const swatch = drawn("svg", { class: "chart-swatch", width: 26, height: 10, "aria-hidden": "true" });
      swatch.append(drawn("line", { x1: 1, x2: 25, y1: 5, y2: 5, "stroke-dasharray": CHART_DASHES[line.dash], style: chart_ink(line) }));
      const words = make("span", "chart-words");
      words.append(make("span", "chart-name", line.name));
      if (line.note) words.append(make("span", "chart-note", line.note));
      this.numbers[i] = make("b", "chart-number");
      item.append(swatch, words, this.numbers[i]);
      item.addEventListener("pointerenter", () => this.light(i));
      item.addEventListener("pointerleave", () => this.light(-1));
      return item;
    });
    this.legend.replaceChildren(...items);
    const said = new Map(this.spec.dots.filter((dot) => dot.number).map((dot) => [dot.number, dot.text]));
    this.sayings.replaceChildren(...[...said.values()].map((text) => make("li", "chart-saying", text)));
  }

  light(i) {
    this.svg.classList.toggle("chart-lit", i >= 0);
    for (const part of this.svg.querySelectorAll("[data-line]")) {
      part.classList.toggle("chart-on", Number(part.dataset.line) === i);
    }
  }

  // --- moving

  at(value) {
    this.value = value;
    if (!this.spec || !this.width) return;
    const { spec } = this;
    const x = this.x(value);
    this.cursor.setAttribute("x1", x);
    this.cursor.setAttribute("x2", x);
    const values = spec.lines.map((line) => between(spec.x, line.y, value));
    const models = values.filter((v, i) => v !== null && !spec.lines[i].reference);
    const best = spec.higher_is_nearer ? Math.max(...models) : Math.min(...models);
    values.forEach((v, i) => {
      this.beads[i].style.display = v === null ? "none" : "";
      if (v !== null) {
        this.beads[i].setAttribute("cx", x);
        this.beads[i].setAttribute("cy", this.y(v));
      }
      this.numbers[i].textContent = v === null ? "\u2013" : v.toFixed(spec.digits);
      this.legend.children[i].classList.toggle("chart-best", v === best && !spec.lines[i].reference);
    });
  }

  grab(event) {
    if (event.button) return;
    this.held = true;
    this.svg.setPointerCapture(event.pointerId);
    this.point(event, false);
  }

  drop(event) {
    if (!this.held) return;
    this.held = false;
    this.point(event, true);
  }

  point(event, done) {
    const { x } = this.spec;
    const at = event.clientX - this.svg.getBoundingClientRect().left;
    const share = Math.min(1, Math.max(0, (at - this.left()) / (this.right() - this.left())));
    this.moved(x[0] + share * (x[x.length - 1] - x[0]), done);
  }
}

// --- numbers ---------------------------------------------------------------------------------------------------------

// From the least to the greatest that is drawn, with room for the eye; what is only a reference may leave it.
function chart_domain({ lines, log, from_zero }) {
  const own = lines.filter((line) => !line.reference);
  const values = own.flatMap((line) => [...line.y, ...line.low, ...line.high]).filter((v) => v !== null && (!log || v > 0));
  if (!values.length) return [0.1, 1];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (log) return [Math.max(low / 1.3, high / 1e5), high * 1.3];
  const air = 0.05 * (high - low || 1);
  return [from_zero ? 0 : low - air, high + air];
}

function chart_ticks([low, high], log, most = 6) {
  const found = [];
  if (log) {
    const decades = Math.log10(high / low);
    const steps = decades > 3 ? [1] : [1, 2, 5];
    for (let d = Math.floor(Math.log10(low)); d <= Math.log10(high); d++) {
      for (const s of steps) found.push(s * 10 ** d);
    }
    return found.filter((v) => v >= low && v <= high);
  }
  const step = [1, 2, 5, 10].map((s) => s * 10 ** Math.floor(Math.log10((high - low) / most))).find((s) => (high - low) / s <= most + 1e-9);
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9; k++) found.push(k * step);
  return found;
}

function chart_number(value) {
  return String(Number(value.toPrecision(3))).replace("-", "\u2212");
}

// The straight line between the two nearest known points; null where a curve is not known.
function between(x, y, at) {
  let k = x.findIndex((v) => v >= at - 1e-9);
  if (k < 0) k = x.length - 1;
  if (Math.abs(x[k] - at) < 1e-9 || k === 0) return y[k];
  if (y[k] === null || y[k - 1] === null) return null;
  return y[k - 1] + ((at - x[k - 1]) / (x[k] - x[k - 1])) * (y[k] - y[k - 1]);
}

// --- SVG -------------------------------------------------------------------------------------------------------------

function chart_ink({ colour }) {
  return `--ink: ${colour}`;
}

function drawn(name, attributes = {}, ...children) {
  const element = document.createElementNS(CHART_NS, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function written(attributes, text) {
  const element = drawn("text", attributes);
  element.textContent = text; // names come from outside
  return element;
}

function titled(text) {
  const element = drawn("title");
  element.textContent = text;
  return element;
}
