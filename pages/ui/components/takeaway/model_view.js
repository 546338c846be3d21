// What a page shows of one model: pictures, code, map, errors, facts.

import { find } from "../shared/component.js";
import { contextOf, make, makeButton } from "../shared/dom.js";
import { CodeBars } from "../shared/codebars.js";
import { codeAt, CodeMap } from "../shared/codemap.js";
import { fixed, precise } from "../shared/numbers.js";
import { paint } from "../shared/pixels.js";
import { Histogram } from "./histogram.js";

/** @typedef {import("./content.js").Content} Content */
/** @typedef {import("./content.js").ModelSpec} ModelSpec */
/** @typedef {import("../runner/runner.js").Runner} Runner */
/** @typedef {import("../shared/codemap.js").Place} Place */
/**
 * What the page gives all models.  images: pixels in [0, 1] of image i.  choose: makes image i the input.  changed: the
 * address should say what is seen.  timed: milliseconds of a picture, and who computed it.
 * @typedef {{
 *   content: Content, runner: Runner, colours: string[], image: (i: number) => Float32Array,
 *   choose: (i: number) => void, changed: () => void, timed: (ms: number, kind: string) => void,
 *   fail: (error: unknown) => void,
 * }} Shared
 */

const GROUND = 14; // decoded images along each side of the map
const NUMBERED = 64; // numbers of a code that are offered as axes
const WORST = 24;
const LARGE = 1e-3; // of an error, for the brightness of its picture

export class ModelView {
  /** @param {HTMLElement} root @param {ModelSpec} spec @param {Shared} shared @param {number} position of the model */
  constructor(root, spec, shared, position) {
    this.root = root;
    this.spec = spec;
    this.shared = shared;
    this.channel = `model ${position}`;
    this.digest = spec.network.header.digest;
    const { read } = shared.content;
    this.latent = spec.network.header.latent_dim;
    this.n = shared.content.header.set.n;
    const floats = (/** @type {import("../shared/message.js").Place} */ place) => Float32Array.from(read(place));
    this.errors = floats(spec.errors);
    this.origin = floats(spec.axes.origin);
    this.directions = floats(spec.axes.directions);
    this.coordinates = floats(spec.axes.coordinates);
    /** Codes of all images, as soon as they are computed. @type {Float32Array | null} */
    this.codes = null;
    /** `own`: the code that the input has; `code`: the one that is shown. */
    /** @type {Float32Array} */
    this.own = new Float32Array(this.latent);
    this.code = this.own;
    this.isEdited = false;
    /** The code to return to when the pointer leaves the map. @type {Float32Array | null} */
    this.kept = null;
    this.nearest = -1;
    /** @type {[number, number]} */
    this.axes = [0, Math.min(1, spec.axes.n - 1)];
    /** @type {Float32Array} */
    this.target = new Float32Array();
    this.part = (/** @type {string} */ name) => find(root, name, HTMLElement);
    this.bars = new CodeBars(find(root, "bars", HTMLCanvasElement), (code) => this.edit(code));
    this.bars.range(floats(spec.low), floats(spec.high));
    this.map = new CodeMap(find(root, "map", HTMLCanvasElement), `Map of the codes of ${spec.name}.`, {
      explored: (place) => this.explore(place),
      pinned: (place) => this.pin(place),
      moved: () => this.drawGround(),
    });
    this.histogram = new Histogram(find(root, "histogram", HTMLCanvasElement), () => this.sayAbove());
    this.ground = find(root, "ground", HTMLInputElement);
    this.resetButton = find(root, "reset", HTMLButtonElement);
    this.takeButton = find(root, "take", HTMLButtonElement);
    this.selects = ["axis-x", "axis-y"].map((name) => find(root, name, HTMLSelectElement));
    this.write();
    this.listen();
    this.histogram.show(this.errors, spec.threshold);
    this.sayAbove();
    this.offerAxes();
    this.showMap();
  }

  write() {
    const { spec, part, latent } = this;
    const name = part("model-name");
    name.textContent = spec.name;
    name.id = this.channel.replace(" ", "-");
    this.root.setAttribute("aria-labelledby", name.id);
    part("model-title").textContent = spec.title;
    part("sayings").replaceChildren(...spec.sayings.map((words) => make("li", "", words)));
    const words = latent === 1 ? "One number" : `${latent.toLocaleString("en")} numbers`;
    const about = "drag a bar, and the picture follows. The marks are the image's own code.";
    part("code-about").textContent = `${words}: ${about}`;
    const keys = "left and right choose a number, up and down change it";
    this.bars.canvas.setAttribute("aria-label", `Code of ${spec.name}: ${keys}`);
    const rows = spec.facts.map(([key, value]) => {
      const row = make("tr");
      const heading = make("th", "", key);
      heading.scope = "row";
      row.append(heading, make("td", "", value));
      return row;
    });
    find(this.root, "facts", HTMLTableElement).tBodies[0].replaceChildren(...rows);
    const { classes } = this.shared.content.header.set;
    part("legend").replaceChildren(
      ...classes.slice(0, 20).map((label, k) => {
        const item = make("span", "", label);
        const swatch = make("span", "swatch");
        swatch.style.background = this.shared.colours[k];
        item.prepend(swatch);
        return item;
      }),
    );
    const [, h, w] = this.shared.content.header.set.shape;
    for (const canvas of this.root.querySelectorAll("figure canvas")) Object.assign(canvas, { width: w, height: h });
  }

  listen() {
    const on = (/** @type {string} */ name, /** @type {() => void} */ act) =>
      this.part(name).addEventListener("click", act);
    this.resetButton.addEventListener("click", () => this.reset());
    this.takeButton.addEventListener("click", () => this.nearest >= 0 && this.shared.choose(this.nearest));
    this.ground.addEventListener("change", () => this.drawGround());
    on("zoom-in", () => this.map.zoom(0.7));
    on("zoom-out", () => this.map.zoom(1 / 0.7));
    on("zoom-all", () => this.map.look(this.map.whole));
    this.selects.forEach((select, i) => select.addEventListener("change", () => this.turn(i, Number(select.value))));
  }

  // --- the picture

  /**
   * A new input: what the model is given, and what its error is measured against.
   * @param {Float32Array} x @param {Float32Array} target
   */
  async feed(x, target) {
    this.target = target;
    const found = await this.compute({ digest: this.digest, way: "reconstruct", values: x.slice() });
    if (!found?.codes || !found.images) return;
    this.own = found.codes;
    this.kept = null;
    this.isEdited = false;
    this.showCode(this.own, true);
    this.showPicture(found.images, "Reconstruction");
    if (this.ground.checked && this.latent > 2) this.drawGround(); // a plane through the new code
  }

  /** A code that somebody made. @param {Float32Array} code */
  async edit(code) {
    this.isEdited = true;
    this.showCode(code, false);
    const found = await this.compute({ digest: this.digest, way: "decode", values: code.slice() });
    if (found?.images && this.isEdited) this.showPicture(found.images, "Decoded from your code");
  }

  reset() {
    this.kept = null;
    this.edit(this.own.slice());
    this.isEdited = false;
    this.resetButton.disabled = true;
    this.compute({ digest: this.digest, way: "decode", values: this.own.slice() }).then(
      (found) => found?.images && this.showPicture(found.images, "Reconstruction"),
    );
    this.shared.changed();
  }

  /** @param {import("../runner/handler.js").Run} run */
  async compute(run) {
    try {
      const found = await this.shared.runner.latest(this.channel, run);
      if (found) this.shared.timed(found.milliseconds, found.kind);
      return found;
    } catch (error) {
      this.shared.fail(error);
      return null;
    }
  }

  /** @param {Float32Array} x_hat @param {string} words */
  showPicture(x_hat, words) {
    const { shape } = this.shared.content.header.set;
    const canvas = find(this.root, "rebuilt", HTMLCanvasElement);
    draw(canvas, x_hat, shape);
    this.part("rebuilt-name").textContent = words;
    canvas.setAttribute("aria-label", `${words} of ${this.spec.name}`);
    const squares = new Float32Array(x_hat.length);
    let sum = 0;
    for (let i = 0; i < x_hat.length; i++) sum += squares[i] = (x_hat[i] - this.target[i]) ** 2;
    const mse = sum / x_hat.length;
    const most = Math.max(LARGE, squares.reduce((a, b) => Math.max(a, b), 0));
    const difference = find(this.root, "difference", HTMLCanvasElement);
    draw(difference, squares.map((value) => Math.sqrt(value / most)), shape);
    difference.setAttribute("aria-label", `Error of ${this.spec.name}`);
    const worse = this.errors.reduce((n, error) => n + Number(error < mse), 0);
    const share = `more than ${((100 * worse) / this.n).toFixed(0)} % of the images here`;
    this.part("mse").textContent = `MSE to the original ${fixed(mse, 5)},\n${share}`;
    this.root.dataset.pictures = String(Number(this.root.dataset.pictures ?? 0) + 1);
    this.root.dataset.mse = String(mse);
  }

  /** @param {Float32Array} code @param {boolean} isOwn */
  showCode(code, isOwn) {
    this.code = code;
    this.bars.show(code, isOwn);
    this.resetButton.disabled = isOwn;
    const { at } = this.bars;
    this.part("bar-value").textContent = `Number ${at + 1}: ${fixed(code[at], 3)}`;
    this.map.mark(this.placeOf(code));
    this.shared.changed();
  }

  // --- the map

  offerAxes() {
    const { n, shares } = this.spec.axes;
    const isCode = this.latent <= 2; // then the axes are the numbers of the code themselves
    const name = (/** @type {number} */ k) => (isCode ? `Number ${k + 1} of the code` : `Principal axis ${k + 1}`);
    const words = shares.map((share, k) => `${name(k)} (${(100 * share).toFixed(0)} %)`);
    const numbers = this.codes && !isCode ? Math.min(this.latent, NUMBERED) : 0;
    for (let k = 0; k < numbers; k++) words.push(`Number ${k + 1} of the code`);
    this.selects.forEach((select, i) => {
      select.replaceChildren(...words.map((text, k) => new Option(text, String(k), false, k === this.axes[i])));
      select.disabled = n < 2 && numbers < 2;
    });
  }

  /** @param {number} i of the two axes @param {number} axis */
  turn(i, axis) {
    const other = this.axes[1 - i];
    if (axis === other) this.axes[1 - i] = this.axes[i];
    this.axes[i] = axis;
    this.selects.forEach((select, k) => (select.value = String(this.axes[k])));
    this.showMap();
    this.shared.changed();
  }

  /** A direction of length 1. @param {number} axis @returns {Float32Array} */
  direction(axis) {
    const { n } = this.spec.axes;
    if (axis < n) return this.directions.slice(axis * this.latent, (axis + 1) * this.latent);
    const unit = new Float32Array(this.latent);
    unit[axis - n] = 1;
    return unit;
  }

  /** Where a code lies on the map. @param {Float32Array} code @returns {Place} */
  placeOf(code) {
    const along = (/** @type {number} */ axis) => {
      if (axis >= this.spec.axes.n) return code[axis - this.spec.axes.n];
      let sum = 0;
      for (let k = 0; k < this.latent; k++)
        sum += (code[k] - this.origin[k]) * this.directions[axis * this.latent + k];
      return sum;
    };
    return [along(this.axes[0]), this.axes[0] === this.axes[1] ? 0 : along(this.axes[1])];
  }

  showMap() {
    const { n } = this.spec.axes;
    const points = new Float32Array(2 * this.n);
    for (let i = 0; i < this.n; i++) {
      this.axes.forEach((axis, k) => {
        const value = axis < n ? this.coordinates[i * n + axis] : this.codes?.[i * this.latent + axis - n];
        points[2 * i + k] = k && this.axes[0] === axis ? 0 : (value ?? 0);
      });
    }
    const labels = this.shared.content.read(this.shared.content.header.set.labels);
    this.map.show(points, Array.from(labels, (label) => this.shared.colours[label] ?? "#7a828c"));
    this.map.mark(this.placeOf(this.code));
    this.drawGround();
  }

  /** @param {Place} place @returns {Float32Array} */
  codeOf(place) {
    const base = this.kept ?? this.code;
    if (this.axes[0] === this.axes[1]) {
      const [x] = this.placeOf(base);
      return base.map((value, k) => value + (place[0] - x) * this.direction(this.axes[0])[k]);
    }
    return codeAt(base, [this.direction(this.axes[0]), this.direction(this.axes[1])], place, this.placeOf(base));
  }

  /** @param {Place | null} place */
  explore(place) {
    if (!place) {
      if (this.kept) this.edit(this.kept);
      this.kept = null;
      return;
    }
    this.kept ??= this.code;
    this.nearest = this.map.pointAt(place);
    this.takeButton.disabled = this.nearest < 0;
    this.part("nearest").textContent = this.nearest < 0 ? "No image is near this place." : this.nameOf(this.nearest);
    this.edit(this.codeOf(place));
  }

  /** @param {Place} place */
  pin(place) {
    const code = this.codeOf(place);
    this.kept = null;
    this.map.cursor = null;
    this.edit(code);
  }

  /** @param {number} i */
  nameOf(i) {
    const { ids, classes } = this.shared.content.header.set;
    const label = this.shared.content.read(this.shared.content.header.set.labels)[i];
    return ["Nearest image:", classes[label] ?? "", ids[i]].filter(Boolean).join(" ");
  }

  /** Decodes all over what is in view. */
  async drawGround() {
    this.shared.changed();
    if (!this.ground.checked) {
      this.map.ground = null;
      this.map.draw();
      return;
    }
    const { view } = this.map;
    const values = new Float32Array(GROUND * GROUND * this.latent);
    for (let i = 0; i < GROUND * GROUND; i++) {
      const [column, row] = [i % GROUND, Math.floor(i / GROUND)];
      const u = (2 * (column + 0.5)) / GROUND - 1;
      const v = 1 - (2 * (row + 0.5)) / GROUND;
      values.set(this.codeOf([view.x + u * view.rx, view.y + v * view.ry]), i * this.latent);
    }
    const run = { digest: this.digest, way: /** @type {"decode"} */ ("decode"), values, colours: true };
    const found = await this.shared.runner.latest(`${this.channel} ground`, run).catch(this.shared.fail);
    if (!found?.colours || !this.ground.checked) return;
    this.map.ground = { picture: mosaic(found.colours, this.shared.content.header.set.shape), view };
    this.map.canvas.dataset.grounds = String(Number(this.map.canvas.dataset.grounds ?? 0) + 1);
    this.map.draw();
  }

  /** All codes, in the background. */
  async encodeAll() {
    const { shape } = this.shared.content.header.set;
    const size = shape[0] * shape[1] * shape[2];
    const values = new Float32Array(this.n * size);
    for (let i = 0; i < this.n; i++) values.set(this.shared.image(i), i * size);
    const found = await this.shared.runner.run({ digest: this.digest, way: "encode", values });
    this.codes = found.codes ?? null;
    this.offerAxes();
    this.root.dataset.codes = String(this.n);
  }

  // --- errors

  sayAbove() {
    const n = this.histogram.above();
    const share = `${((100 * n) / this.n).toFixed(1)} %`;
    this.part("above").textContent =
      `${n} of ${this.n} images (${share}) have an error above ${precise(this.histogram.threshold)}. ` +
      "The threshold began where 1 % of the model's own test images are above it. The largest errors:";
    const order = Array.from(this.errors, (_, i) => i).sort((a, b) => this.errors[b] - this.errors[a]);
    const shown = order.slice(0, Math.min(n, WORST));
    this.part("worst").replaceChildren(...shown.map((i) => this.thumbnail(i)));
    this.shared.changed();
  }

  /** @param {number} i */
  thumbnail(i) {
    const { shape, ids } = this.shared.content.header.set;
    const button = makeButton("");
    button.setAttribute("aria-label", `Take image ${i + 1}, ${ids[i]}, error ${precise(this.errors[i])}`);
    button.title = `${ids[i]}: ${precise(this.errors[i])}`;
    const canvas = make("canvas");
    [canvas.height, canvas.width] = [shape[1], shape[2]];
    draw(canvas, this.shared.image(i), shape);
    button.append(canvas);
    button.addEventListener("click", () => this.shared.choose(i));
    return button;
  }
}

/** @param {HTMLCanvasElement} canvas @param {Float32Array} x one image @param {import("../shared/pixels.js").Shape} shape */
export function draw(canvas, x, shape) {
  const picture = new ImageData(shape[2], shape[1]);
  picture.data.fill(255);
  paint(x, 0, shape, picture.data);
  contextOf(canvas).putImageData(picture, 0, 0);
}

/**
 * @param {Uint8ClampedArray<ArrayBuffer>} colours of GROUND x GROUND images
 * @param {import("../shared/pixels.js").Shape} shape
 */
function mosaic(colours, [, h, w]) {
  const picture = new OffscreenCanvas(GROUND * w, GROUND * h);
  const context = contextOf(picture);
  for (let i = 0; i < GROUND * GROUND; i++) {
    const tile = new ImageData(colours.slice(4 * i * h * w, 4 * (i + 1) * h * w), w, h);
    context.putImageData(tile, (i % GROUND) * w, Math.floor(i / GROUND) * h);
  }
  return picture;
}
