// Images as a canvas wants them.

/**
 * Images (n, C, H, W) in [0, 1] as bytes (n, H, W, 4): red, green, blue, opaque. Values outside [0, 1] are clipped.
 * With other than three channels the first one is shown in grey.
 * @param {Float32Array} x @param {[number, number, number]} shape [C, H, W] @returns {Uint8ClampedArray<ArrayBuffer>}
 */
export function colours(x, [channels, h, w]) {
  const area = h * w;
  const n = x.length / (channels * area);
  const out = new Uint8ClampedArray(n * area * 4); // rounds and clips by itself
  const [green, blue] = channels === 3 ? [area, 2 * area] : [0, 0];
  for (let i = 0, k = 0; i < n; i++)
    for (let p = i * channels * area, end = p + area; p < end; p++, k += 4) {
      out[k] = 255 * x[p];
      out[k + 1] = 255 * x[p + green];
      out[k + 2] = 255 * x[p + blue];
      out[k + 3] = 255;
    }
  return out;
}
