// Answers requests, in a worker or, where a page can have none, in the page itself. Long requests are computed in
// slices of a few milliseconds, and the one with the least work left goes first: a drag does not wait for a thousand
// images.

import { readModel } from "./model.js";
import { Network } from "./network.js";
import { colours } from "../shared/pixels.js";

/**
 * encode: images to codes.  decode: codes to images.  reconstruct: images to codes and images.
 * @typedef {"encode" | "decode" | "reconstruct"} Way
 */
/**
 * values: images (n, C, H, W), or codes (n, D') to decode.  colours: return images as colours instead of numbers.
 * @typedef {{digest: string, way: Way, values: Float32Array, colours?: boolean}} Run
 */
/** @typedef {{id: number, load: ArrayBuffer, plain: boolean}} LoadRequest */
/** @typedef {{id: number, run: Run}} RunRequest */
/** @typedef {{id: number, unload: string}} UnloadRequest */
/** @typedef {LoadRequest | RunRequest | UnloadRequest} Request */
/**
 * codes: (n, D').  images: (n, C, H, W).  colours: (n, H, W, 4).  Only what was asked for is there.
 * milliseconds: time spent computing, without waiting.  kind: which kernels computed it.
 * @typedef {{
 *   codes?: Float32Array, images?: Float32Array<ArrayBuffer>, colours?: Uint8ClampedArray<ArrayBuffer>,
 *   milliseconds: number, kind: "wasm" | "plain",
 * }} Result
 */
/**
 * The answer to the request with this id. A run without result and error means that its model is not loaded.
 * @typedef {{id: number, error?: string, loaded?: string, bytes?: number, result?: Result}} Answer
 */
/**
 * A run in progress: `done` of n images are computed, into codes z and images x.
 * @typedef {RunRequest & {
 *   network: Network, n: number, done: number, z: Float32Array, x: Float32Array<ArrayBuffer>, milliseconds: number,
 * }} Task
 */

const SLICE_MS = 8;

export class RequestHandler {
  /** @param {(answer: Answer, transfer: ArrayBuffer[]) => void} answer */
  constructor(answer) {
    this.answer = answer;
    /** @type {Map<string, Network>} */
    this.networks = new Map();
    /** @type {Task[]} */
    this.tasks = [];
    this.ticks = new MessageChannel(); // a message to itself lets requests that have arrived meanwhile go first
    this.ticks.port1.onmessage = () => this.computeSlice();
  }

  /** @param {Request} request */
  receive(request) {
    try {
      if ("load" in request) this.load(request);
      else if ("unload" in request) this.unload(request);
      else this.start(request);
    } catch (error) {
      this.answer({ id: request.id, error: messageOf(error) }, []);
    }
  }

  /** @param {LoadRequest} request */
  load({ id, load, plain }) {
    const network = new Network(readModel(load), plain);
    this.networks.set(network.header.digest, network);
    this.answer({ id, loaded: network.header.digest, bytes: network.memory.byteLength }, []);
  }

  /** @param {UnloadRequest} request */
  unload({ id, unload }) {
    this.networks.delete(unload);
    this.answer({ id }, []);
  }

  /** @param {RunRequest} request */
  start({ id, run }) {
    const network = this.networks.get(run.digest);
    if (!network) return this.answer({ id }, []);
    const { n_pixels, latent_dim } = network;
    const n = run.values.length / (run.way === "decode" ? latent_dim : n_pixels);
    if (!Number.isInteger(n)) throw new Error("The numbers given do not fit the model.");
    const z = run.way === "decode" ? run.values : new Float32Array(n * latent_dim);
    const x = new Float32Array(run.way === "encode" ? 0 : n * n_pixels);
    this.tasks.push({ id, run, network, n, done: 0, z, x, milliseconds: 0 });
    if (this.tasks.length === 1) this.computeSlice(); // otherwise a tick is already on its way
  }

  /** Computes for SLICE_MS on the task with the least work left. */
  computeSlice() {
    if (this.tasks.length === 0) return; // closed meanwhile
    const task = this.tasks.reduce((a, b) => (workLeft(b) < workLeft(a) ? b : a));
    const start = performance.now();
    do computeBatch(task);
    while (task.done < task.n && performance.now() - start < SLICE_MS);
    task.milliseconds += performance.now() - start;
    if (task.done >= task.n) this.finish(task);
    if (this.tasks.length) this.ticks.port2.postMessage(null);
  }

  /** @param {Task} task */
  finish({ id, run, network, z, x, milliseconds }) {
    this.tasks = this.tasks.filter((task) => task.id !== id);
    /** @type {Result} */
    const result = { milliseconds, kind: network.kind };
    if (run.way !== "decode") result.codes = z;
    if (run.way !== "encode" && run.colours) result.colours = colours(x, network.header.input_shape);
    else if (run.way !== "encode") result.images = x;
    const arrays = [result.codes, result.images, result.colours].filter((array) => array !== undefined);
    const transfer = arrays.map(({ buffer }) => /** @type {ArrayBuffer} */ (buffer));
    this.answer({ id, result }, transfer);
  }

  /** Drops all tasks and stops listening. */
  close() {
    this.tasks = [];
    this.ticks.port1.close();
  }
}

/** @param {Task} task */
function computeBatch(task) {
  const { run, network, z, x, done, n } = task;
  const { n_pixels, latent_dim } = network;
  const count = Math.min(network.batch, n - done);
  const codes = z.subarray(done * latent_dim, (done + count) * latent_dim);
  const images = x.subarray(done * n_pixels, (done + count) * n_pixels);
  const given = run.values.subarray(done * n_pixels, (done + count) * n_pixels);
  if (run.way !== "decode") network.encode(given, codes, count);
  if (run.way !== "encode") network.decode(codes, images, count);
  task.done += count;
}

/** In multiply-adds. @param {Task} task */
function workLeft({ n, done, network }) {
  return (n - done) * network.work;
}

/** @param {unknown} error */
function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}
