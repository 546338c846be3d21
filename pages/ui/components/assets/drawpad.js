// A sheet to draw on. Strokes are drawn here; the server hears of the picture when a stroke is finished.

const STEP = 5; // pixels a key moves the pen
const REST_MS = 500; // keys and the brush's slider draw bit by bit: report when they rest

export default function ({ data, parentElement, setStateValue }) {
  const pad = (parentElement.pad ??= new Pad(parentElement.querySelector(".pad-root")));
  pad.report = (drawing) => setStateValue("drawing", drawing);
  if (data) pad.turn_to(data.page);
  return () => clearTimeout(pad.timer);
}

class Pad {
  constructor(root) {
    const find = (name) => root.querySelector(`.pad-${name}`);
    this.root = root;
    [this.canvas, this.cursor, this.brush] = ["canvas", "cursor", "brush"].map(find);
    [this.undo_button, this.clear_button] = ["undo", "clear"].map(find);
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
    this.strokes = []; // each {width, points}: the sheet is always what drawing them gives
    this.pen = [140, 140];
    const on = (element, event, act) => element.addEventListener(event, (e) => act.call(this, e));
    on(this.canvas, "pointerdown", this.down);
    on(this.canvas, "pointermove", this.move);
    for (const event of ["pointerup", "pointercancel", "lostpointercapture"]) on(this.canvas, event, this.up);
    on(this.canvas, "keydown", this.key);
    on(this.canvas, "blur", this.lift);
    on(this.undo_button, "click", this.undo);
    on(this.clear_button, "click", this.clear);
    this.draw();
  }

  turn_to(page) {
    if (page === this.page) return;
    const first = this.page === undefined;
    this.page = page;
    if (!first) [this.strokes, this.stroke] = [[], null];
    this.draw();
  }

  // --- pointer ---

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const scale = this.canvas.width / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  }

  down(event) {
    if (!event.isPrimary || event.button) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.lift();
    this.cursor.hidden = true;
    this.begin(this.at(event));
  }

  move(event) {
    if (!this.stroke || !event.isPrimary || this.by_key) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const one of events.length ? events : [event]) this.stroke.points.push(this.at(one));
    this.draw();
  }

  up() {
    if (!this.stroke || this.by_key) return;
    this.stroke = null;
    this.tell();
  }

  begin(point) {
    this.stroke = { width: Number(this.brush.value), points: [point] };
    this.strokes.push(this.stroke);
    this.draw();
  }

  // --- keyboard ---

  key(event) {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (by) this.step(by);
    else if (event.key === " ") this.by_key ? this.lift() : this.press();
    else if (event.key === "Delete" || event.key === "Backspace") this.clear();
    else if (event.key.toLowerCase() === "z") this.undo();
    else return;
    event.preventDefault();
  }

  step([x, y]) {
    const inside = (value) => Math.min(this.canvas.width, Math.max(0, value));
    this.pen = [inside(this.pen[0] + STEP * x), inside(this.pen[1] + STEP * y)];
    this.show_cursor();
    if (!this.by_key) return;
    this.stroke.points.push(this.pen);
    this.draw();
    this.tell_soon();
  }

  press() {
    this.by_key = true;
    this.begin(this.pen);
    this.show_cursor();
    this.tell_soon();
  }

  lift() {
    if (!this.by_key) return;
    [this.by_key, this.stroke] = [false, null];
    this.show_cursor();
    this.tell();
  }

  show_cursor() {
    this.cursor.hidden = false;
    this.cursor.classList.toggle("pad-down", Boolean(this.by_key));
    this.cursor.style.left = `${(100 * this.pen[0]) / this.canvas.width}%`;
    this.cursor.style.top = `${(100 * this.pen[1]) / this.canvas.height}%`;
  }

  // --- strokes ---

  undo() {
    [this.by_key, this.stroke] = [false, null];
    if (this.strokes.pop()) this.changed();
  }

  clear() {
    [this.by_key, this.stroke] = [false, null];
    if (!this.strokes.length) return;
    this.strokes = [];
    this.changed();
  }

  changed() {
    this.draw();
    this.tell();
  }

  draw() {
    const { context, canvas, strokes } = this;
    context.shadowBlur = 0;
    context.fillStyle = "#000";
    context.fillRect(0, 0, canvas.width, canvas.height);
    strokes.forEach((stroke) => paint(context, stroke));
    this.root.classList.toggle("pad-drawn", strokes.length > 0);
    this.root.dataset.strokes = strokes.length;
    this.undo_button.disabled = this.clear_button.disabled = !strokes.length;
  }

  tell_soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tell(), REST_MS);
  }

  tell() {
    clearTimeout(this.timer);
    const png = this.strokes.length ? this.canvas.toDataURL("image/png") : "";
    this.report({ page: this.page, png });
  }
}

// One soft line through the points, rounded between them.
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
