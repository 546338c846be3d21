// A small assembler for WebAssembly, with the instructions that the kernels need. An expression is an array of bytes
// that leaves one value on the stack, so that expressions nest as function calls do. The numbers of instructions are
// from section 5.4 of the WebAssembly core specification.

/** @typedef {number[]} Code Bytes of instructions. */
/** @typedef {{name: string, params: number, locals: number[], body: Code}} Func All parameters are i32. */

export const I32 = 0x7f;
export const V128 = 0x7b;

/** LEB128 of a whole number from 0. @param {number} n @returns {Code} */
export function unsigned(n) {
  return n < 128 ? [n] : [(n & 127) | 128, ...unsigned(n >>> 7)];
}

/** LEB128 of a signed 32-bit number. @param {number} n @returns {Code} */
export function signed(n) {
  const last = n >= -64 && n < 64;
  return last ? [n & 127] : [(n & 127) | 128, ...signed(n >> 7)];
}

/** Bytes of 32-bit floats, one after the other. @param {number[]} values @returns {Code} */
function floats(values) {
  return [...new Uint8Array(new Float32Array(values).buffer)];
}

/** The names of a function's parameters and locals; an expression refers to them by number. */
export class Scope {
  /** @param {string[]} params */
  constructor(params) {
    this.names = [...params];
    this.params = params.length;
    /** @type {number[]} */
    this.locals = [];
  }

  /** The number of a local, made when it is first named. @param {string} name @param {number} type */
  local(name, type = I32) {
    if (!this.names.includes(name)) {
      this.names.push(name);
      this.locals.push(type);
    }
    return this.names.indexOf(name);
  }
}

// Locals.
/** @param {number} i @returns {Code} */
export const get = (i) => [0x20, ...unsigned(i)];
/** @param {number} i @param {Code} value @returns {Code} */
export const set = (i, value) => [...value, 0x21, ...unsigned(i)];

// Whole numbers.
/** @param {number} n @returns {Code} */
export const i32 = (n) => [0x41, ...signed(n)];
/** @param {Code} a @param {Code} b @returns {Code} */
export const add = (a, b) => [...a, ...b, 0x6a];
/** @param {Code} address @param {number} offset @returns {Code} */
export const load = (address, offset = 0) => [...address, 0x28, 2, ...unsigned(offset)];
/** Adds a constant to a local. @param {number} i @param {number} n @returns {Code} */
export const advance = (i, n) => set(i, add(get(i), i32(n)));

/**
 * Runs body as often as the local `counter` says, at least once, and leaves 0 in it.
 * @param {number} counter @param {Code} body @returns {Code}
 */
export const repeat = (counter, body) => {
  const decrement = [...get(counter), ...i32(1), 0x6b, 0x22, ...unsigned(counter)]; // the new value stays on the stack
  return [...[0x03, 0x40], ...body, ...decrement, ...[0x0d, 0], 0x0b]; // loop, body, branch to it if not 0, end
};

// Vectors of four 32-bit floats.
/** @param {number} number @returns {Code} */
const simd = (number) => [0xfd, ...unsigned(number)];
/** @param {number} number */
const unary = (number) => (/** @type {Code} */ a) => [...a, ...simd(number)];
/** @param {number} number */
const binary = (number) => (/** @type {Code} */ a, /** @type {Code} */ b) => [...a, ...b, ...simd(number)];

/** @param {Code} address @param {number} offset @returns {Code} */
export const vload = (address, offset = 0) => [...address, ...simd(0x00), 2, ...unsigned(offset)];
/** One number in all four lanes. @param {Code} address @param {number} offset @returns {Code} */
export const vsplat = (address, offset = 0) => [...address, ...simd(0x09), 2, ...unsigned(offset)];
/** @param {Code} address @param {Code} value @param {number} offset @returns {Code} */
export const vstore = (address, value, offset = 0) => [...address, ...value, ...simd(0x0b), 2, ...unsigned(offset)];
/** @param {number} value @returns {Code} */
export const vconst = (value) => [...simd(0x0c), ...floats([value, value, value, value])];
/**
 * Lanes of a where the bits of mask are set, else of b.
 * @param {Code} a @param {Code} b @param {Code} mask @returns {Code}
 */
export const vselect = (a, b, mask) => [...a, ...b, ...mask, ...simd(0x52)];
export const vless = binary(0x43);
export const vabs = unary(0xe0);
export const vneg = unary(0xe1);
export const vadd = binary(0xe4);
export const vsub = binary(0xe5);
export const vmul = binary(0xe6);
export const vdiv = binary(0xe7);
export const vmin = binary(0xe8);
export const vmax = binary(0xe9);
export const vnearest = unary(0x6a);
/** 2^n for whole numbers n from -126 to 127 that are given as floats: n + 127 becomes the exponent bits of a float. */
export const vpower = (/** @type {Code} */ n) => {
  const biased = [...vadd(n, vconst(127)), ...simd(0xf8)]; // as 32-bit integers
  return [...biased, ...i32(23), ...simd(0xab)]; // shifted left by 23 bits
};
/** a * b + c, rounded once if fused: relaxed SIMD, which not every browser has. @param {boolean} fused */
export const multiplyAdd = (fused) => (/** @type {Code} */ a, /** @type {Code} */ b, /** @type {Code} */ c) =>
  fused ? [...a, ...b, ...c, ...simd(0x105)] : vadd(vmul(a, b), c);

/** @param {number} id @param {Code[]} items @returns {Code} */
function section(id, items) {
  const content = [...unsigned(items.length), ...items.flat()];
  return [id, ...unsigned(content.length), ...content];
}

/** @param {string} text @returns {Code} */
function string(text) {
  return [...unsigned(text.length), ...[...text].map((letter) => letter.charCodeAt(0))];
}

/** @param {Func} func @returns {Code} */
function bodyOf({ locals, body }) {
  const content = [...unsigned(locals.length), ...locals.flatMap((type) => [1, type]), ...body, 0x0b];
  return [...unsigned(content.length), ...content];
}

const MAGIC = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]; // "\0asm", version 1

/**
 * A module that imports its memory as host.memory and exports the functions.
 * @param {Func[]} funcs @returns {Uint8Array<ArrayBuffer>}
 */
export function assembled(funcs) {
  const types = funcs.map(({ params }) => [0x60, ...unsigned(params), ...Array(params).fill(I32), 0]);
  const memory = [...string("host"), ...string("memory"), 2, 0, 1]; // one page or more
  const typeOf = funcs.map((_, i) => unsigned(i));
  const exports = funcs.map(({ name }, i) => [...string(name), 0, ...unsigned(i)]);
  return new Uint8Array([
    ...MAGIC,
    ...section(1, types),
    ...section(2, [memory]),
    ...section(3, typeOf),
    ...section(7, exports),
    ...section(10, funcs.map(bodyOf)),
  ]);
}
