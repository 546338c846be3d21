// Reads what core/export/standalone.py has written into a page.

import { inflate, reader, split } from "../shared/message.js";

/** @typedef {import("../shared/message.js").Place} Place */
/** @typedef {import("../shared/message.js").Reader} Reader */
/**
 * n: of the axes.  coordinates: (images, n).  directions: (n, D').
 * @typedef {{n: number, shares: number[], origin: Place, directions: Place, coordinates: Place}} AxesSpec
 */
/**
 * header: of the model, as core/export/browser.py has it.  steps: [first, n, step] of weights that are whole multiples
 * of a step.  planes: first bytes of all weights, then second ones; size: bytes of a weight.
 * @typedef {{
 *   header: import("../runner/model.js").Header, steps: [number, number, number][], size: number, planes: Place,
 *   others: Place,
 * }} NetworkSpec
 */
/**
 * @typedef {{
 *   network: NetworkSpec, name: string, title: string, sayings: string[], facts: [string, string][],
 *   trained_noise: number, threshold: number, errors: Place, axes: AxesSpec, low: Place, high: Place,
 * }} ModelSpec
 */
/**
 * @typedef {{
 *   title: string, split: string, n: number, shape: import("../shared/pixels.js").Shape, classes: string[],
 *   ids: string[], labels: Place, images: Place,
 * }} SetSpec
 */
/** @typedef {{format: number, made: string, title: string, set: SetSpec, models: ModelSpec[], is_digit: boolean}} Header */
/** @typedef {{header: Header, read: Reader}} Content */

const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;,=>?@^_`{|}~";

/** @param {string} text a deflated message in base 85 */
export function contentOf(text) {
  return contentIn(fromBase85(text));
}

/** @param {Uint8Array<ArrayBuffer>} deflated a message @returns {Promise<Content>} */
export async function contentIn(deflated) {
  const { header, body } = split(new Uint8Array(await inflate(deflated)));
  return { header, read: reader(body.slice().buffer) };
}

/**
 * Bytes of a text that has five letters for four bytes, as Python's base64.b85encode() writes it, but "," for "<".
 * @param {string} text
 */
export function fromBase85(text) {
  const values = new Uint8Array(128);
  Array.from(LETTERS).forEach((letter, value) => (values[letter.charCodeAt(0)] = value));
  const whole = Math.ceil(text.length / 5);
  const view = new DataView(new ArrayBuffer(4 * whole));
  for (let i = 0; i < whole; i++) {
    let number = 0;
    for (let k = 5 * i; k < 5 * i + 5; k++) number = 85 * number + (k < text.length ? values[text.charCodeAt(k)] : 84);
    view.setUint32(4 * i, number);
  }
  return new Uint8Array(view.buffer, 0, 4 * whole - (5 * whole - text.length));
}

/** A model as the runner takes it. @param {NetworkSpec} network @param {Reader} read */
export function networkMessage({ header, steps, size, planes, others }, read) {
  const weights = steps.length ? multiplied(interleaved(read(planes), size), steps) : interleaved(read(planes), size);
  const json = new TextEncoder().encode(JSON.stringify({ ...header, half: size === 2 && !steps.length }));
  const rest = read(others);
  const numbers = 4 + json.length;
  const after = numbers + 4 * Math.ceil(weights.length / 4);
  const message = new Uint8Array(after + rest.byteLength);
  new DataView(message.buffer).setUint32(0, json.length, true);
  message.set(json, 4);
  message.set(weights, numbers);
  message.set(new Uint8Array(rest.buffer, rest.byteOffset, rest.byteLength), after);
  return message.buffer;
}

/**
 * Numbers byte by byte, from all first bytes, then all second ones.
 * @param {ArrayLike<number>} planes @param {number} size
 */
function interleaved(planes, size) {
  const n = planes.length / size;
  const out = new Uint8Array(planes.length);
  for (let plane = 0; plane < size; plane++) for (let i = 0; i < n; i++) out[i * size + plane] = planes[plane * n + i];
  return out;
}

/** @param {Uint8Array<ArrayBuffer>} bytes of 16-bit multiples @param {[number, number, number][]} steps */
function multiplied(bytes, steps) {
  const multiples = new Int16Array(bytes.buffer);
  const out = new Float32Array(multiples.length);
  for (const [first, n, step] of steps) for (let i = first; i < first + n; i++) out[i] = multiples[i] * step;
  return new Uint8Array(out.buffer);
}
