// Numbers: bounds, nearest values, and how they are written.

const MINUS = "\u2212";

/** @param {number} value @param {number} low @param {number} high */
export function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}

/**
 * The position of the nearest value, the first of several; sweep.nearest in Python chooses alike.
 * @param {number[]} values @param {number} wanted
 */
export function nearest(values, wanted) {
  let best = 0;
  values.forEach((value, k) => {
    if (Math.abs(value - wanted) < Math.abs(values[best] - wanted)) best = k;
  });
  return best;
}

/**
 * A number with so many decimals; in powers of ten where it would read as 0 and is not. Shares in whole per cent stay
 * as they are. figures/text.py writes numbers alike.
 * @param {number} value @param {number} digits @param {string} unit
 */
export function fixed(value, digits, unit = "") {
  if (Number.isNaN(value)) return "\u2013";
  if (!Number.isFinite(value)) return "\u221e" + unit;
  const plain = value.toFixed(digits);
  const lost = digits > 2 && value !== 0 && Number(plain) === 0;
  return withMinus(lost ? value.toExponential(1) : plain) + unit;
}

/** With three significant digits, also zeros: 0.500. @param {number} value */
export function precise(value) {
  return withMinus(value.toPrecision(3));
}

/** With three significant digits at most: 0.5. @param {number} value */
export function short(value) {
  return withMinus(String(Number(value.toPrecision(3))));
}

/** @param {string} text */
function withMinus(text) {
  return text.replaceAll("-", MINUS);
}
