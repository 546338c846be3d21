// What is seen, in the address behind #, so that it can be opened again.

/**
 * image: its number from 0.  threshold: of each model.  axes, view: of each model's map.  code: that somebody made, of
 * each model.
 * @typedef {{
 *   image: number, kind: import("../shared/random_noise.js").NoiseKind, sigma: number, seed: number, theme: string,
 *   ground: boolean, threshold: number[], axes: [number, number][], view: number[][], code: number[][],
 * }} Seen
 */

const LONGEST = 64; // numbers of a code in the address

/** @param {Seen} seen */
export function addressOf(seen) {
  const { image, kind, sigma, seed, theme, ground } = seen;
  const words = new URLSearchParams({ image: String(image), kind, sigma: String(sigma), seed: String(seed) });
  if (theme) words.set("theme", theme);
  if (ground) words.set("ground", "1");
  const numbers = (/** @type {number[]} */ list) => list.map((value) => Number(value.toPrecision(5))).join("_");
  words.set("threshold", numbers(seen.threshold));
  words.set("axes", seen.axes.map(numbers).join("~"));
  if (seen.view.some((one) => one.length)) words.set("view", seen.view.map(numbers).join("~"));
  if (seen.code.some((one) => one.length)) {
    words.set("code", seen.code.map((one) => (one.length > LONGEST ? "" : numbers(one))).join("~"));
  }
  return `#${words}`;
}

/** What an address says; anything else in it is left out. @param {string} hash @returns {Partial<Seen>} */
export function seenAt(hash) {
  const words = new URLSearchParams(hash.slice(1));
  const lists = (/** @type {string} */ name) => (words.get(name) ?? "").split("~").map(numbersOf);
  const number = (/** @type {string} */ name) => (words.has(name) ? Number(words.get(name)) : NaN);
  /** @type {Partial<Seen>} */
  const seen = { ground: words.get("ground") === "1", theme: words.get("theme") ?? "" };
  const [image, sigma, seed] = ["image", "sigma", "seed"].map(number);
  if (Number.isInteger(image) && image >= 0) seen.image = image;
  if (sigma >= 0 && sigma <= 1) seen.sigma = sigma;
  if (Number.isInteger(seed) && seed >= 0) seen.seed = seed;
  const kind = words.get("kind") ?? "";
  if (/^[a-z_]+$/.test(kind)) seen.kind = /** @type {Seen["kind"]} */ (kind);
  if (words.has("threshold")) seen.threshold = numbersOf(words.get("threshold") ?? "");
  const axes = lists("axes").filter((one) => one.length === 2);
  if (words.has("axes")) seen.axes = /** @type {[number, number][]} */ (axes);
  if (words.has("view")) seen.view = lists("view");
  if (words.has("code")) seen.code = lists("code");
  return seen;
}

/** @param {string} text @returns {number[]} finite ones, or none */
function numbersOf(text) {
  const found = text ? text.split("_").map(Number) : [];
  return found.every(Number.isFinite) ? found : [];
}
