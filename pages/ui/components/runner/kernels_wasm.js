// The kernels in WebAssembly SIMD, assembled when they are first needed: this file is their source, there is no binary
// and nothing to build. kernels.js says what each of them computes.

import {
  I32,
  Scope,
  V128,
  add,
  advance,
  assembled,
  get,
  load,
  multiplyAdd,
  repeat,
  set,
  vabs,
  vadd,
  vconst,
  vdiv,
  vless,
  vload,
  vmax,
  vmin,
  vmul,
  vneg,
  vnearest,
  vpower,
  vselect,
  vsplat,
  vstore,
  vsub,
} from "./assembler.js";
import { ERF, ERF_SCALE } from "./kernels_plain.js";

/** @typedef {import("./assembler.js").Code} Code */
/** @typedef {import("./assembler.js").Func} Func */
/** @typedef {(a: Code, b: Code, c: Code) => Code} MultiplyAdd a * b + c */

const QUAD = 16; // bytes of four floats
const WIDTHS = [8, 4]; // outputs in a panel of weights
const BLOCKS = [4, 1]; // positions that share a load of weights; 8 x 4 sums take half of the 16 vector registers

/** @type {WebAssembly.Module | undefined} */
let compiled;

/** The module, compiled once; throws where there is no SIMD or a content security policy forbids it. */
function wasmModule() {
  return (compiled ??= new WebAssembly.Module(bytes(true)));
}

/** The module's bytes, with fused multiply-add where the browser has it. @param {boolean} fused */
function bytes(fused) {
  const all = assembled(functions(multiplyAdd(true)));
  return fused && WebAssembly.validate(all) ? all : assembled(functions(multiplyAdd(false)));
}

/** Kernels on that many bytes of memory. @param {number} size @returns {import("./kernels.js").Kernels} */
export function wasmKernels(size) {
  const memory = new WebAssembly.Memory({ initial: Math.max(1, Math.ceil(size / 65536)) });
  const exported = /** @type {any} */ (new WebAssembly.Instance(wasmModule(), { host: { memory } }).exports);
  const matmuls = WIDTHS.map((width) => ({
    width,
    blocks: BLOCKS.map((block) => ({ size: block, matmul: exported[`matmul_${width}_${block}`] })),
  }));
  return { kind: "wasm", buffer: memory.buffer, matmuls, ...exported };
}

/** @param {MultiplyAdd} madd @returns {Func[]} */
function functions(madd) {
  return [
    ...WIDTHS.flatMap((width) => BLOCKS.map((block) => matmul(width, block, madd))),
    elementwise("relu", (x) => vmax(get(x), vconst(0))),
    elementwise("silu", (x, scope) => vmul(get(x), sigmoid(get(x), scope, madd))),
    elementwise("gelu", (x, scope) => gelu(x, scope, madd)),
    elementwise("bound", (x, scope) => sigmoid(vadd(get(x), get(x)), scope, madd)),
    elementwise("tanh", (x, scope) => vsub(vmul(sigmoid(vadd(get(x), get(x)), scope, madd), vconst(2)), vconst(1))),
  ];
}

/** @param {number} width @param {number} block @param {MultiplyAdd} madd @returns {Func} */
function matmul(width, block, madd) {
  const params = ["x", "table", "blocks", "runs", "quads", "skip", "w", "bias", "out", "panels"];
  const scope = new Scope(params);
  const [x, table, blocks, runs, quads, skip, w, bias, out, panels] = params.map((name) => scope.local(name));
  const [entry, b, r, k, wk] = ["entry", "b", "r", "k", "wk"].map((name) => scope.local(name, I32));
  const vectors = [...Array(width / 4).keys()];
  const positions = [...Array(block).keys()];
  const at = positions.map((j) => scope.local(`x${j}`, I32));
  const weight = vectors.map((v) => scope.local(`w${v}`, V128));
  const value = scope.local("value", V128);
  const sum = vectors.map((v) => positions.map((j) => scope.local(`sum${v}_${j}`, V128)));

  const oneInput = (/** @type {number} */ u) => [
    ...vectors.flatMap((v) => set(weight[v], vload(get(wk), u * 4 * width + v * QUAD))),
    ...positions.flatMap((j) => [
      ...set(value, vsplat(get(at[j]), u * 4)),
      ...vectors.flatMap((v) => set(sum[v][j], madd(get(weight[v]), get(value), get(sum[v][j])))),
    ]),
  ];
  const oneQuad = [
    ...[0, 1, 2, 3].flatMap(oneInput),
    ...advance(wk, 16 * width),
    ...at.flatMap((local) => advance(local, QUAD)),
  ];
  const oneRun = [
    ...set(k, get(quads)),
    ...repeat(k, oneQuad),
    ...at.flatMap((local) => set(local, add(get(local), get(skip)))),
  ];
  const target = (/** @type {number} */ j) => add(get(out), load(get(entry), 8 * j + 4));
  const oneBlock = [
    ...positions.flatMap((j) => set(at[j], add(get(x), load(get(entry), 8 * j)))),
    ...vectors.flatMap((v) => positions.flatMap((j) => set(sum[v][j], vload(get(bias), v * QUAD)))),
    ...set(wk, get(w)),
    ...set(r, get(runs)),
    ...repeat(r, oneRun),
    ...positions.flatMap((j) => vectors.flatMap((v) => vstore(target(j), get(sum[v][j]), v * QUAD))),
    ...advance(entry, 8 * block),
  ];
  const onePanel = [
    ...set(entry, get(table)),
    ...set(b, get(blocks)),
    ...repeat(b, oneBlock),
    ...set(w, get(wk)),
    ...advance(bias, 4 * width),
    ...advance(out, 4 * width),
  ];
  return {
    name: `matmul_${width}_${block}`,
    params: params.length,
    locals: scope.locals,
    body: repeat(panels, onePanel),
  };
}

/**
 * A function of four values at a time, in place.
 * @param {string} name @param {(x: number, scope: Scope) => Code} formula @returns {Func}
 */
function elementwise(name, formula) {
  const scope = new Scope(["at", "quads"]);
  const [at, quads, x] = [scope.local("at"), scope.local("quads"), scope.local("x", V128)];
  const step = [...set(x, vload(get(at))), ...vstore(get(at), formula(x, scope)), ...advance(at, QUAD)];
  return { name, params: 2, locals: scope.locals, body: repeat(quads, step) };
}

// The expressions below may begin with statements, which set locals and leave nothing on the stack.

/** e^a. @param {Code} a @param {Scope} scope @param {MultiplyAdd} madd @returns {Code} */
function exponential(a, scope, madd) {
  const [r, n] = [scope.local("r", V128), scope.local("n", V128)];
  const taylor = [1 / 720, 1 / 120, 1 / 24, 1 / 6, 1 / 2, 1, 1].map(vconst);
  return [
    ...set(r, vmin(vmax(a, vconst(-87)), vconst(88))),
    ...set(n, vnearest(vmul(get(r), vconst(Math.LOG2E)))), // e^a = 2^n * e^r, |r| <= ln(2) / 2
    ...set(r, madd(get(n), vconst(-0.693359375), get(r))), // ln(2) in two parts, the first of them exact
    ...set(r, madd(get(n), vconst(2.1219444e-4), get(r))),
    ...vmul(horner(taylor, r, madd), vpower(get(n))),
  ];
}

/**
 * A polynomial of a local.
 * @param {Code[]} coefficients the highest first @param {number} x @param {MultiplyAdd} madd
 */
function horner(coefficients, x, madd) {
  return coefficients.reduce((sum, c) => madd(sum, get(x), c));
}

/** 1 / (1 + e^-a). @param {Code} a @param {Scope} scope @param {MultiplyAdd} madd @returns {Code} */
function sigmoid(a, scope, madd) {
  return vdiv(vconst(1), vadd(exponential(vneg(a), scope, madd), vconst(1)));
}

/**
 * x * (1 + erf(x / sqrt 2)) / 2; erf by Abramowitz & Stegun 7.1.26, 1.5e-7 off at most.
 * @param {number} x @param {Scope} scope @param {MultiplyAdd} madd @returns {Code}
 */
function gelu(x, scope, madd) {
  const [u, t, tail] = ["u", "t", "tail"].map((name) => scope.local(name, V128));
  const halved = ERF.map((c) => vconst(c / 2)); // tail: (1 - erf(|x| / sqrt 2)) / 2
  return [
    ...set(u, vmul(vabs(get(x)), vconst(Math.SQRT1_2))),
    ...set(t, vdiv(vconst(1), madd(get(u), vconst(ERF_SCALE), vconst(1)))),
    ...set(tail, horner(halved, t, madd)),
    ...set(tail, vmul(get(tail), get(t))),
    ...set(tail, vmul(get(tail), exponential(vneg(vmul(get(u), get(u))), scope, madd))),
    ...vmul(get(x), vselect(get(tail), vsub(vconst(1), get(tail)), vless(get(x), vconst(0)))),
  ];
}
