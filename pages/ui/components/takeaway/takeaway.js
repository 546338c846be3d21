// A page that carries one model or two, and computes without any server.

import { Pad } from "../drawpad/drawpad.js";
import { drawnImage } from "../drawpad/drawing.js";
import { Runner } from "../runner/runner.js";
import { find } from "../shared/component.js";
import { clamp, fixed } from "../shared/numbers.js";
import { NOISES, noisy } from "../shared/random_noise.js";
import { addressOf, seenAt } from "./address.js";
import { contentOf, networkMessage } from "./content.js";
import { draw, ModelView } from "./model_view.js";

/** @typedef {import("./content.js").Content} Content */
/**
 * isAlone: the page has the document to itself, and its view in the address.  given: an image to begin with, that is
 * none of the set.  sigma: of the noise at first.  sheet: a drawing elsewhere that is the input.
 * @typedef {{isAlone?: boolean, given?: Float32Array | null, sigma?: number, sheet?: () => ImageData}} Options
 */

const OLD = "This browser is too old for this page: open it in a newer one.";
const ADDRESS_MS = 400; // between two changes of the address

/** Starts the page. @param {string} source the worker's script @param {string[]} colours of the classes */
export async function start(source, colours) {
  try {
    const carried = find(document, "content", HTMLScriptElement).textContent ?? "";
    if (!("DecompressionStream" in globalThis)) throw new Error(OLD);
    new Page(document.body, await contentOf(carried.trim()), new Runner(source), colours, { isAlone: true });
  } catch (error) {
    fail(document, error);
  }
}

export class Page {
  /**
   * @param {HTMLElement} root what takeaway.html holds is in it @param {Content} content @param {Runner} runner
   * @param {string[]} colours @param {Options} options
   */
  constructor(root, content, runner, colours, options = {}) {
    this.root = root;
    this.options = options;
    this.content = content;
    this.runner = runner;
    const { header, read } = content;
    this.set = header.set;
    this.size = this.set.shape[0] * this.set.shape[1] * this.set.shape[2];
    this.pixels = read(this.set.images);
    this.labels = read(this.set.labels);
    this.seen = options.isAlone ? seenAt(location.hash) : {};
    this.isDrawing = false;
    /** An image that is none of the set, until one of the set is chosen. @type {Float32Array | null} */
    this.given = options.given ?? null;
    this.image = clamp(this.seen.image ?? 0, 0, this.set.n - 1);
    this.kind = this.seen.kind && Object.hasOwn(NOISES, this.seen.kind) ? this.seen.kind : "gaussian";
    this.sigma = this.seen.sigma ?? options.sigma ?? header.models[0].trained_noise;
    this.seed = this.seen.seed ?? 1;
    this.timer = 0;
    this.number = find(this.root, "number", HTMLInputElement);
    this.fromSet = find(this.root, "from-set", HTMLInputElement);
    this.fromPad = find(this.root, "from-pad", HTMLInputElement);
    this.classes = find(this.root, "class", HTMLSelectElement);
    this.kinds = find(this.root, "kind", HTMLSelectElement);
    this.slider = find(this.root, "sigma", HTMLInputElement);
    this.flicker = find(this.root, "flicker", HTMLInputElement);
    this.theme = find(this.root, "theme", HTMLSelectElement);
    this.write();
    this.models = header.models.map((spec, position) => this.modelView(spec, position, colours));
    this.pad = new Pad(find(this.root, "pad-root", HTMLElement), () => this.isDrawing && this.recompute());
    this.listen();
    this.restore();
    this.isDrawing = options.sheet !== undefined;
    this.recompute().then(() => this.begun());
  }

  write() {
    const { header } = this.content;
    this.text("title", header.title);
    const n = this.set.n.toLocaleString("en");
    const which = header.models.length > 1 ? "Two networks" : "A network";
    this.text(
      "about",
      `${which}, and ${n} images of ${this.set.title} (${this.set.split}). ` +
        "Everything is computed in this page: nothing is loaded, and nothing leaves it.",
    );
    this.text("made", `Made with Hourglass on ${header.made}.`);
    this.number.max = String(this.set.n);
    const classes = this.set.classes.map((name, k) => new Option(name, String(k)));
    this.classes.replaceChildren(new Option("all", "-1"), ...classes);
    find(this.root, "class-label", HTMLElement).hidden = !this.set.classes.length;
    this.kinds.replaceChildren(...Object.entries(NOISES).map(([kind, words]) => new Option(words.split(":")[0], kind)));
    const [, h, w] = this.set.shape;
    for (const canvas of this.root.querySelectorAll("main > section canvas.original, main > section canvas.noisy"))
      Object.assign(canvas, { width: w, height: h });
  }

  /** @param {import("./content.js").ModelSpec} spec @param {number} position @param {string[]} colours */
  modelView(spec, position, colours) {
    const { digest } = spec.network.header;
    this.runner.register(digest, () => networkMessage(spec.network, this.content.read));
    const template = find(this.root, "model", HTMLTemplateElement);
    const part = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
    const root = find(part, "one", HTMLElement);
    find(this.root, "models", HTMLElement).append(part);
    const shared = {
      content: this.content,
      runner: this.runner,
      colours,
      image: (/** @type {number} */ i) => this.pixelsOf(i),
      choose: (/** @type {number} */ i) => this.choose(i),
      changed: () => this.remember(),
      timed: (/** @type {number} */ ms, /** @type {string} */ kind) => this.sayTime(ms, kind),
      fail: (/** @type {unknown} */ error) => this.fail(error),
    };
    return new ModelView(root, spec, shared, position);
  }

  listen() {
    const on = (/** @type {string} */ name, /** @type {() => void} */ act) =>
      find(this.root, name, HTMLElement).addEventListener("click", act);
    on("previous", () => this.step(-1));
    on("next", () => this.step(1));
    on("random", () => this.step(1 + Math.floor(Math.random() * (this.set.n - 1))));
    on("fresh", () => this.drawNoise());
    this.number.addEventListener("change", () => {
      this.choose(clamp(Math.round(Number(this.number.value) || 1), 1, this.set.n) - 1);
    });
    this.classes.addEventListener("change", () => this.ofClass(this.image) || this.step(1));
    this.kinds.addEventListener("change", () => {
      this.kind = /** @type {import("../shared/random_noise.js").NoiseKind} */ (this.kinds.value);
      this.recompute();
    });
    this.slider.addEventListener("input", () => {
      this.sigma = Number(this.slider.value);
      this.recompute();
    });
    this.flicker.addEventListener("change", () => this.flickering());
    for (const radio of [this.fromSet, this.fromPad])
      radio.addEventListener("change", () => this.draws(this.fromPad.checked));
    this.theme.addEventListener("change", () => this.dress());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.dress());
    if (this.options.isAlone) addEventListener("hashchange", () => location.hash !== this.last && location.reload());
  }

  /** What the address says, as far as it is there. */
  restore() {
    const { seen } = this;
    this.theme.value = ["light", "dark"].includes(seen.theme ?? "") ? (seen.theme ?? "") : "";
    this.dress();
    this.models.forEach((model, i) => {
      const [axes, view, threshold] = [seen.axes?.[i], seen.view?.[i], seen.threshold?.[i]];
      if (axes?.every((axis) => axis >= 0 && axis < model.spec.axes.n)) axes.forEach((axis, k) => model.turn(k, axis));
      if (threshold && threshold > 0) model.histogram.set(threshold);
      model.ground.checked = Boolean(seen.ground);
      if (view?.length === 4 && view[2] > 0 && view[3] > 0) {
        model.map.look({ x: view[0], y: view[1], rx: view[2], ry: view[3] });
      }
    });
  }

  /** The first pictures are there. */
  begun() {
    this.models.forEach((model, i) => {
      const code = this.seen.code?.[i] ?? [];
      if (code.length === model.latent) model.edit(Float32Array.from(code));
      model.drawGround();
      model.encodeAll().catch((error) => this.fail(error));
    });
    this.root.dataset.ready = "1";
  }

  // --- the input

  /** @param {number} i */
  pixelsOf(i) {
    return Float32Array.from(this.pixels.subarray(i * this.size, (i + 1) * this.size), (value) => value / 255);
  }

  /** @param {number} i */
  ofClass(i) {
    const chosen = Number(this.classes.value);
    return chosen < 0 || this.labels[i] === chosen;
  }

  /** To the next image of the class that is chosen. @param {number} by */
  step(by) {
    const { n } = this.set;
    let i = (this.image + by + n) % n;
    for (let k = 0; k < n && !this.ofClass(i); k++) i = (i + Math.sign(by) + n) % n;
    this.choose(i);
  }

  /** @param {number} i */
  choose(i) {
    this.given = null;
    this.image = i;
    this.fromSet.checked = true;
    this.draws(false);
  }

  /** @param {boolean} isDrawing */
  draws(isDrawing) {
    this.isDrawing = isDrawing;
    find(this.root, "pad", HTMLElement).hidden = !isDrawing;
    find(this.root, "choose", HTMLElement).hidden = isDrawing;
    return this.recompute();
  }

  drawNoise() {
    this.seed = Math.floor(Math.random() * 1e6) + 1;
    if (!this.sigma) this.sigma = 0.3; // without any there would be nothing to see
    return this.recompute();
  }

  /** New noise in each frame, as long as the box is ticked. */
  async flickering() {
    while (this.flicker.checked && this.root.isConnected) {
      await this.drawNoise();
      await new Promise(requestAnimationFrame);
      this.root.dataset.frames = String(Number(this.root.dataset.frames ?? 0) + 1);
    }
  }

  drawing() {
    return drawnImage(this.options.sheet?.() ?? this.pad.sheet(), this.set.shape, this.content.header.is_digit);
  }

  recompute() {
    const [, h, w] = this.set.shape;
    const x = this.isDrawing ? this.drawing() : (this.given ?? this.pixelsOf(this.image));
    const given = noisy(x, h * w, { kind: this.kind, sigma: this.sigma, seed: this.seed });
    for (const [name, picture] of Object.entries({ original: x, noisy: given })) {
      const canvas = find(this.root, name, HTMLCanvasElement);
      draw(canvas, picture, this.set.shape);
      const words = name === "original" ? "Original image" : `The image with noise of sigma ${fixed(this.sigma, 2)}`;
      canvas.setAttribute("aria-label", words);
    }
    this.sayInput();
    this.remember();
    return Promise.all(this.models.map((model) => model.feed(given, x)));
  }

  sayInput() {
    const label = this.set.classes[this.labels[this.image]] ?? "";
    this.number.value = String(this.image + 1);
    this.text("name", [label && `class ${label}`, this.set.ids[this.image]].filter(Boolean).join(", "));
    this.text("original-name", this.isDrawing ? "Your drawing" : "Original");
    this.kinds.value = this.kind;
    this.text("kind-about", `${NOISES[this.kind]}.`);
    this.slider.value = String(this.sigma);
    this.text("sigma-value", fixed(this.sigma, 2));
  }

  // --- appearance and address

  dress() {
    const isDark = this.theme.value ? this.theme.value === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    if (this.options.isAlone) document.documentElement.dataset.theme = isDark ? "dark" : "light";
    for (const { bars, map, histogram } of this.models) for (const one of [bars, map, histogram]) one.draw();
    this.remember();
  }

  remember() {
    if (this.timer || !this.models || !this.options.isAlone) return;
    this.timer = window.setTimeout(() => this.tellAddress(), ADDRESS_MS);
  }

  tellAddress() {
    this.timer = 0;
    const { models } = this;
    this.last = addressOf({
      image: this.image,
      kind: this.kind,
      sigma: this.sigma,
      seed: this.seed,
      theme: this.theme.value,
      ground: models.some((model) => model.ground.checked),
      threshold: models.map((model) => model.histogram.threshold),
      axes: models.map((model) => model.axes),
      view: models.map(({ map: { view, whole } }) => (view === whole ? [] : [view.x, view.y, view.rx, view.ry])),
      code: models.map((model) => (model.isEdited && !model.kept ? Array.from(model.code) : [])),
    });
    history.replaceState(null, "", this.last);
    this.last = location.hash;
  }

  // --- words

  /** @param {string} name of the class @param {string} words */
  text(name, words) {
    find(this.root, name, HTMLElement).textContent = words;
  }

  /** @param {number} ms @param {string} kind */
  sayTime(ms, kind) {
    const by = kind === "wasm" ? "WebAssembly" : "JavaScript";
    this.text("speed", `${ms.toFixed(1)} ms a picture, in this page (${by})`);
    this.root.dataset.ms = ms.toFixed(2);
  }

  /** @param {unknown} error */
  fail(error) {
    fail(this.root, error);
  }
}

/** @param {ParentNode} root @param {unknown} error */
function fail(root, error) {
  const failure = find(root, "failure", HTMLElement);
  failure.hidden = false;
  failure.textContent = error instanceof Error ? error.message : String(error);
}
