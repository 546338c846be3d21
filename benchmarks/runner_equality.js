// How far the page's numbers are from the server's: runs in the page of runner_equality.py, after the runner.
/* exported main, compared */

/** @param {{models: string[], plainImages: number}} asked */
async function main({ models, plainImages }) {
  const found = [];
  for (const name of models) for (const n of [null, plainImages]) found.push(await compared(name, n !== null, n));
  return found;
}

/**
 * On all images of a model, or on its last n.
 * @param {string} name @param {boolean} plain @param {number | null} last
 */
async function compared(name, plain, last = null) {
  const expected = await Promise.all(["x", "z", "x_hat"].map((part) => floats(`${name}/${part}`)));
  const message = await (await fetch(`${name}/model`)).arrayBuffer();
  const { Runner, readModel, source } = hourglassRunner();
  const { digest, input_shape: shape, latent_dim } = readModel(message).header;
  const n_pixels = shape[0] * shape[1] * shape[2];
  const n = last ?? expected[0].length / n_pixels;
  const [x, z, x_hat] = expected.map((all, i) => all.subarray(-n * (i === 1 ? latent_dim : n_pixels)));
  const runner = new Runner(source, { plain });
  runner.register(digest, () => message);
  const both = await runner.run({ digest, way: "reconstruct", values: x });
  const decoded = await runner.run({ digest, way: "decode", values: z });
  runner.close();
  return {
    name,
    kind: both.kind,
    n,
    codes: difference(both.codes, z),
    images: difference(both.images, x_hat),
    decoded: difference(decoded.images, x_hat),
  };
}

/** @param {string} name */
async function floats(name) {
  return new Float32Array(await (await fetch(name)).arrayBuffer());
}

/**
 * The largest difference; NaN if one of them is not a number or not there, or if the lengths differ.
 * @param {Float32Array | undefined} a @param {Float32Array} b
 */
function difference(a, b) {
  if (!a) return NaN;
  let largest = a.length === b.length ? 0 : NaN;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i] - b[i]));
  return largest;
}
