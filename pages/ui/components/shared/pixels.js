// Images as a canvas wants them.

/** [C, H, W]. @typedef {[number, number, number]} Shape */

/**
 * Writes image i of (n, C, H, W) in [0, 1] as bytes (H, W, 4), from byte `at` on: red, green, blue; opacity stays as it
 * is. Values outside [0, 1] are clipped. With other than three channels the first one is shown in grey.
 * @param {Float32Array} x @param {number} i @param {Shape} shape @param {Uint8ClampedArray} out @param {number} at
 */
export function paint(x, i, [channels, h, w], out, at = 0) {
  const area = h * w;
  const [green, blue] = channels === 3 ? [area, 2 * area] : [0, 0];
  const first = i * channels * area;
  for (let p = first, k = at; p < first + area; p++, k += 4) {
    out[k] = 255 * x[p]; // a clamped array rounds and clips by itself
    out[k + 1] = 255 * x[p + green];
    out[k + 2] = 255 * x[p + blue];
  }
}

/**
 * Images (n, C, H, W) in [0, 1] as bytes (n, H, W, 4), opaque; see paint().
 * @param {Float32Array} x @param {Shape} shape @returns {Uint8ClampedArray<ArrayBuffer>}
 */
export function colours(x, shape) {
  const area = shape[1] * shape[2];
  const n = x.length / (shape[0] * area);
  const out = new Uint8ClampedArray(n * area * 4).fill(255);
  for (let i = 0; i < n; i++) paint(x, i, shape, out, 4 * i * area);
  return out;
}
