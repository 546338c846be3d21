// A slider over precomputed frames. Everything that follows the finger is drawn here, without a message to the server;
// the server hears the value when the slider is let go, and which image was clicked.
// What arrives, and the kinds of row that it holds, are in sweep_pictures.js.

const SETTLE_MS = 250; // keys and wheel change the value step by step: report when they rest
const PLAY_MS = 4000;
const DEMO_MS = 4800; // shorter than the five seconds from which what moves by itself disturbs
const LONGEST_STEP_MS = 100;
const TOUCHES = ["pointerdown", "keydown", "wheel"];
const MIN_CELL = 44; // pixels that a picture is wide; numbers below it need as many
const MAX_CELL = 128;
const LARGE = 48; // pixels of an image a side from where nobody counts them
const LARGE_CELL = [96, 256]; // the longer side of large images, at least and at most
const MOST_ENLARGED = 3; // times, of large images
const GAP = 4;
const MAX_GAP = 10;

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const view = (parentElement.sweep ??= new View(parentElement));
  view.report = (value) => setStateValue("value", value);
  view.open = (id) => setTriggerValue("clicked", id);
  if (data) view.receive(data);
  return () => view.close();
}

class View {
  constructor(parent) {
    const find = (name) => parent.querySelector(`.sweep-${name}`);
    this.root = find("root");
    [this.play, this.name, this.input, this.value] = ["play", "name", "input", "value"].map(find);
    [this.marks, this.bands, this.legend, this.near] = ["marks", "bands", "legend", "near"].map(find);
    this.input.addEventListener("input", () => this.moved());
    this.input.addEventListener("change", () => this.settled());
    this.play.addEventListener("click", () => (this.playing ? this.pause() : this.start()));
    this.bands.addEventListener("click", (event) => this.clicked(event));
    this.bands.addEventListener("keydown", (event) => this.stepped(event));
    this.chart = new Chart(find("chart"), (value, done) => this.steered(value, done));
    this.bars = new BarCharts(find("bars"));
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(this.root);
    this.host = this.root.getRootNode().host;
    this.host.dataset.waiting = ""; // app.css shows what is below when this has its height
  }

  close() {
    this.observer.disconnect();
    this.pause();
    clearTimeout(this.timer);
  }

  async receive(bytes) {
    const { header, body } = split(bytes);
    this.chart.receive(header.chart);
    if (header.id === this.latest) return; // a rerun that changed nothing here
    this.latest = header.id;
    if (!this.header) this.show(header, null); // takes its room at once; the pictures follow
    const arrays = reader(await inflate(body));
    if (header.id === this.latest) this.show(header, arrays); // else something newer overtook it
  }

  show(header, arrays) {
    this.wanted ??= header.start; // what is not among these values may be among the next ones
    this.header = header;
    this.frame = nearest(header.values, this.wanted);
    this.sources = arrays && header.rows.map((row) => source(row, header, arrays));
    this.colours = arrays && arrays(header.colours);
    this.numbers = arrays && header.rows.map((row) => row.numbers && arrays(row.numbers));
    this.stats = arrays && header.rows.map((row) => row.stats.map((stat) => arrays(stat.values)));
    this.set_up_slider();
    this.bars.receive(header.bars, arrays);
    this.columns = 0;
    this.fit();
    this.draw_legend();
    this.root.dataset.ready = "";
    delete this.host.dataset.waiting;
    if (arrays && header.moves) this.demonstrate();
    if (arrays) this.drawn();
  }

  // What stood in for it while the page started can go.
  drawn() {
    dispatchEvent(new Event("hourglass-drawn"));
  }

  set_up_slider() {
    const { header, input } = this;
    input.max = header.values.length - 1;
    input.value = this.frame;
    input.setAttribute("aria-label", header.label);
    this.name.textContent = header.label;
    this.name.title = header.help;
    this.play.title = `Play: ${header.label} from here to the end`;
    this.play.setAttribute("aria-label", this.play.title);
    const marks = [...header.marks].sort((a, b) => a.value - b.value);
    this.marks.replaceChildren(...marks.map((mark) => this.mark(mark)));
  }

  mark({ value, label }) {
    const { values } = this.header;
    const share = (value - values[0]) / (values[values.length - 1] - values[0]);
    const element = make("span", "sweep-mark");
    element.append(make("span", "sweep-mark-label", label));
    element.style.setProperty("--at", share);
    element.dataset.side = share > 0.75 ? "end" : "start";
    return element;
  }

  // Cells are whole multiples of the image in device pixels, so that every image pixel is equally large; large images
  // are scaled smoothly instead, to fill the row.
  fit() {
    if (!this.header) return;
    this.chart.fit();
    const [, h, w] = this.header.shape;
    const all = this.root.clientWidth;
    this.root.classList.toggle("sweep-narrow", all < 560);
    this.root.classList.toggle("sweep-wide", all >= 720);
    const n = this.header.cells.length;
    const width = this.header.bars.length ? this.bands.clientWidth : all; // the bands are as wide as what is in them
    if (!width) return;
    this.bars.fit();
    const { columns, cell, picture, gap } = cells_of([w, h], n, width, window.devicePixelRatio);
    this.root.classList.toggle("sweep-smooth", Math.max(w, h) >= LARGE);
    this.root.style.setProperty("--cell", `${cell}px`);
    this.root.style.setProperty("--picture", `${picture}px`);
    this.root.style.setProperty("--gap", `${gap}px`);
    this.root.style.setProperty("--strip", `${columns * (cell + gap) - gap}px`);
    this.lane_marks();
    if (columns === this.columns) return;
    this.columns = columns;
    this.build();
    this.draw(true);
  }

  // Labels that would overlap stand in lanes, one below the other.
  lane_marks() {
    const marks = [...this.marks.children];
    const labels = marks.map((mark) => {
      const { left, right } = mark.getBoundingClientRect();
      return { left, right, at: mark.dataset.side === "end" ? right : left };
    });
    const lanes = mark_lanes(labels);
    marks.forEach((mark, i) => mark.style.setProperty("--lane", lanes[i]));
    this.marks.style.setProperty("--lanes", Math.max(-1, ...lanes) + 1);
  }

  build() {
    const { rows, cells, shape } = this.header;
    this.canvases = rows.map(() => []);
    this.number_cells = rows.map(() => []);
    this.stat_cells = rows.map(() => []);
    this.detail_cells = [];
    const bands = [];
    for (let first = 0; first < cells.length; first += this.columns) {
      const band = make("div", "sweep-band");
      rows.forEach((row, r) => band.append(this.row(row, r, first)));
      bands.push(band);
    }
    this.bands.replaceChildren(...bands);
    this.picture = new ImageData(shape[2], shape[1]);
    this.picture.data.fill(255);
  }

  row(row, r, first) {
    const element = make("div", "sweep-row");
    element.dataset.role = row.role;
    element.append(this.heading(row, r, first === 0));
    const strip = make("div", "sweep-strip");
    strip.style.setProperty("--columns", this.columns);
    const last = Math.min(first + this.columns, this.header.cells.length);
    for (let i = first; i < last; i++) strip.append(this.cell(row, r, i));
    element.append(strip);
    return element;
  }

  heading(row, r, first) {
    const element = make("div", "sweep-heading");
    element.append(make("span", "sweep-label", row.label));
    if (!first) return element;
    this.detail_cells[r] = make("span", "sweep-detail", row.detail);
    if (row.detail || row.details.length) element.append(this.detail_cells[r]);
    const stats = make("span", "sweep-stats");
    row.stats.forEach((stat, s) => {
      const number = make("b", "sweep-stat");
      this.stat_cells[r][s] = number;
      const item = make("span", "", `${stat.label} `);
      item.title = stat.help;
      item.append(number);
      stats.append(item);
    });
    element.append(stats);
    if (row.note) element.append(make("span", "sweep-note", row.note));
    return element;
  }

  cell(row, r, i) {
    const { cells, shape } = this.header;
    const canvas = make("canvas", "sweep-canvas");
    [canvas.width, canvas.height] = [shape[2], shape[1]];
    this.canvases[r][i] = canvas;
    const holder = make(r === 0 ? "button" : "div", "sweep-cell");
    holder.dataset.i = i;
    holder.append(canvas);
    if (r === 0) {
      holder.type = "button";
      holder.tabIndex = i === 0 ? 0 : -1;
      holder.setAttribute("aria-label", `Enlarge image ${i + 1} of ${cells.length}: ${cells[i].text}`);
    } else {
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `${row.label}, image ${i + 1}`);
    }
    if (row.captions) {
      const caption = make("span", "sweep-number", cells[i].text);
      caption.title = cells[i].text; // it may be cut
      holder.append(caption);
    }
    if (row.numbers) holder.append((this.number_cells[r][i] = make("span", "sweep-number", "\u00a0")));
    return holder;
  }

  moved() {
    this.pause();
    this.go(Number(this.input.value));
  }

  // To a frame that somebody asked for.
  go(frame) {
    this.frame = frame;
    this.wanted = this.header.values[frame];
    this.draw(false);
  }

  // The pointer is in the chart.
  steered(value, done) {
    this.pause();
    this.input.value = nearest(this.header.values, value);
    this.go(Number(this.input.value));
    if (done) this.settled();
  }

  settled() {
    this.wanted = this.header.values[this.frame];
    this.say_nearest();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.report(this.header.values[this.frame]), SETTLE_MS);
  }

  start() {
    const last = this.header.values.length - 1;
    const from = this.frame === last ? 0 : this.frame;
    this.run((ms) => Math.min(last, from + Math.floor((ms / PLAY_MS) * last)), () => this.frame === last);
  }

  // Once, to whoever is here for the first time: to both ends and back to where the slider stands, which the server
  // need not hear. The first touch of anything ends it there at once, so that nobody is left with an amount that nobody
  // chose; the pause button alone stops it where it is. What was begun while the page started (shell.py) is gone on with.
  demonstrate() {
    if (this.demonstrated || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    this.demonstrated = true;
    const from = this.frame;
    const last = this.header.values.length - 1;
    const heard = new AbortController();
    const touched = (event) => {
      if (!event.composedPath().includes(this.play)) this.go_back(from);
      heard.abort();
    };
    for (const touch of TOUCHES) addEventListener(touch, touched, { capture: true, passive: true, signal: heard.signal });
    const way = (ms) => there_and_back(from, last, ms / DEMO_MS);
    this.run(way, (ms) => ms >= DEMO_MS, () => heard.abort(), window.hourglassGone);
  }

  // Goes to frame_at(milliseconds), again and again until that is the end. The clock stands still while the browser is too
  // busy to draw.  gone: milliseconds of it that are over.
  run(frame_at, is_end, ended = () => this.settled(), gone = 0) {
    let before = performance.now();
    const step = () => {
      const now = performance.now();
      this.gone = gone += Math.min(now - before, LONGEST_STEP_MS);
      before = now;
      this.frame = frame_at(gone);
      this.input.value = this.frame;
      this.draw(false);
      this.playing = is_end(gone) ? 0 : requestAnimationFrame(step);
      if (!this.playing) this.stop(ended);
    };
    this.root.classList.add("sweep-playing");
    this.playing = 1; // should the first step be the last
    step();
  }

  go_back(frame) {
    if (!this.root.classList.contains("sweep-playing")) return;
    this.stop(() => {});
    this.frame = this.input.value = frame;
    this.draw(false);
  }

  pause() {
    if (this.root.classList.contains("sweep-playing")) this.stop(() => this.settled());
  }

  stop(ended) {
    cancelAnimationFrame(this.playing);
    this.playing = 0;
    this.root.classList.remove("sweep-playing");
    ended();
  }

  clicked(event) {
    const holder = event.target.closest(".sweep-cell");
    if (holder) this.open(this.header.cells[holder.dataset.i].id);
  }

  stepped(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const buttons = [...this.bands.querySelectorAll("button.sweep-cell")];
    const to = by && buttons[buttons.indexOf(event.target) + by];
    if (!to) return;
    buttons.forEach((button) => (button.tabIndex = -1));
    to.tabIndex = 0;
    to.focus();
    event.preventDefault();
  }

  draw(everything) {
    const { header, frame } = this;
    const text = header.prefix + fixed(header.values[frame], header.digits);
    this.value.textContent = text;
    this.say_nearest();
    this.input.setAttribute("aria-valuetext", text);
    this.input.style.setProperty("--at", frame / Math.max(1, header.values.length - 1));
    this.chart.at(header.values[frame]);
    this.bars.at(frame);
    if (!this.sources) return;
    this.sources.forEach((pictures, r) => {
      if (everything || pictures.moves) this.canvases[r].forEach((canvas, i) => this.paint(canvas, r, i));
      this.write(header.rows[r], r);
    });
    this.root.dataset.frame = frame;
    this.root.dataset.id = header.id;
  }

  // What a link or another page asks for may not be among the values.
  say_nearest() {
    const { header, frame, wanted } = this;
    const [asked, shown] = [wanted, header.values[frame]].map((value) => header.prefix + fixed(value, header.digits));
    this.near.hidden = asked === shown || this.root.classList.contains("sweep-playing");
    this.near.textContent = this.near.hidden ? "" : `${asked} was asked for: the nearest step of this slider is ${shown}.`;
  }

  paint(canvas, r, i) {
    const { sources, frame, picture, colours } = this;
    sources[r].fill(i, frame, sources);
    sources[r].paint(i, picture.data, colours);
    canvas.getContext("2d").putImageData(picture, 0, 0);
  }

  write(row, r) {
    const { frame, numbers, stats } = this;
    const n = this.header.cells.length;
    this.number_cells[r].forEach((cell, i) => (cell.textContent = fixed(numbers[r][frame * n + i], row.digits)));
    if (row.details.length) this.detail_cells[r].textContent = row.details[frame];
    this.stat_cells[r].forEach((cell, s) => {
      const { digits, unit, least } = row.stats[s];
      const under = least !== null && stats[r][s][frame] < least;
      cell.textContent = (under ? "under " : "") + fixed(under ? least : stats[r][s][frame], digits, unit);
    });
  }

  draw_legend() {
    const { scale } = this.header;
    this.legend.hidden = !scale;
    if (!scale || !this.colours) return;
    const canvas = this.legend.querySelector("canvas");
    const context = canvas.getContext("2d");
    const bar = context.createImageData(256, 1);
    for (let k = 0; k < 256; k++) {
      bar.data.set([...this.colours.subarray(3 * k, 3 * k + 3), 255], 4 * k);
    }
    context.putImageData(bar, 0, 0);
    const ends = this.legend.querySelectorAll(".sweep-end");
    ends[0].textContent = "0";
    ends[1].textContent = `${scale.most.toFixed(2)} and more`;
    this.legend.querySelector(".sweep-scale").textContent = scale.label;
  }
}

// How n pictures of w x h pixels fill a row of `width`: how many stand side by side, how wide each place and each
// picture in it is, and what is between them, in CSS pixels.  dpr: device pixels in one of them.
function cells_of([w, h], n, width, dpr) {
  const longer = Math.max(w, h);
  const large = longer >= LARGE;
  const step = large ? w / longer : w / dpr; // a picture's width is a multiple of it
  const least = large ? LARGE_CELL[0] * step : Math.max(1, Math.ceil(MIN_CELL / step)) * step;
  const cap = large ? Math.max(MAX_CELL, Math.min(LARGE_CELL[1], MOST_ENLARGED * longer)) * step : MAX_CELL;
  const most = Math.max(1, Math.floor((width + GAP) / (Math.max(least, MIN_CELL) + GAP)));
  const columns = Math.ceil(n / Math.ceil(n / most));
  const room = Math.min(cap, (width - GAP * (columns - 1)) / columns);
  const picture = Math.max(least, Math.floor(room / step) * step);
  const cell = Math.max(picture, MIN_CELL);
  const spare = (width - columns * cell) / Math.max(1, columns - 1);
  return { columns, cell, picture, gap: Math.floor(Math.min(MAX_GAP, Math.max(1, spare))) };
}

// In which lane each label stands, so that none lies over another and no mark, whose line goes down to its label, runs
// through one.  labels: {left, right, at} in pixels, at = where its line is, at one of its ends.
function mark_lanes(labels) {
  const rightwards = (i) => labels[i].at <= labels[i].left;
  const order = labels.map((_, i) => i).sort((i, j) => {
    if (rightwards(i) !== rightwards(j)) return rightwards(i) ? -1 : 1;
    return rightwards(i) ? labels[j].at - labels[i].at : labels[i].at - labels[j].at;
  });
  const lanes = [];
  const runs_through = (line, label) => line.at > label.left - 1 && line.at < label.right + 12;
  const is_free = (i, lane) =>
    Object.keys(lanes).every((j) => {
      const [one, other] = [labels[i], labels[j]];
      if (lanes[j] === lane) return one.left > other.right + 12 || other.left > one.right + 12;
      return lanes[j] > lane ? !runs_through(other, one) : !runs_through(one, other);
    });
  for (const i of order) {
    const tried = Array.from({ length: labels.length + 1 }, (_, lane) => lane);
    lanes[i] = tried.find((lane) => is_free(i, lane)) ?? Object.keys(lanes).length;
  }
  return lanes;
}

// --- small things ---------------------------------------------------------------------------------------------------

function make(tag, name, text = "") {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text) element.textContent = text; // never as HTML: labels and ids come from outside
  return element;
}

function nearest(values, wanted) {
  let best = 0;
  values.forEach((value, k) => {
    if (Math.abs(value - wanted) < Math.abs(values[best] - wanted)) best = k;
  });
  return best;
}

// From a frame down to 0, up to the last and back, evenly.  share: of the whole way, 0 to 1.
function there_and_back(from, last, share) {
  const gone = Math.min(1, share) * 2 * last;
  const at = gone < from ? from - gone : gone < from + last ? gone - from : 2 * last - gone + from;
  return Math.round(at);
}

// In powers of ten where it would read as 0 and is not (see text.py); shares in whole per cent stay as they are.
function fixed(value, digits, unit = "") {
  if (Number.isNaN(value)) return "\u2013";
  if (!Number.isFinite(value)) return "\u221e" + unit;
  const written = value.toFixed(digits);
  const lost = digits > 2 && value !== 0 && Number(written) === 0;
  return (lost ? value.toExponential(1) : written).replaceAll("-", "\u2212") + unit;
}
