// Numbers beside the pictures of a sweep, a bar each, that follow the slider (see Bars in sweep.py).

const BARS_EDGE = { left: 36, right: 4, top: 6, bottom: 34 };
const BARS_HEIGHT = { beside: 230, below: 150 };
const BARS_LABELS = 4; // bars that are numbered below, about

class BarCharts {
  constructor(root) {
    this.root = root;
  }

  // specs: as packing.py sends them.  arrays: null until the numbers are there.
  receive(specs, arrays) {
    this.root.hidden = !specs.length;
    this.root.parentNode.classList.toggle("sweep-with-bars", specs.length > 0);
    this.panels = specs.map((spec) => new BarPanel(spec, arrays && arrays(spec.values)));
    this.root.replaceChildren(...this.panels.map((panel) => panel.root));
    this.fit();
  }

  fit() {
    const beside = getComputedStyle(this.root.parentNode).flexDirection === "row";
    for (const panel of this.panels ?? []) panel.fit(beside ? BARS_HEIGHT.beside : BARS_HEIGHT.below);
    if (this.frame !== undefined) this.at(this.frame);
  }

  at(frame) {
    this.frame = frame;
    for (const panel of this.panels ?? []) panel.at(frame);
  }
}

class BarPanel {
  constructor(spec, values) {
    [this.spec, this.values] = [spec, values];
    this.root = make("figure", "sweep-panel");
    this.words = make("figcaption", "sweep-panel-title");
    this.number = make("b", "sweep-stat");
    this.words.append(make("span", "", `${spec.title} · number ${spec.moved + 1}: `), this.number);
    this.svg = drawn("svg", { class: "sweep-panel-picture", role: "img", "aria-label": `${spec.title}: ${spec.n} numbers` });
    this.root.append(this.words, this.svg);
  }

  fit(height) {
    const width = this.root.clientWidth;
    if (!width || !this.values) return void this.svg.setAttribute("height", height);
    [this.width, this.height] = [width, height];
    this.domain = [Math.min(0, ...this.values), Math.max(0, ...this.values)];
    const bars = Array.from({ length: this.spec.n }, (_, k) => this.bar(k));
    this.bars = bars;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.setAttribute("width", width);
    this.svg.setAttribute("height", height);
    this.svg.replaceChildren(...this.axes(), ...bars);
  }

  x(k) {
    return BARS_EDGE.left + ((k + 0.5) / this.spec.n) * (this.width - BARS_EDGE.left - BARS_EDGE.right);
  }

  y(value) {
    const [low, high] = this.domain;
    const foot = this.height - BARS_EDGE.bottom;
    return foot - ((value - low) / (high - low || 1)) * (foot - BARS_EDGE.top);
  }

  bar(k) {
    const wide = Math.max(1, 0.8 * (this.x(1) - this.x(0)));
    const bar = drawn("rect", { x: this.x(k) - wide / 2, width: wide, class: k === this.spec.moved ? "sweep-moved" : "" });
    bar.append(titled(""));
    return bar;
  }

  axes() {
    const lines = chart_ticks(this.domain, false, this.height > 200 ? 6 : 4).flatMap((tick) => {
      const y = this.y(tick);
      const line = drawn("line", { x1: BARS_EDGE.left, x2: this.width - BARS_EDGE.right, y1: y, y2: y });
      return [line, written({ x: BARS_EDGE.left - 6, y: y + 4, "text-anchor": "end" }, chart_number(tick))];
    });
    const every = Math.max(1, Math.floor(this.spec.n / BARS_LABELS));
    const foot = this.height - BARS_EDGE.bottom;
    for (let k = every; k <= this.spec.n; k += every) {
      lines.push(written({ x: this.x(k - 1), y: foot + 14, "text-anchor": "middle" }, String(k)));
    }
    const middle = (BARS_EDGE.left + this.width - BARS_EDGE.right) / 2;
    lines.push(written({ x: middle, y: this.height - 4, "text-anchor": "middle" }, "which number"));
    return [drawn("g", { class: "chart-axes" }, ...lines)];
  }

  at(frame) {
    if (!this.bars) return;
    const { n, moved } = this.spec;
    const zero = this.y(0);
    this.bars.forEach((bar, k) => {
      const value = this.values[frame * n + k];
      const y = this.y(value);
      bar.setAttribute("y", Math.min(y, zero));
      bar.setAttribute("height", Math.abs(y - zero));
      bar.firstChild.textContent = `number ${k + 1}: ${fixed(value, 2)}`;
    });
    this.number.textContent = fixed(this.values[frame * n + moved], 2);
  }
}
