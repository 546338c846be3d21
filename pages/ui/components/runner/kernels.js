// The arithmetic of all layers: matrix products, and functions value by value. There are two implementations that agree
// to within rounding: WebAssembly SIMD where the browser and the page's policy allow it, plain JavaScript everywhere.

import { plainKernels } from "./kernels_plain.js";
import { wasmKernels } from "./kernels_wasm.js";

/**
 * A matrix product whose input rows are gathered in place, so that a convolution needs no copy of its windows:
 *
 *   out[o] = bias[o] + sum of weight[o, k] * input[k]     for each position and each output o
 *
 * The input of a position is `runs` runs of 4 * `quads` consecutive numbers, with `skip` bytes between the end of one
 * run and the start of the next. table: two 32-bit integers for each position, the byte offset of its first input from
 * x and of its first output from out. Positions come in `blocks` blocks of a fixed size, outputs in `panels` panels of
 * a fixed width. w: panel after panel, for each input the weights of the panel's outputs side by side. All counts are
 * 1 or more.
 * @typedef {(
 *   x: number, table: number, blocks: number, runs: number, quads: number, skip: number,
 *   w: number, bias: number, out: number, panels: number,
 * ) => void} MatMul
 */

/**
 * Replaces 4 * quads numbers, from a byte address on, by a function of each; quads is 1 or more.
 * @typedef {(address: number, quads: number) => void} Elementwise
 */

/**
 * matmuls: by width of a panel, wide ones first and 4 last; each by size of a block, large ones first and 1 last.
 * bound: (1 + tanh x) / 2.
 * @typedef {{
 *   kind: "wasm" | "plain", buffer: ArrayBuffer,
 *   matmuls: {width: number, blocks: {size: number, matmul: MatMul}[]}[],
 *   relu: Elementwise, silu: Elementwise, gelu: Elementwise, tanh: Elementwise, bound: Elementwise,
 * }} Kernels
 */

/**
 * The fastest kernels that are available, with a memory of their own.
 * @param {number} size bytes of memory @param {boolean} plain do not use WebAssembly @returns {Kernels}
 */
export function kernels(size, plain) {
  if (plain || typeof WebAssembly === "undefined") return plainKernels(size);
  try {
    return wasmKernels(size);
  } catch (error) {
    if (!(error instanceof WebAssembly.CompileError)) throw error; // no memory: plain JavaScript has no more
    return plainKernels(size); // the browser has no SIMD, or the page's content security policy forbids WebAssembly
  }
}
