// A plane of code space. The decoded images of a lattice are here, so that the pointer decodes at the display's own
// rate; the server hears only which place was pinned, and which real image was clicked.
// What arrives (see plane.py): header length, header as JSON, one body of arrays and pictures that it points into.

const ARRAYS = { u1: Uint8Array, u2: Uint16Array, f4: Float32Array };
const [CROSS, BELOW] = [1, 255]; // shapes of points, see colouring.py
const STRIDE = 5; // nodes that an arrow key with shift takes at once

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const view = (parentElement.plane ??= new View(parentElement));
  view.report = (place) => setStateValue("pinned", place);
  view.open = (id) => setTriggerValue("clicked", id);
  if (data) view.receive(data);
  return () => view.close();
}

class View {
  constructor(parent) {
    const find = (name) => parent.querySelector(`.plane-${name}`);
    [this.root, this.field, this.ground, this.cursor] = ["root", "field", "ground", "cursor"].map(find);
    [this.decoded, this.nearest, this.button] = ["decoded", "nearest", "open"].map(find);
    [this.at, this.name, this.far, this.x, this.y] = ["at", "name", "far", "x", "y"].map(find);
    [this.lattice, this.dots, this.unpin] = ["lattice", "points", "unpin"].map(find);
    for (const box of [this.lattice, this.dots]) box.addEventListener("change", () => this.draw());
    this.cursor.addEventListener("pointermove", (event) => this.moved(event));
    this.cursor.addEventListener("pointerdown", (event) => this.moved(event));
    this.cursor.addEventListener("pointerleave", () => this.returned());
    this.cursor.addEventListener("click", (event) => this.clicked(event));
    this.cursor.addEventListener("keydown", (event) => this.stepped(event));
    this.button.addEventListener("click", () => this.opened());
    this.unpin.addEventListener("click", () => this.pin(null));
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.field);
    this.frames = 0;
    this.redraw = () => this.draw();
    globalThis.addEventListener("hourglass-selected", this.redraw);
  }

  close() {
    this.observer.disconnect();
    globalThis.removeEventListener("hourglass-selected", this.redraw);
  }

  async receive(bytes) {
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
    if (header.id === this.latest) return; // a rerun that changed nothing here
    this.latest = header.id;
    const body = bytes.slice(4 + length).buffer;
    const read = (name) => {
      const { type, at, length } = header.places[name];
      return new ARRAYS[type](body, at, length);
    };
    const picture = (name) => createImageBitmap(new Blob([read(name)]), { colorSpaceConversion: "none" });
    const pictures = await Promise.all([picture("decoded"), picture("thumbnails")]);
    if (header.id !== this.latest) return; // something newer overtook it
    [this.sheet, this.thumbnails] = pictures;
    [this.which, this.distance, this.is_far] = ["which", "distance", "far"].map(read);
    this.header = header;
    this.show();
  }

  show() {
    const { size, tile, image, axes, what } = this.header;
    [this.decoded.width, this.decoded.height] = tile;
    [this.nearest.width, this.nearest.height] = image;
    const keys = `Arrow keys move by one step, with shift by ${STRIDE}; Enter pins the place, Escape lets go of it.`;
    this.cursor.setAttribute("aria-label", `${what} ${keys}`);
    this.x.textContent = `${axes[0]} →`;
    this.y.textContent = `${axes[1]} ↑`;
    if (!this.node || Math.max(...this.node) >= size) this.node = [size >> 1, size >> 1];
    this.begin();
    this.draw();
    this.go(...this.node);
    this.root.dataset.id = this.header.id;
  }

  // The first plane begins with the place that the link says; another plane has no such place.
  begin() {
    const { pinned, xs, ys } = this.header;
    if (this.root.dataset.id) return this.pinned && this.pin(null);
    if (pinned) this.node = this.pinned = [nearest(xs, pinned[0]), nearest(ys, pinned[1])];
    this.show_pinned();
  }

  // --- the ground: decoded images or plain, where no data is near, the points ---------------------------------------

  draw() {
    const side = this.field.clientWidth;
    if (!this.header || !side) return;
    for (const canvas of [this.ground, this.cursor]) canvas.width = canvas.height = Math.round(side * devicePixelRatio);
    const context = this.ground.getContext("2d");
    const paper = getComputedStyle(this.root).getPropertyValue("--st-background-color") || "#fff";
    context.fillStyle = paper;
    context.fillRect(0, 0, this.ground.width, this.ground.height);
    if (this.lattice.checked) this.draw_lattice(context);
    this.draw_far(context);
    if (this.dots.checked) this.draw_points(context);
    if (this.node) this.draw_cursor();
  }

  // Node (0, 0) stands at the corner of the field, so the outermost images are cut in half.
  draw_lattice(context) {
    const step = this.ground.width / (this.header.size - 1);
    const from = -step / 2;
    context.imageSmoothingQuality = "high";
    context.drawImage(this.sheet, from, from, step * this.header.size, step * this.header.size);
  }

  draw_far(context) {
    const { size } = this.header;
    const mask = new ImageData(size, size);
    const shade = this.lattice.checked ? 150 : 40;
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        const far = this.is_far[(size - 1 - row) * size + column];
        mask.data.set([128, 134, 142, far ? shade : 0], 4 * (row * size + column));
      }
    }
    const small = new OffscreenCanvas(size, size);
    small.getContext("2d").putImageData(mask, 0, 0);
    const step = this.ground.width / (size - 1);
    context.imageSmoothingEnabled = true;
    context.drawImage(small, -step / 2, -step / 2, step * size, step * size);
  }

  draw_points(context) {
    const { at: points, colours, marks } = globalThis.hourglassPoints ?? { at: [], colours: [], marks: [] };
    const side = this.ground.width;
    const n = points.length / 2;
    const radius = (n > 5000 ? 1.4 : n > 1500 ? 2 : 2.6) * devicePixelRatio;
    const selected = globalThis.hourglassSelected ?? new Set();
    const draw = (i, size) => {
      const [x, y] = [(points[2 * i] / 65535) * side, (1 - points[2 * i + 1] / 65535) * side];
      if (marks[i] === CROSS) cross(context, x, y, size * 1.2);
      else if (n > 5000) context.fillRect(x - size, y - size, 2 * size, 2 * size);
      else disc(context, x, y, size);
    };
    const colour = (i) => `rgb(${colours[3 * i]},${colours[3 * i + 1]},${colours[3 * i + 2]})`;
    context.globalAlpha = selected.size ? 0.35 : n > 5000 ? 0.6 : 0.85;
    for (const below of [true, false]) {
      for (let i = 0; i < n; i++) {
        if ((marks[i] === BELOW) !== below) continue;
        context.fillStyle = selected.size ? "#aab2bb" : colour(i);
        draw(i, selected.size ? radius * 0.7 : radius);
      }
    }
    context.globalAlpha = 1;
    for (const i of selected) {
      context.fillStyle = colour(i);
      draw(i, radius * 1.2);
    }
    this.root.dataset.selected = selected.size;
  }

  // --- the cursor ---------------------------------------------------------------------------------------------------

  moved(event) {
    if (!this.header) return;
    const box = this.cursor.getBoundingClientRect();
    const last = this.header.size - 1;
    const node = (share) => Math.max(0, Math.min(last, Math.round(share * last)));
    this.go(node((event.clientX - box.left) / box.width), node(1 - (event.clientY - box.top) / box.height));
  }

  // The pointer explores; when it is gone the pinned place is shown again.
  returned() {
    if (this.pinned) this.go(...this.pinned);
  }

  // Pins the place; where it is pinned already, opens the nearest image.
  clicked(event) {
    if (!this.header) return;
    if (event.type === "click") this.moved(event); // a finger has left by now
    const again = this.pinned?.every((k, i) => k === this.node[i]);
    if (!again) this.pin(this.node);
    else if (event.pointerType !== "touch") this.opened();
  }

  pin(node) {
    this.pinned = node;
    this.show_pinned();
    this.draw_cursor();
    this.report(node && [this.header.xs[node[0]], this.header.ys[node[1]]]);
  }

  show_pinned() {
    this.unpin.disabled = !this.pinned;
    this.root.dataset.pinned = this.pinned ?? "";
  }

  stepped(event) {
    if (event.key === "Enter") return this.clicked(event);
    if (event.key === "Escape" && this.pinned) return this.pin(null);
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] }[event.key];
    if (!by || !this.header) return;
    event.preventDefault();
    const stride = event.shiftKey ? STRIDE : 1;
    const last = this.header.size - 1;
    this.go(...this.node.map((k, i) => Math.max(0, Math.min(last, k + stride * by[i]))));
  }

  opened() {
    if (this.header) this.open(this.header.ids[this.which[this.index()]]);
  }

  index() {
    return this.node[1] * this.header.size + this.node[0];
  }

  go(column, row) {
    this.node = [column, row];
    const { header } = this;
    const index = this.index();
    const [w, h] = header.tile;
    const from = [column * w, (header.size - 1 - row) * h]; // the sheet's first row is the highest
    this.decoded.getContext("2d").drawImage(this.sheet, ...from, w, h, 0, 0, w, h);
    this.draw_nearest(this.which[index]);
    this.at.textContent = `${number(header.xs[column])}, ${number(header.ys[row])}`;
    this.decoded.setAttribute("aria-label", `What ${header.model} decodes at ${this.at.textContent}`);
    this.say_far(index);
    this.draw_cursor();
    this.root.dataset.node = `${column},${row}`;
    this.root.dataset.frames = ++this.frames;
  }

  draw_nearest(which) {
    const { image: [w, h], across, ids, labels } = this.header;
    const from = [(which % across) * w, Math.floor(which / across) * h];
    this.nearest.getContext("2d").drawImage(this.thumbnails, ...from, w, h, 0, 0, w, h);
    const words = [labels[which], ids[which]].filter(Boolean);
    this.name.replaceChildren(...words.map(line)); // long ones are cut by the style
    this.name.title = words.join("\n");
    this.button.setAttribute("aria-label", `Enlarge the nearest image, ${ids[which]}`);
  }

  say_far(index) {
    const far = this.is_far[index] === 1;
    const words = `Its code is ${number(this.distance[index])} away. `;
    this.far.textContent = words + (far ? "No image is near this place: the model invents." : "");
    this.far.toggleAttribute("data-far", far);
  }

  draw_cursor() {
    const { cursor } = this;
    const context = cursor.getContext("2d");
    context.clearRect(0, 0, cursor.width, cursor.height);
    if (this.pinned) this.ring(context, this.pinned, 4, "#1f5fd6");
    this.ring(context, this.node, 7, "#16191d");
  }

  ring(context, node, radius, ink) {
    const last = this.header.size - 1;
    const at = [node[0], last - node[1]].map((k) => (k / last) * this.cursor.width);
    for (const [colour, width] of [["#ffffff", 3], [ink, 1]]) {
      context.strokeStyle = colour;
      context.lineWidth = width * devicePixelRatio;
      context.beginPath();
      context.arc(...at, radius * devicePixelRatio, 0, 2 * Math.PI);
      context.stroke();
    }
  }
}

function line(words) {
  const element = document.createElement("i");
  element.textContent = words; // never as HTML: ids and labels come from outside
  return element;
}

function disc(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

function cross(context, x, y, size) {
  const thick = size / 2.2;
  for (const sign of [1, -1]) {
    const a = size - thick;
    context.beginPath();
    context.moveTo(x - size, y - sign * a);
    context.lineTo(x - a, y - sign * size);
    context.lineTo(x + size, y + sign * a);
    context.lineTo(x + a, y + sign * size);
    context.fill();
  }
}

function nearest(values, wanted) {
  const gaps = values.map((value) => Math.abs(value - wanted));
  return gaps.indexOf(Math.min(...gaps));
}

function number(value) {
  return value.toPrecision(3).replace("-", "\u2212");
}
