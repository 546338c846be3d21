// Axes: which numbers they reach, where ticks stand, and values between known points.

/** The least and the greatest number of an axis. @typedef {number[]} Domain */

/**
 * From the least to the greatest that is drawn, with room for the eye; what is only a reference may leave it.
 * @param {Pick<import("./chart.js").ChartSpec, "lines" | "log" | "from_zero">} spec @returns {Domain}
 */
export function domainOf({ lines, log, from_zero }) {
  const own = lines.filter((line) => !line.reference);
  const values = own
    .flatMap((line) => [...line.y, ...line.low, ...line.high])
    .filter((value) => value !== null)
    .filter((value) => !log || value > 0);
  if (!values.length) return [0.1, 1];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (log) return [Math.max(low / 1.3, high / 1e5), high * 1.3];
  const air = 0.05 * (high - low || 1);
  return [from_zero ? 0 : low - air, high + air];
}

/**
 * Round numbers within a domain.
 * @param {Domain} domain @param {boolean} log @param {number} most how many, if it is no logarithmic axis
 * @returns {number[]}
 */
export function ticks([low, high], log, most = 6) {
  if (log) return decades(low, high);
  const power = 10 ** Math.floor(Math.log10((high - low) / most));
  const step = [1, 2, 5, 10].map((s) => s * power).find((s) => (high - low) / s <= most + 1e-9) ?? 10 * power;
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9; k++) found.push(k * step);
  return found;
}

/**
 * Powers of ten, and between them 2 and 5 times as much where there is room.
 * @param {number} low @param {number} high
 */
function decades(low, high) {
  const steps = Math.log10(high / low) > 3 ? [1] : [1, 2, 5];
  const found = [];
  for (let d = Math.floor(Math.log10(low)); d <= Math.log10(high); d++) found.push(...steps.map((s) => s * 10 ** d));
  return found.filter((value) => value >= low && value <= high);
}

/**
 * The straight line between the two nearest known points; null where a curve is not known.
 * @param {number[]} x rising @param {(number | null)[]} y @param {number} at @returns {number | null}
 */
export function between(x, y, at) {
  let k = x.findIndex((value) => value >= at - 1e-9);
  if (k < 0) k = x.length - 1;
  const [before, after] = [y[k - 1], y[k]];
  if (Math.abs(x[k] - at) < 1e-9 || k === 0) return after;
  if (before === null || after === null) return null;
  return before + ((at - x[k - 1]) / (x[k] - x[k - 1])) * (after - before);
}
