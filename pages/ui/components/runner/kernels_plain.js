// The kernels in plain JavaScript, for browsers without WebAssembly SIMD and pages that forbid it.

// Abramowitz & Stegun 7.1.26: 1 - erf(u) = (c[0] t^4 + ... + c[4]) t e^(-u^2) with t = 1 / (1 + ERF_SCALE u), u >= 0.
export const ERF = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592];
export const ERF_SCALE = 0.3275911;

/** Kernels on that many bytes of memory. @param {number} size @returns {import("./kernels.js").Kernels} */
export function plainKernels(size) {
  const buffer = new ArrayBuffer(Math.ceil(size / 4) * 4);
  const [f, i] = [new Float32Array(buffer), new Int32Array(buffer)];
  const blocks = [
    { size: 2, matmul: matmulOfPairs(f, i) },
    { size: 1, matmul: matmul(f, i) },
  ];
  return { kind: "plain", buffer, matmuls: [{ width: 4, blocks }], ...elementwise(f) };
}

/**
 * Two positions by four outputs.
 * @param {Float32Array} f @param {Int32Array} i @returns {import("./kernels.js").MatMul}
 */
function matmulOfPairs(f, i) {
  return (x, table, blocks, runs, quads, skip, w, bias, out, panels) => {
    const [length, jump] = [4 * quads, skip >> 2];
    let start = w >> 2;
    for (let panel = 0; panel < panels; panel++) {
      const [b, o] = [(bias >> 2) + 4 * panel, (out >> 2) + 4 * panel];
      let k = start;
      for (let block = 0, entry = table >> 2; block < blocks; block++, entry += 4) {
        let p = (x + i[entry]) >> 2;
        let q = (x + i[entry + 2]) >> 2;
        let a0 = f[b],
          a1 = f[b + 1],
          a2 = f[b + 2],
          a3 = f[b + 3];
        let b0 = a0,
          b1 = a1,
          b2 = a2,
          b3 = a3;
        k = start;
        for (let run = 0; run < runs; run++, p += jump, q += jump) {
          for (const end = p + length; p < end; p++, q++, k += 4) {
            const u = f[p],
              v = f[q];
            const w0 = f[k],
              w1 = f[k + 1],
              w2 = f[k + 2],
              w3 = f[k + 3];
            a0 += w0 * u;
            b0 += w0 * v;
            a1 += w1 * u;
            b1 += w1 * v;
            a2 += w2 * u;
            b2 += w2 * v;
            a3 += w3 * u;
            b3 += w3 * v;
          }
        }
        const first = o + (i[entry + 1] >> 2);
        const second = o + (i[entry + 3] >> 2);
        f[first] = a0;
        f[first + 1] = a1;
        f[first + 2] = a2;
        f[first + 3] = a3;
        f[second] = b0;
        f[second + 1] = b1;
        f[second + 2] = b2;
        f[second + 3] = b3;
      }
      start = k;
    }
  };
}

/**
 * One position by four outputs.
 * @param {Float32Array} f @param {Int32Array} i @returns {import("./kernels.js").MatMul}
 */
function matmul(f, i) {
  return (x, table, blocks, runs, quads, skip, w, bias, out, panels) => {
    const [length, jump] = [4 * quads, skip >> 2];
    let start = w >> 2;
    for (let panel = 0; panel < panels; panel++) {
      const [b, o] = [(bias >> 2) + 4 * panel, (out >> 2) + 4 * panel];
      let k = start;
      for (let block = 0, entry = table >> 2; block < blocks; block++, entry += 2) {
        let p = (x + i[entry]) >> 2;
        let a0 = f[b],
          a1 = f[b + 1],
          a2 = f[b + 2],
          a3 = f[b + 3];
        k = start;
        for (let run = 0; run < runs; run++, p += jump) {
          for (const end = p + length; p < end; p++, k += 4) {
            const u = f[p];
            a0 += f[k] * u;
            a1 += f[k + 1] * u;
            a2 += f[k + 2] * u;
            a3 += f[k + 3] * u;
          }
        }
        const first = o + (i[entry + 1] >> 2);
        f[first] = a0;
        f[first + 1] = a1;
        f[first + 2] = a2;
        f[first + 3] = a3;
      }
      start = k;
    }
  };
}

/** @param {Float32Array} f */
function elementwise(f) {
  const each =
    (/** @type {(x: number) => number} */ formula) => (/** @type {number} */ address, /** @type {number} */ quads) => {
      for (let i = address >> 2, end = i + 4 * quads; i < end; i++) f[i] = formula(f[i]);
    };
  return {
    relu: each((x) => Math.max(0, x)),
    silu: each((x) => x / (1 + Math.exp(-x))),
    gelu: each(gelu),
    tanh: each(Math.tanh),
    bound: each((x) => 1 / (1 + Math.exp(-2 * x))),
  };
}

/** @param {number} x */
function gelu(x) {
  const u = Math.abs(x) * Math.SQRT1_2;
  const t = 1 / (1 + ERF_SCALE * u);
  const tail = 0.5 * ERF.reduce((sum, c) => sum * t + c) * t * Math.exp(-u * u);
  return x * (x < 0 ? tail : 1 - tail);
}
