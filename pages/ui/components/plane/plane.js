// A plane of code space. The decoded images of a lattice are here, so that the pointer decodes at the display's own
// rate; the server hears only which place was pinned, and which real image was clicked. See plane/__init__.py for what
// arrives.

import { find, notYet, viewOf } from "../shared/component.js";
import { contextOf, make } from "../shared/dom.js";
import { reader, split } from "../shared/message.js";
import { nearest, precise } from "../shared/numbers.js";
import { bitmap, copyTile, placeOf } from "../shared/sheets.js";
import { fieldPlaceOf, indexOf, nodeAt, pictureOf, stepped, STRIDE } from "./lattice.js";

/** @typedef {import("./lattice.js").Node} LatticeNode */
/** @typedef {import("../shared/message.js").Place} Place */
/** at: x and y of each point, 0 to 65535 over the plane.  marks: shapes, see colouring.py.
 * @typedef {{at: Uint16Array, colours: Uint8Array, marks: Uint8Array}} Points
 */
/**
 * size: nodes a side.  tile, image: width and height of a decoded and of a real image.  xs, ys: coordinates of the
 * nodes.  ids, labels: of the real images that are nearest to a node.  pinned: coordinates of the place that the link
 * says.  places: of the arrays and pictures in the body.
 * @typedef {{
 *   id: string, size: number, tile: [number, number], image: [number, number], across: number, xs: number[],
 *   ys: number[], axes: [string, string], what: string, model: string, ids: string[], labels: string[],
 *   pinned: [number, number] | null,
 *   places: Record<"decoded" | "thumbnails" | "which" | "distance" | "far", Place>,
 * }} Header
 */
/** which: nearest real image of each node.  distance: of its code.  far: 1 where no code is near.
 * @typedef {{sheet: ImageBitmap, thumbnails: ImageBitmap, which: Uint16Array, distance: Float32Array, far: Uint8Array}} Content
 */

const [CROSS, BELOW] = [1, 255]; // shapes of points, see colouring.py
/** @type {Points} */
const NO_POINTS = { at: new Uint16Array(), colours: new Uint8Array(), marks: new Uint8Array() };

/** @param {import("../shared/component.js").Mount} mounted */
export default function mount({ data, parentElement, setStateValue, setTriggerValue }) {
  const view = viewOf("plane", parentElement, () => new PlaneView(parentElement));
  view.report = (place) => setStateValue("pinned", place);
  view.open = (id) => setTriggerValue("clicked", id);
  if (data) view.receive(data);
  return () => view.close();
}

class PlaneView {
  /** @param {ParentNode} parent */
  constructor(parent) {
    const part = (/** @type {string} */ name) => find(parent, `plane-${name}`, HTMLElement);
    const canvas = (/** @type {string} */ name) => find(parent, `plane-${name}`, HTMLCanvasElement);
    this.root = part("root");
    this.field = part("field");
    this.ground = canvas("ground");
    this.cursor = canvas("cursor");
    this.decoded = canvas("decoded");
    this.nearest = canvas("nearest");
    this.button = find(parent, "plane-open", HTMLButtonElement);
    this.at = part("at");
    this.name = part("name");
    this.far = part("far");
    this.x = part("x");
    this.y = part("y");
    this.lattice = find(parent, "plane-lattice", HTMLInputElement);
    this.dots = find(parent, "plane-points", HTMLInputElement);
    this.unpin = find(parent, "plane-unpin", HTMLButtonElement);
    /** The newest message's. @type {string | undefined} */
    this.latest = undefined;
    /** Set before anything is drawn. @type {Header} */
    this.header = notYet;
    /** Set with the header. @type {Content} */
    this.content = notYet;
    /** Set with the header. @type {LatticeNode} */
    this.node = notYet;
    /** @type {LatticeNode | null} */
    this.pinned = null;
    this.frames = 0;
    this.report = (/** @type {[number, number] | null} */ _place) => {};
    this.open = (/** @type {string} */ _id) => {};
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.field);
    this.redraw = () => this.draw();
    globalThis.addEventListener("hourglass-selected", this.redraw);
    this.listen();
  }

  listen() {
    const { cursor } = this;
    for (const box of [this.lattice, this.dots]) box.addEventListener("change", () => this.draw());
    cursor.addEventListener("pointermove", (event) => this.move(event));
    cursor.addEventListener("pointerdown", (event) => this.move(event));
    cursor.addEventListener("pointerleave", () => this.leave());
    cursor.addEventListener("click", (event) => this.click(event));
    cursor.addEventListener("keydown", (event) => this.key(event));
    this.button.addEventListener("click", () => this.openNearest());
    this.unpin.addEventListener("click", () => this.pin(null));
  }

  close() {
    this.observer.disconnect();
    globalThis.removeEventListener("hourglass-selected", this.redraw);
  }

  /** @param {Uint8Array} bytes */
  async receive(bytes) {
    const { header, body } = split(bytes);
    if (header.id === this.latest) return; // a rerun that changed nothing here
    this.latest = header.id;
    const content = await contentOf(header, body);
    if (header.id !== this.latest) return; // something newer overtook it
    this.content = content;
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
    this.go(this.node);
    this.root.dataset.id = this.header.id;
  }

  /** The first plane begins with the place that the link says; another plane has no such place. */
  begin() {
    const { pinned, xs, ys } = this.header;
    if (this.root.dataset.id) {
      if (this.pinned) this.pin(null);
      return;
    }
    if (pinned) this.node = this.pinned = [nearest(xs, pinned[0]), nearest(ys, pinned[1])];
    this.showPinned();
  }

  // --- the ground: decoded images or plain, where no data is near, the points ---------------------------------------

  draw() {
    const side = this.field.clientWidth;
    if (!this.header || !side) return;
    for (const canvas of [this.ground, this.cursor]) canvas.width = canvas.height = Math.round(side * devicePixelRatio);
    const context = contextOf(this.ground);
    context.fillStyle = getComputedStyle(this.root).getPropertyValue("--st-background-color") || "#fff";
    context.fillRect(0, 0, this.ground.width, this.ground.height);
    if (this.lattice.checked) this.drawLattice(context);
    this.drawFar(context);
    if (this.dots.checked) this.drawPoints(context);
    this.drawCursor();
  }

  /**
   * Over the lattice: the outermost images are cut in half, as their nodes stand on the edge.
   * @param {CanvasRenderingContext2D} context @param {CanvasImageSource} picture
   */
  spread(context, picture) {
    const { size } = this.header;
    const step = this.ground.width / (size - 1);
    context.drawImage(picture, -step / 2, -step / 2, step * size, step * size);
  }

  /** @param {CanvasRenderingContext2D} context */
  drawLattice(context) {
    context.imageSmoothingQuality = "high";
    this.spread(context, this.content.sheet);
  }

  /** @param {CanvasRenderingContext2D} context */
  drawFar(context) {
    const { size } = this.header;
    const mask = new ImageData(size, size);
    const shade = this.lattice.checked ? 150 : 40;
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        const far = this.content.far[indexOf([column, row], size)];
        mask.data.set([128, 134, 142, far ? shade : 0], 4 * pictureOf([column, row], size));
      }
    }
    const small = new OffscreenCanvas(size, size);
    contextOf(small).putImageData(mask, 0, 0);
    context.imageSmoothingEnabled = true;
    this.spread(context, small);
  }

  /** @param {CanvasRenderingContext2D} context */
  drawPoints(context) {
    const { at: points, colours, marks } = globalThis.hourglassPoints ?? NO_POINTS;
    const side = this.ground.width;
    const n = points.length / 2;
    const radius = (n > 5000 ? 1.4 : n > 1500 ? 2 : 2.6) * devicePixelRatio;
    const selected = globalThis.hourglassSelected ?? new Set();
    const draw = (/** @type {number} */ i, /** @type {number} */ size) => {
      const [x, y] = [(points[2 * i] / 65535) * side, (1 - points[2 * i + 1] / 65535) * side];
      if (marks[i] === CROSS) cross(context, x, y, size * 1.2);
      else if (n > 5000) context.fillRect(x - size, y - size, 2 * size, 2 * size);
      else disc(context, x, y, size);
    };
    const colour = (/** @type {number} */ i) => `rgb(${colours[3 * i]},${colours[3 * i + 1]},${colours[3 * i + 2]})`;
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
    this.root.dataset.selected = String(selected.size);
  }

  // --- the cursor ---------------------------------------------------------------------------------------------------

  /** @param {MouseEvent} event */
  move(event) {
    if (!this.header) return;
    const box = this.cursor.getBoundingClientRect();
    const [left, top] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    this.go(nodeAt(left, top, this.header.size));
  }

  /** The pointer explores; when it is gone the pinned place is shown again. */
  leave() {
    if (this.pinned) this.go(this.pinned);
  }

  /** @param {MouseEvent} event */
  click(event) {
    if (!this.header) return;
    this.move(event); // a finger has left by now
    const isTouch = "pointerType" in event && event.pointerType === "touch";
    this.choose(!isTouch);
  }

  /** Pins the place; where it is pinned already, opens the nearest image if it may. @param {boolean} mayOpen */
  choose(mayOpen) {
    const again = this.pinned?.every((k, i) => k === this.node[i]);
    if (!again) this.pin(this.node);
    else if (mayOpen) this.openNearest();
  }

  /** @param {LatticeNode | null} node */
  pin(node) {
    this.pinned = node;
    this.showPinned();
    this.drawCursor();
    this.report(node && [this.header.xs[node[0]], this.header.ys[node[1]]]);
  }

  showPinned() {
    this.unpin.disabled = !this.pinned;
    this.root.dataset.pinned = String(this.pinned ?? "");
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (!this.header) return;
    if (event.key === "Enter") return this.choose(true);
    if (event.key === "Escape" && this.pinned) return this.pin(null);
    const next = stepped(this.node, event.key, event.shiftKey, this.header.size);
    if (!next) return;
    event.preventDefault();
    this.go(next);
  }

  openNearest() {
    if (this.header) this.open(this.header.ids[this.content.which[indexOf(this.node, this.header.size)]]);
  }

  /** @param {LatticeNode} node */
  go(node) {
    const { header, content } = this;
    this.node = node;
    const index = indexOf(node, header.size);
    const decoded = { tile: header.tile, across: header.size };
    copyTile(this.decoded, content.sheet, decoded, placeOf(decoded, pictureOf(node, header.size)));
    this.drawNearest(content.which[index]);
    this.at.textContent = `${precise(header.xs[node[0]])}, ${precise(header.ys[node[1]])}`;
    this.decoded.setAttribute("aria-label", `What ${header.model} decodes at ${this.at.textContent}`);
    this.sayFar(index);
    this.drawCursor();
    this.root.dataset.node = node.join();
    this.root.dataset.frames = String(++this.frames);
  }

  /** @param {number} which */
  drawNearest(which) {
    const { image, across, ids, labels } = this.header;
    const grid = { tile: image, across };
    copyTile(this.nearest, this.content.thumbnails, grid, placeOf(grid, which));
    const words = [labels[which], ids[which]].filter(Boolean);
    this.name.replaceChildren(...words.map((word) => make("i", "", word))); // long ones are cut by the style
    this.name.title = words.join("\n");
    this.button.setAttribute("aria-label", `Enlarge the nearest image, ${ids[which]}`);
  }

  /** @param {number} index */
  sayFar(index) {
    const far = this.content.far[index] === 1;
    const words = `Its code is ${precise(this.content.distance[index])} away. `;
    this.far.textContent = words + (far ? "No image is near this place: the model invents." : "");
    this.far.toggleAttribute("data-far", far);
  }

  drawCursor() {
    if (!this.node) return;
    const { cursor } = this;
    const context = contextOf(cursor);
    context.clearRect(0, 0, cursor.width, cursor.height);
    if (this.pinned) this.ring(context, this.pinned, 4, "#1f5fd6");
    this.ring(context, this.node, 7, "#16191d");
  }

  /** @param {CanvasRenderingContext2D} context @param {LatticeNode} node @param {number} radius @param {string} ink */
  ring(context, node, radius, ink) {
    const [x, y] = fieldPlaceOf(node, this.header.size, this.cursor.width);
    for (const { colour, width } of [
      { colour: "#ffffff", width: 3 },
      { colour: ink, width: 1 },
    ]) {
      context.strokeStyle = colour;
      context.lineWidth = width * devicePixelRatio;
      context.beginPath();
      context.arc(x, y, radius * devicePixelRatio, 0, 2 * Math.PI);
      context.stroke();
    }
  }
}

/** @param {Header} header @param {Uint8Array} bytes @returns {Promise<Content>} */
async function contentOf({ places }, bytes) {
  const read = reader(/** @type {ArrayBuffer} */ (bytes.slice().buffer));
  const picture = (/** @type {Place} */ place) => bitmap(/** @type {Uint8Array<ArrayBuffer>} */ (read(place)));
  const [sheet, thumbnails] = await Promise.all([picture(places.decoded), picture(places.thumbnails)]);
  return {
    sheet,
    thumbnails,
    which: /** @type {Uint16Array} */ (read(places.which)),
    distance: /** @type {Float32Array} */ (read(places.distance)),
    far: /** @type {Uint8Array} */ (read(places.far)),
  };
}

/** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} radius */
function disc(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

/** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} size */
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
