// What a drawing is for a model: its pixels, for digits in the middle as MNIST's are (core/images/digit_style.py).

/** Light on black, row by row, in [0, 1]. @typedef {{x: Float32Array, h: number, w: number}} Grey */

const BOX = 20 / 28; // MNIST fits a digit into 20 of 28 pixels
const INK = 0.25; // of the brightest: what counts as stroke
const FAINT = 0.06; // what is darker is no drawing
const OVERSAMPLED = 4;

/**
 * The sheet of a pad as a model sees it, (C, H, W).
 * @param {ImageData} sheet @param {import("../shared/pixels.js").Shape} shape @param {boolean} isDigit
 * @returns {Float32Array}
 */
export function drawnImage(sheet, [channels, h, w], isDigit) {
  const area = sheet.width * sheet.height;
  const light = Float32Array.from({ length: area }, (_, i) => sheet.data[4 * i] / 255);
  const grey = { x: light, h: sheet.height, w: sheet.width };
  const placed = isDigit ? centred(grey, OVERSAMPLED * h, OVERSAMPLED * w) : grey;
  const { x } = windowed(placed, [0, 0, placed.h, placed.w], h, w);
  const out = new Float32Array(channels * h * w);
  for (let c = 0; c < channels; c++) out.set(x, c * h * w);
  return out;
}

/**
 * The digit fitted into 20/28 of the frame, its mass in the middle; an empty picture stays empty.
 * @param {Grey} grey @param {number} h @param {number} w @returns {Grey}
 */
export function centred(grey, h, w) {
  const box = boxOf(grey);
  if (!box) return { x: new Float32Array(h * w), h, w };
  const [top, bottom, left, right] = box;
  const scale = Math.min((BOX * h) / (bottom - top), (BOX * w) / (right - left));
  const [height, width] = [h / scale, w / scale];
  const [y, x] = massOf(grey, box);
  const y0 = Math.min(Math.max(top + y - height / 2, bottom - height), top);
  const x0 = Math.min(Math.max(left + x - width / 2, right - width), left);
  return windowed(grey, [y0, x0, height, width], h, w);
}

/** @param {Grey} grey @returns {[number, number, number, number] | null} */
function boxOf({ x, h, w }) {
  const most = x.reduce((a, b) => Math.max(a, b), 0);
  if (most < FAINT) return null;
  let [top, bottom, left, right] = [h, 0, w, 0];
  for (let i = 0; i < x.length; i++) {
    if (x[i] <= INK * most) continue;
    const [row, column] = [Math.floor(i / w), i % w];
    [top, bottom] = [Math.min(top, row), Math.max(bottom, row + 1)];
    [left, right] = [Math.min(left, column), Math.max(right, column + 1)];
  }
  return [top, bottom, left, right];
}

/** From the upper left corner of the box. @param {Grey} grey @param {[number, number, number, number]} box */
function massOf({ x, w }, [top, bottom, left, right]) {
  let [total, sumY, sumX] = [0, 0, 0];
  for (let row = top; row < bottom; row++)
    for (let column = left; column < right; column++) {
      const value = x[row * w + column];
      total += value;
      sumY += value * (row - top + 0.5);
      sumX += value * (column - left + 0.5);
    }
  return [sumY / total, sumX / total];
}

/**
 * A window (y, x, height, width) brought to a size, black outside the picture: means where it shrinks, else bicubic.
 * @param {Grey} grey @param {[number, number, number, number]} window @param {number} h @param {number} w @returns {Grey}
 */
export function windowed(grey, [y, x, height, width], h, w) {
  const isShrinking = height > h;
  const rows = weightsOf(y, height, h, isShrinking);
  const columns = weightsOf(x, width, w, isShrinking);
  const narrow = new Float32Array(grey.h * w);
  for (let row = 0; row < grey.h; row++)
    for (let k = 0; k < w; k++) {
      let sum = 0;
      for (const [at, weight] of columns[k]) if (at >= 0 && at < grey.w) sum += weight * grey.x[row * grey.w + at];
      narrow[row * w + k] = sum;
    }
  const out = new Float32Array(h * w);
  for (let i = 0; i < h; i++)
    for (let k = 0; k < w; k++) {
      let sum = 0;
      for (const [at, weight] of rows[i]) if (at >= 0 && at < grey.h) sum += weight * narrow[at * w + k];
      out[i * w + k] = Math.min(1, Math.max(0, sum));
    }
  return { x: out, h, w };
}

/**
 * For each output along one side the inputs that it is made of, and their shares.
 * @param {number} from @param {number} length @param {number} size @param {boolean} isShrinking
 * @returns {[number, number][][]}
 */
function weightsOf(from, length, size, isShrinking) {
  const scale = length / size;
  const stretch = Math.max(scale, 1);
  const support = (isShrinking ? 0.5 : 2) * stretch;
  return Array.from({ length: size }, (_, k) => {
    const centre = from + (k + 0.5) * scale;
    /** @type {[number, number][]} */
    const found = [];
    for (let at = Math.floor(centre - support + 0.5); at < Math.floor(centre + support + 0.5); at++) {
      const d = (at + 0.5 - centre) / stretch;
      found.push([at, isShrinking ? Number(d > -0.5 && d <= 0.5) : cubic(Math.abs(d))]);
    }
    const total = found.reduce((sum, [, weight]) => sum + weight, 0) || 1;
    return found.map(([at, weight]) => [at, weight / total]);
  });
}

/** Keys's kernel with a = -0.5, as Pillow has it. @param {number} d */
function cubic(d) {
  if (d < 1) return (1.5 * d - 2.5) * d * d + 1;
  return d < 2 ? ((-0.5 * d + 2.5) * d - 4) * d + 2 : 0;
}
