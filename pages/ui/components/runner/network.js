// A model, ready to run: where everything lies in memory is decided once, and running it allocates nothing.
//
// Images and codes have the server's layout, (n, C, H, W) and (n, D'). Convolutions work on (H, W, C) with a border of
// zeros: then each row of a window is one run of consecutive numbers, and a convolution is a matrix product on such
// runs (kernels.js). Channels, and the lengths of flat tensors, are padded to multiples of four with weights of zero. A
// transposed convolution is four ordinary ones: for the even and the odd rows and columns of its output.

import { kernels } from "./kernels.js";

/** @typedef {import("./kernels.js").Kernels} Kernels */
/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./model.js").Layer} Layer */

/**
 * A tensor of the server's layout.  address: byte address of the first image.  size: bytes per image.
 * @typedef {{flat: true, shape: number[], address: number, size: number}} Flat
 */
/**
 * A tensor (H, W, C) of shape [C, H, W].  pixel, row: bytes per pixel and per row.  first: offset of the first pixel.
 * @typedef {{
 *   flat: false, shape: number[], address: number, size: number, pixel: number, row: number, first: number,
 * }} Spatial
 */
/** @typedef {Flat | Spatial} Tensor */
/** Rows and columns of zeros before and after an image. @typedef {[number, number]} Border */
/** Part of a computation, for the first n images in memory. @typedef {(n: number) => void} Step */
/** An encoder or a decoder. @typedef {{input: Flat, steps: Step[], output: Flat}} Part */
/**
 * A matrix product, see MatMul in kernels.js.  length: of a run, in numbers.  weight: of output o and number k of a
 * run.
 * @typedef {{
 *   outputs: number, runs: number, length: number, skip: number, table: [number, number][],
 *   weight: (o: number, run: number, k: number) => number, bias: (o: number) => number,
 * }} Product
 */
/**
 * Computes a product at its first positions.  x, out: byte addresses that its table counts from.
 * @typedef {(x: number, out: number, positions: number) => void} Apply
 */

const BATCH = { dense: 32, conv: 2 }; // images at once: dense layers share loads of weights, images stay in the cache
const MAX_BYTES = 2 ** 28;
/** The border that a layer needs around its input. @type {Record<string, Border>} */
const BORDERS = { conv: [1, 1], conv_transpose: [0, 1] };
const IN_PLACE = ["affine", "activation", "bound"];

/** @param {number} n */
const padded = (n) => 4 * Math.ceil(n / 4);
/** @param {number[]} shape */
const product = (shape) => shape.reduce((a, b) => a * b, 1);

export class Network {
  /** @param {Model} model @param {boolean} plain do not use WebAssembly */
  constructor(model, plain = false) {
    const { header } = model;
    const layers = [...header.encoder, ...header.decoder];
    this.header = header;
    this.n_pixels = product(header.input_shape); // C * H * W
    this.latent_dim = header.latent_dim;
    this.batch = layers.some(({ kind }) => kind.startsWith("conv")) ? BATCH.conv : BATCH.dense;
    const layout = new Layout(model, this.batch);
    this.encoder = layout.part(header.encoder, header.input_shape);
    this.decoder = layout.part(header.decoder, [header.latent_dim]);
    check(product(this.encoder.output.shape) >= header.latent_dim); // a variational encoder adds log-variances
    check(product(this.decoder.output.shape) === this.n_pixels);
    const made = layout.allocate(plain);
    this.kind = made.kind;
    this.work = layout.work; // multiply-adds per image, encoder and decoder together
    this.memory = new Float32Array(made.buffer);
  }

  /**
   * Images to codes.
   * @param {Float32Array} x n * C * H * W numbers @param {Float32Array} z receives n * D' @param {number} n
   */
  encode(x, z, n) {
    this.run(this.encoder, [x, this.n_pixels], [z, this.latent_dim], n);
  }

  /**
   * Codes to images.
   * @param {Float32Array} z n * D' numbers @param {Float32Array} x receives n * C * H * W @param {number} n
   */
  decode(z, x, n) {
    this.run(this.decoder, [z, this.latent_dim], [x, this.n_pixels], n);
  }

  /**
   * @param {Part} part @param {[Float32Array, number]} from numbers, and how many per image
   * @param {[Float32Array, number]} to @param {number} n
   */
  run({ input, steps, output }, [from, n_from], [to, n_to], n) {
    for (let start = 0; start < n; start += this.batch) {
      const images = Math.min(this.batch, n - start);
      for (let i = 0; i < images; i++)
        copy(from, (start + i) * n_from, this.memory, (input.address + i * input.size) / 4, n_from);
      for (const step of steps) step(images);
      for (let i = 0; i < images; i++)
        copy(this.memory, (output.address + i * output.size) / 4, to, (start + i) * n_to, n_to);
    }
  }
}

/** Decides where tensors and weights lie and what is computed; the steps can run after allocate(). */
class Layout {
  /** @param {Model} model @param {number} batch images at once */
  constructor(model, batch) {
    this.model = model;
    this.batch = batch;
    this.bytes = 0;
    this.work = 0;
    /** Called by allocate(). @type {((kernels: Kernels, f: Float32Array, i: Int32Array) => void)[]} */
    this.onAllocated = [];
  }

  /** Takes the memory and fills in all constants. @param {boolean} plain */
  allocate(plain) {
    const made = kernels(this.bytes, plain);
    const [f, i] = [new Float32Array(made.buffer), new Int32Array(made.buffer)];
    for (const callback of this.onAllocated) callback(made, f, i);
    return made;
  }

  /** @param {Layer[]} layers @param {number[]} shape of an input @returns {Part} */
  part(layers, shape) {
    const input = this.flat(shape);
    /** @type {Step[]} */
    const steps = [];
    /** @type {Tensor} */
    let last = input;
    layers.forEach((layer, i) => {
      const next = layers.slice(i + 1).find(({ kind }) => !IN_PLACE.includes(kind));
      last = this.layer(layer, last, steps, BORDERS[next?.kind ?? ""] ?? [0, 0]);
    });
    return { input, steps, output: this.flattened(last, steps) };
  }

  /**
   * The output of a layer.
   * @param {Layer} layer @param {Tensor} input @param {Step[]} steps receives how it is computed
   * @param {Border} border around the output, if it is spatial
   * @returns {Tensor}
   */
  layer(layer, input, steps, border) {
    switch (layer.kind) {
      case "linear":
        return this.linear(layer, this.flattened(input, steps), steps);
      case "conv":
        return this.conv(layer, this.spatialised(input, steps, BORDERS.conv), steps, border);
      case "conv_transpose":
        return this.convTranspose(layer, this.spatialised(input, steps, BORDERS.conv_transpose), steps, border);
      case "affine":
        return this.affine(layer, input, steps);
      case "activation":
        return this.elementwise(layer.name, input, steps);
      case "bound":
        return this.elementwise("bound", input, steps);
      case "reshape":
        check(product(layer.shape) === product(input.shape));
        return { ...this.flattened(input, steps), shape: layer.shape };
    }
  }

  /** @param {import("./model.js").Linear} layer @param {Flat} input @param {Step[]} steps */
  linear({ n_in, n_out, weight, bias }, input, steps) {
    check(product(input.shape) === n_in);
    const { weights } = this.model;
    const output = this.flat([n_out]);
    const apply = this.product({
      outputs: n_out,
      runs: 1,
      length: n_in,
      skip: 0,
      table: Array.from({ length: this.batch }, (_, i) => [i * input.size, i * output.size]), // positions are images
      weight: (o, _, k) => weights[weight + o * n_in + k],
      bias: this.bias(bias),
    });
    this.work += n_in * n_out;
    steps.push((n) => apply(input.address, output.address, n));
    return output;
  }

  /** @param {import("./model.js").Conv} layer @param {Spatial} input @param {Step[]} steps @param {Border} border */
  conv({ c_in, c_out, weight, bias }, input, steps, border) {
    const [c, h, w] = input.shape;
    check(c === c_in);
    const { weights } = this.model;
    const output = this.spatial([c_out, Math.ceil(h / 2), Math.ceil(w / 2)], border);
    const channels = input.pixel / 4;
    const apply = this.product({
      outputs: c_out,
      runs: 3, // a row of the window each
      length: 3 * channels,
      skip: input.row - 3 * input.pixel,
      table: positions(output.shape).map(([y, x]) => [offset(input, 2 * y - 1, 2 * x - 1), offset(output, y, x)]),
      weight: (o, ky, k) => {
        const channel = k % channels;
        return channel < c_in ? weights[weight + ((o * c_in + channel) * 3 + ky) * 3 + (k - channel) / channels] : 0;
      },
      bias: this.bias(bias),
    });
    this.work += 9 * c_in * product(output.shape);
    steps.push(perImage(apply, input, output, product(output.shape.slice(1))));
    return output;
  }

  /**
   * @param {import("./model.js").ConvTranspose} layer @param {Spatial} input @param {Step[]} steps
   * @param {Border} border
   */
  convTranspose(layer, input, steps, border) {
    const [c, h, w] = input.shape;
    check(c === layer.c_in);
    const output = this.spatial([layer.c_out, 2 * h - 1 + layer.grow[0], 2 * w - 1 + layer.grow[1]], border);
    for (const oddRows of [0, 1])
      for (const oddColumns of [0, 1]) this.quarter(layer, input, output, steps, [oddRows, oddColumns]);
    this.work += 9 * layer.c_out * product(input.shape);
    return output;
  }

  /**
   * The even or odd rows and columns of a transposed convolution. Row 2t of the output is row t of the input times the
   * middle of the kernel; row 2t + 1 is row t times the kernel's last row and row t + 1 times its first.
   * @param {import("./model.js").ConvTranspose} layer @param {Spatial} input @param {Spatial} output
   * @param {Step[]} steps @param {[number, number]} odd rows and columns: 0 or 1
   */
  quarter({ c_in, c_out, weight, bias }, input, output, steps, [oddRows, oddColumns]) {
    const { weights } = this.model;
    const [channels, [, h, w]] = [input.pixel / 4, output.shape];
    const cells = positions([c_out, Math.floor((h + 1 - oddRows) / 2), Math.floor((w + 1 - oddColumns) / 2)]);
    if (cells.length === 0) return; // an output one pixel high or wide has no odd rows or columns
    const kernelIndex = (/** @type {number} */ odd, /** @type {number} */ i) => (odd ? 2 - 2 * i : 1);
    const apply = this.product({
      outputs: c_out,
      runs: 1 + oddRows,
      length: (1 + oddColumns) * channels,
      skip: input.row - (1 + oddColumns) * input.pixel,
      table: cells.map(([y, x]) => [offset(input, y, x), offset(output, 2 * y + oddRows, 2 * x + oddColumns)]),
      weight: (o, run, k) => {
        const channel = k % channels;
        const [ky, kx] = [kernelIndex(oddRows, run), kernelIndex(oddColumns, (k - channel) / channels)];
        return channel < c_in ? weights[weight + ((channel * c_out + o) * 3 + ky) * 3 + kx] : 0;
      },
      bias: this.bias(bias),
    });
    steps.push(perImage(apply, input, output, cells.length));
  }

  /**
   * x * scale + shift for each feature or channel, in place.
   * @param {import("./model.js").Affine} layer @param {Tensor} input @param {Step[]} steps
   */
  affine({ n, scale, shift }, input, steps) {
    check(input.shape[0] === n);
    const { others } = this.model;
    const memory = this.memory();
    const perFeature = product(input.shape) / n; // consecutive numbers of one feature in a flat tensor
    const featureOf = input.flat
      ? (/** @type {number} */ i) => Math.floor(i / perFeature)
      : (/** @type {number} */ i) => i % (input.pixel / 4);
    const apply = (/** @type {number} */ address, /** @type {number} */ quads) => {
      const { f } = memory;
      for (let i = 0, at = address / 4; i < 4 * quads; i++, at++) {
        const feature = featureOf(i);
        if (feature < n) f[at] = f[at] * others[scale + feature] + others[shift + feature];
      }
    };
    steps.push(perRow(() => apply, input));
    return input;
  }

  /**
   * A function of each value, in place.
   * @param {"relu" | "silu" | "gelu" | "tanh" | "bound"} name @param {Tensor} input @param {Step[]} steps
   */
  elementwise(name, input, steps) {
    /** @type {import("./kernels.js").Elementwise} */
    let apply;
    this.onAllocated.push((made) => (apply = made[name]));
    steps.push(perRow(() => apply, input));
    return input;
  }

  /** The same numbers in the server's layout. @param {Tensor} input @param {Step[]} steps @returns {Flat} */
  flattened(input, steps) {
    if (input.flat) return input;
    const output = this.flat(input.shape);
    const memory = this.memory();
    steps.push((n) => toFlat(memory.f, input, output, n));
    return output;
  }

  /**
   * The same numbers as (H, W, C).
   * @param {Tensor} input @param {Step[]} steps @param {Border} border @returns {Spatial}
   */
  spatialised(input, steps, border) {
    if (!input.flat) return input; // it was laid out with the border that its next layer needs
    check(input.shape.length === 3);
    const output = this.spatial(input.shape, border);
    const memory = this.memory();
    steps.push((n) => toSpatial(memory.f, input, output, n));
    return output;
  }

  /** @param {number[]} shape @returns {Flat} */
  flat(shape) {
    const size = 4 * padded(product(shape));
    return { flat: true, shape, size, address: this.reserve(this.batch * size) };
  }

  /** @param {number[]} shape @param {Border} border @returns {Spatial} */
  spatial(shape, [before, after]) {
    const [c, h, w] = shape;
    const pixel = 4 * padded(c);
    const row = (w + before + after) * pixel;
    const size = (h + before + after) * row;
    const address = this.reserve(this.batch * size);
    return { flat: false, shape, pixel, row, size, address, first: before * (row + pixel) };
  }

  /** @param {number} bytes @returns {number} their address, a multiple of 16 */
  reserve(bytes) {
    const address = this.bytes;
    this.bytes += 16 * Math.ceil(bytes / 16);
    if (this.bytes > MAX_BYTES) throw new Error("This model needs more memory than a page should take.");
    return address;
  }

  /** All memory as numbers; there after allocate(). */
  memory() {
    const memory = { f: /** @type {Float32Array} */ (new Float32Array()) };
    this.onAllocated.push((_, f) => (memory.f = f));
    return memory;
  }

  /** @param {number | null} bias */
  bias(bias) {
    return (/** @type {number} */ o) => (bias === null ? 0 : this.model.others[bias + o]);
  }

  /** Lays out the constants of a matrix product. @param {Product} spec @returns {Apply} */
  product(spec) {
    const { outputs, runs, length, skip, table } = spec;
    const [width, quads] = [padded(outputs), Math.ceil(length / 4)];
    const tableAt = this.reserve(8 * table.length);
    const biasAt = this.reserve(4 * width);
    const weightsAt = this.reserve(16 * width * runs * quads);
    /** @type {Call[]} */
    let calls = [];
    this.onAllocated.push(({ matmuls }, f, i) => {
      i.set(table.flat(), tableAt / 4);
      for (let o = 0; o < outputs; o++) f[biasAt / 4 + o] = spec.bias(o);
      calls = callsFor(matmuls, width);
      for (const { first, panel, panels } of calls)
        packWeights(spec, f.subarray(weightsAt / 4 + 4 * first * runs * quads), first, panel, panels);
    });
    return (x, out, n_positions) => {
      for (const { first, panels, blocks } of calls) {
        const w = weightsAt + 16 * first * runs * quads;
        let done = 0;
        for (const { size, matmul } of blocks) {
          const count = Math.floor((n_positions - done) / size);
          if (count)
            matmul(x, tableAt + 8 * done, count, runs, quads, skip, w, biasAt + 4 * first, out + 4 * first, panels);
          done += count * size;
        }
      }
    };
  }
}

/**
 * Panels of one width, from output `first` on.
 * @typedef {{first: number, panel: number, panels: number, blocks: Kernels["matmuls"][0]["blocks"]}} Call
 */

/** As many wide panels as fit, then narrower ones. @param {Kernels["matmuls"]} matmuls @param {number} outputs */
function callsFor(matmuls, outputs) {
  const calls = [];
  let first = 0;
  for (const { width: panel, blocks } of matmuls) {
    const panels = Math.floor((outputs - first) / panel);
    if (panels) calls.push({ first, panel, panels, blocks });
    first += panels * panel;
  }
  return calls;
}

/**
 * Panel after panel, input after input, the weights of a panel's outputs side by side.
 * @param {Product} spec @param {Float32Array} to @param {number} first output @param {number} panel
 * @param {number} panels
 */
function packWeights({ outputs, runs, length, weight }, to, first, panel, panels) {
  const inputs = runs * padded(length);
  for (let o = first; o < Math.min(outputs, first + panels * panel); o++) {
    const [index, lane] = [Math.floor((o - first) / panel), (o - first) % panel];
    for (let run = 0; run < runs; run++)
      for (let k = 0; k < length; k++)
        to[(index * inputs + run * padded(length) + k) * panel + lane] = weight(o, run, k);
  }
}

/**
 * @param {Apply} apply @param {Spatial} input @param {Spatial} output @param {number} count of positions
 * @returns {Step}
 */
function perImage(apply, input, output, count) {
  return (n) => {
    for (let i = 0; i < n; i++) apply(input.address + i * input.size, output.address + i * output.size, count);
  };
}

/** @param {() => import("./kernels.js").Elementwise} apply @param {Tensor} tensor @returns {Step} */
function perRow(apply, tensor) {
  const { address, size } = tensor;
  if (tensor.flat)
    return (n) => {
      for (let i = 0; i < n; i++) apply()(address + i * size, size / 16);
    };
  const [, h, w] = tensor.shape;
  return (n) => {
    for (let i = 0; i < n; i++)
      for (let y = 0; y < h; y++) apply()(address + i * size + offset(tensor, y, 0), (w * tensor.pixel) / 16);
  };
}

/** @param {Float32Array} f @param {Spatial} from @param {Flat} to @param {number} n */
function toFlat(f, from, to, n) {
  const [c, h, w] = from.shape;
  for (let i = 0; i < n; i++) {
    let target = (to.address + i * to.size) / 4;
    for (let channel = 0; channel < c; channel++)
      for (let y = 0; y < h; y++) {
        let source = (from.address + i * from.size + offset(from, y, 0)) / 4 + channel;
        for (let x = 0; x < w; x++, source += from.pixel / 4) f[target++] = f[source];
      }
  }
}

/** @param {Float32Array} f @param {Flat} from @param {Spatial} to @param {number} n */
function toSpatial(f, from, to, n) {
  const [c, h, w] = to.shape;
  for (let i = 0; i < n; i++) {
    let source = (from.address + i * from.size) / 4;
    for (let channel = 0; channel < c; channel++)
      for (let y = 0; y < h; y++) {
        let target = (to.address + i * to.size + offset(to, y, 0)) / 4 + channel;
        for (let x = 0; x < w; x++, target += to.pixel / 4) f[target] = f[source++];
      }
  }
}

/**
 * From an image to one of its pixels, or of its border, in bytes.
 * @param {Spatial} t @param {number} y @param {number} x
 */
function offset(t, y, x) {
  return t.first + y * t.row + x * t.pixel;
}

/** All [y, x] of a shape [C, H, W]. @param {number[]} shape @returns {[number, number][]} */
function positions([, h, w]) {
  return Array.from({ length: h * w }, (_, i) => [Math.floor(i / w), i % w]);
}

/** @param {Float32Array} from @param {number} a @param {Float32Array} to @param {number} b @param {number} n */
function copy(from, a, to, b, n) {
  for (let i = 0; i < n; i++) to[b + i] = from[a + i];
}

/** @param {boolean} fits */
function check(fits) {
  if (!fits) throw new Error("The model's layers do not fit each other.");
}
