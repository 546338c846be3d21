// Noise that is drawn in the page: as core/noise.py does it, but with numbers of its own.

/** @typedef {"gaussian" | "salt_and_pepper" | "masking" | "speckle"} NoiseKind */
/** seed: another one gives another draw. @typedef {{kind: NoiseKind, sigma: number, seed: number}} Noise */

/** What each kind is called, and what sigma is. @type {Record<NoiseKind, string>} */
export const NOISES = {
  gaussian: "Gaussian: sigma is its standard deviation",
  salt_and_pepper: "Salt and pepper: sigma is the share of pixels turned black or white",
  masking: "Masking: sigma is the share of pixels turned black",
  speckle: "Speckle: sigma is its standard deviation, times the pixel",
};

/**
 * An image with noise, not clipped. A seed draws one pattern: sigma makes it stronger and draws no other.
 * @param {Float32Array} x (C, H, W) in [0, 1] @param {number} area H times W @param {Noise} noise
 */
export function noisy(x, area, { kind, sigma, seed }) {
  if (!sigma) return x.slice();
  const random = generator(seed);
  if (kind === "gaussian" || kind === "speckle") {
    const draw = normal(random);
    return x.map((value) => value + sigma * draw() * (kind === "speckle" ? value : 1));
  }
  const out = x.slice();
  for (let p = 0; p < area; p++) {
    const [where, which] = [random(), random()];
    if (where >= sigma) continue;
    for (let i = p; i < x.length; i += area) out[i] = kind === "masking" || which < 0.5 ? 0 : 1;
  }
  return out;
}

/** Numbers in [0, 1), the same for the same seed (mulberry32). @param {number} seed */
export function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Normal numbers (Box and Muller 1958). @param {() => number} random */
function normal(random) {
  let spare = NaN;
  return () => {
    if (!Number.isNaN(spare)) {
      const drawn = spare;
      spare = NaN;
      return drawn;
    }
    const [radius, angle] = [Math.sqrt(-2 * Math.log(1 - random())), 2 * Math.PI * random()];
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}
