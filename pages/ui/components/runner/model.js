// Reads a model as core/export/browser.py sends it: length of the header, header as JSON, numbers. Everything is
// checked before it is used, and nothing in it is run as code.

/**
 * weight, bias, scale, shift: where the layer's numbers begin in the model's weights or others.
 * @typedef {{kind: "linear", n_in: number, n_out: number, weight: number, bias: number | null}} Linear
 * @typedef {{kind: "conv", c_in: number, c_out: number, weight: number, bias: number | null}} Conv
 * @typedef {{
 *   kind: "conv_transpose", c_in: number, c_out: number, grow: number[], weight: number, bias: number | null,
 * }} ConvTranspose
 * @typedef {{kind: "affine", n: number, scale: number, shift: number}} Affine
 * @typedef {{kind: "activation", name: "relu" | "silu" | "gelu" | "tanh"}} Activation
 * @typedef {{kind: "bound"}} Bound
 * @typedef {{kind: "reshape", shape: number[]}} Reshape
 * @typedef {Linear | Conv | ConvTranspose | Affine | Activation | Bound | Reshape} Layer
 */

/**
 * digest: identifies the model.  input_shape: [C, H, W].  weights, others: how many numbers the two parts of the body
 * have: weights (float16 if half, else float32), then biases, scales and shifts (float32).
 * @typedef {{
 *   format: number, digest: string, name: string, input_shape: [number, number, number], latent_dim: number,
 *   half: boolean, weights: number, others: number, encoder: Layer[], decoder: Layer[],
 * }} Header
 */

/** @typedef {{header: Header, weights: Float32Array, others: Float32Array}} Model */

export const FORMAT = 1;
const MAX_COUNT = 2 ** 27; // of numbers: far more than is ever sent
/** How many numbers each kind of layer has. @type {Record<string, Record<string, (layer: any) => number>>} */
const SIZES = {
  linear: { weight: ({ n_out, n_in }) => n_out * n_in, bias: ({ n_out }) => n_out },
  conv: { weight: ({ c_out, c_in }) => 9 * c_out * c_in, bias: ({ c_out }) => c_out },
  conv_transpose: { weight: ({ c_out, c_in }) => 9 * c_out * c_in, bias: ({ c_out }) => c_out },
  affine: { scale: ({ n }) => n, shift: ({ n }) => n },
  activation: {},
  bound: {},
  reshape: {},
};
const ACTIVATIONS = ["relu", "silu", "gelu", "tanh"];

/**
 * The model in a message; throws an Error that says what is wrong with it.
 * @param {ArrayBuffer} message @returns {Model}
 */
export function readModel(message) {
  const length = message.byteLength < 4 ? 0 : new DataView(message).getUint32(0, true);
  if (length === 0 || 4 + length > message.byteLength) throw new Error("This is not a whole model.");
  const header = checked(parsed(new TextDecoder().decode(new Uint8Array(message, 4, length))));
  const bytes = header.weights * (header.half ? 2 : 4);
  const start = 4 + length;
  const middle = start + Math.ceil(bytes / 4) * 4;
  if (message.byteLength !== middle + 4 * header.others) throw new Error("The model's numbers are not all there.");
  const weights = message.slice(start, start + bytes);
  return {
    header,
    weights: header.half ? fromHalf(new Uint16Array(weights)) : new Float32Array(weights),
    others: new Float32Array(message.slice(middle)),
  };
}

/** Half-precision numbers, exactly. @param {Uint16Array} half @returns {Float32Array} */
export function fromHalf(half) {
  const out = new Float32Array(half.length);
  const bits = new Uint32Array(out.buffer);
  for (let i = 0; i < half.length; i++) {
    const h = half[i];
    const magnitude = h & 0x7fff;
    if (magnitude >= 0x400 && magnitude < 0x7c00) bits[i] = ((h & 0x8000) << 16) | ((magnitude << 13) + 0x38000000);
    else if (magnitude < 0x400) out[i] = (h & 0x8000 ? -1 : 1) * magnitude * 2 ** -24;
    else out[i] = magnitude > 0x7c00 ? NaN : h & 0x8000 ? -Infinity : Infinity;
  }
  return out;
}

/** @param {string} text @returns {any} */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("The model's description is not JSON.");
  }
}

/** @param {any} header @returns {Header} */
function checked(header) {
  if (header?.format !== FORMAT)
    throw new Error("This model is of another version of the program: load the page again.");
  const { digest, name, input_shape, latent_dim, half, weights, others, encoder, decoder } = header;
  const sound =
    typeof digest === "string" &&
    typeof name === "string" &&
    isShape(input_shape, 3) &&
    isCount(latent_dim) &&
    typeof half === "boolean" &&
    [weights, others].every((n) => n === 0 || isCount(n)) &&
    [encoder, decoder].every((layers) => Array.isArray(layers) && layers.length <= 200);
  if (!sound) throw new Error("The model's description is damaged.");
  [...encoder, ...decoder].forEach((layer, i) => checkLayer(layer, i, header));
  return header;
}

/** @param {any} layer @param {number} i @param {Header} header */
function checkLayer(layer, i, header) {
  const sizes = Object.hasOwn(SIZES, layer?.kind) && SIZES[layer.kind];
  const counts = ["n_in", "n_out", "c_in", "c_out", "n"].filter((key) => key in (layer ?? {}));
  const sound =
    sizes &&
    counts.every((key) => isCount(layer[key])) &&
    Object.entries(sizes).every(([key, size]) => liesInside(layer, key, size(layer), header)) &&
    (layer.kind !== "activation" || ACTIVATIONS.includes(layer.name)) &&
    (layer.kind !== "reshape" || isShape(layer.shape, 1) || isShape(layer.shape, 3)) &&
    (layer.kind !== "conv_transpose" ||
      (layer.grow?.length === 2 && layer.grow.every((/** @type {any} */ g) => g === 0 || g === 1)));
  if (!sound) throw new Error(`Layer ${i + 1} of the model is unknown or damaged.`);
}

/** @param {any} layer @param {string} key @param {number} size @param {Header} header */
function liesInside(layer, key, size, { weights, others }) {
  const at = layer[key];
  if (at === null) return key === "bias";
  return Number.isInteger(at) && at >= 0 && at + size <= (key === "weight" ? weights : others);
}

/** @param {any} n */
function isCount(n) {
  return Number.isInteger(n) && n >= 1 && n <= MAX_COUNT;
}

/** @param {any} shape @param {number} length */
function isShape(shape, length) {
  return Array.isArray(shape) && shape.length === length && shape.every(isCount);
}
