// The kinds of row that a sweep is drawn of (packing.py packs them): each fills `values` with the pixels of an image at
// a frame, as numbers, channel after channel, and paints them.

import { paint } from "../shared/pixels.js";

/** @typedef {import("../shared/message.js").Place} Place */
/** @typedef {import("../shared/message.js").Reader} Reader */
/** @typedef {import("../shared/pixels.js").Shape} Shape */
/** A number for a whole row; `least`: what is below is shown as "under" it.
 * @typedef {{label: string, help: string, digits: number, unit: string, least: number | null, values: Place}} Stat
 */
/** One picture a cell, whatever the frame. @typedef {{kind: "still", x: Place}} Still */
/** (base + amount * slope) / unit: the server's own noise, sent once instead of once a frame.
 * @typedef {{kind: "affine", unit: number, base: Place, slope: Place}} Affine
 */
/** One of two values a pixel: `after` from frame number `since` on.
 * @typedef {{kind: "switched", before: Place, after: Place, since: Place}} Switched
 */
/**
 * Any pictures, in 256 steps from low to high.
 * @typedef {{kind: "frames", low: number, high: number, x: Place}} Frames
 */
/**
 * Row `of` against row `against`, pixel by pixel.
 * @typedef {{kind: "difference", of: number, against: number}} Difference
 */
/** @typedef {Still | Affine | Switched | Frames | Difference} Pictures */
/**
 * details: what the detail is at each frame, where it changes.  numbers: (S, n), one under each picture.  captions:
 * whether the cells' texts stand under the pictures.
 * @typedef {Pictures & {
 *   label: string, role: string, detail: string, details: string[], note: string, stats: Stat[], numbers: Place | null,
 *   digits: number, captions: boolean,
 * }} Row
 */
/**
 * values: (S, n).  moved: the bar that the slider moves.
 * @typedef {{title: string, n: number, moved: number, values: Place}} BarSpec
 */
/**
 * All that a sweep is, see Sweep in sweep/__init__.py.  shape: of an image.  values: where the slider can stand,
 * rising. scale: what is drawn brightest in rows of differences.  start: where the slider stands at first.
 * @typedef {{
 *   id: string, label: string, help: string, prefix: string, digits: number, shape: Shape, values: number[],
 *   cells: {id: string, text: string}[], marks: {value: number, label: string}[], rows: Row[], bars: BarSpec[],
 *   colours: Place, scale: {most: number, label: string} | null, start: number, moves: boolean,
 *   chart: import("./chart.js").ChartSpec | null,
 * }} Header
 */
/**
 * Draws a row.  fill: computes image i at a frame; paint: writes it as bytes, colours: the 256 of errors.
 * moves: whether its pictures differ from frame to frame.
 * @typedef {{
 *   values: Float32Array, moves: boolean,
 *   fill: (i: number, frame: number, sources: Source[]) => void,
 *   paint: (i: number, bytes: Uint8ClampedArray, colours: Uint8Array) => void,
 * }} Source
 */

/** @param {Row} row @param {Header} header @param {Reader} arrays @returns {Source} */
export function sourceOf(row, header, arrays) {
  const { shape } = header;
  const values = new Float32Array(header.cells.length * shape[0] * shape[1] * shape[2]);
  if (row.kind === "difference") return { moves: true, values, ...difference(row, header, values) };
  return {
    moves: row.kind !== "still",
    values,
    fill: fillOf(row, arrays, values, header),
    paint: (i, bytes) => paint(values, i, shape, bytes),
  };
}

/**
 * @param {Still | Affine | Switched | Frames} row @param {Reader} arrays @param {Float32Array} values
 * @param {Header} header @returns {Source["fill"]}
 */
function fillOf(row, arrays, values, header) {
  switch (row.kind) {
    case "still":
      return still(row, arrays, values, header);
    case "affine":
      return affine(row, arrays, values, header);
    case "switched":
      return switched(row, arrays, values, header);
    case "frames":
      return frames(row, arrays, values, header);
  }
}

/**
 * @param {Still} row @param {Reader} arrays @param {Float32Array} values @param {Header} header
 * @returns {Source["fill"]}
 */
function still(row, arrays, values, { shape }) {
  const x = arrays(row.x);
  const size = shape[0] * shape[1] * shape[2];
  return (i) => {
    for (let p = i * size; p < (i + 1) * size; p++) values[p] = x[p] / 255;
  };
}

/**
 * @param {Affine} row @param {Reader} arrays @param {Float32Array} values @param {Header} header
 * @returns {Source["fill"]}
 */
function affine(row, arrays, values, { shape, values: amounts }) {
  const [base, slope] = [arrays(row.base), arrays(row.slope)];
  const size = shape[0] * shape[1] * shape[2];
  return (i, frame) => {
    const amount = amounts[frame];
    for (let p = i * size; p < (i + 1) * size; p++) values[p] = (base[p] + amount * slope[p]) / row.unit;
  };
}

/**
 * @param {Switched} row @param {Reader} arrays @param {Float32Array} values @param {Header} header
 * @returns {Source["fill"]}
 */
function switched(row, arrays, values, { shape: [channels, h, w] }) {
  const [before, after, since] = [arrays(row.before), arrays(row.after), arrays(row.since)];
  const area = h * w;
  return (i, frame) => {
    for (let p = 0; p < channels * area; p++) {
      const q = i * channels * area + p;
      values[q] = (frame >= since[i * area + (p % area)] ? after[q] : before[q]) / 255; // all channels at once
    }
  };
}

/**
 * @param {Frames} row @param {Reader} arrays @param {Float32Array} values @param {Header} header
 * @returns {Source["fill"]}
 */
function frames(row, arrays, values, { shape, values: { length: n_frames } }) {
  const x = arrays(row.x);
  const size = shape[0] * shape[1] * shape[2];
  const unit = (row.high - row.low) / 255;
  return (i, frame) => {
    for (let p = i * size; p < (i + 1) * size; p++) values[p] = row.low + unit * x[p * n_frames + frame];
  };
}

/**
 * The root of the mean squared difference over the channels, on the one scale of the sweep; an image takes as much room
 * in `values` as any other, and uses the first channel of it.
 * @param {Difference} row @param {Header} header @param {Float32Array} values @returns {Pick<Source, "fill" | "paint">}
 */
function difference(row, { shape: [channels, h, w], scale }, values) {
  const [area, most] = [h * w, scale?.most ?? 1];
  const size = channels * area;
  return {
    fill: (i, _frame, sources) => {
      const [a, b] = [sources[row.of].values, sources[row.against].values];
      for (let p = i * size; p < i * size + area; p++) {
        let sum = 0;
        for (let q = p; q < (i + 1) * size; q += area) sum += (a[q] - b[q]) ** 2;
        values[p] = Math.sqrt(sum / channels) / most;
      }
    },
    paint: (i, bytes, colours) => {
      for (let p = 0; p < area; p++) {
        const k = 3 * Math.min(255, Math.round(values[i * size + p] * 255));
        for (let c = 0; c < 3; c++) bytes[4 * p + c] = colours[k + c];
      }
    },
  };
}
