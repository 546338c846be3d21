// Milliseconds of each model, each way: runs in the page of runner_speed.py, after the runner.
/* exported main */

/** @typedef {() => unknown} Compute */

/** @param {{models: string[], rounds: number, share: number}} asked share: milliseconds for each model and way */
async function main({ models, rounds, share }) {
  const { Network, Runner, readModel, source } = hourglassRunner();
  const found = [];
  for (const name of models) {
    const [message, x, z] = await Promise.all([`${name}/model`, `${name}/x`, `${name}/z`].map(bytes));
    const networks = [false, true].map((plain) => new Network(readModel(message), plain));
    const [images, codes] = [new Float32Array(x), new Float32Array(z)];
    const [decoded, encoded] = [new Float32Array(images.length), new Float32Array(codes.length)];
    const n = images.length / networks[0].n_pixels;
    const runner = new Runner(source);
    const digest = networks[0].header.digest;
    runner.register(digest, () => message);
    /** @type {import("../pages/ui/components/runner/handler.js").Run} */
    const run = { digest, way: "reconstruct", values: images.subarray(0, networks[0].n_pixels), colours: true };
    /** @type {[string, Compute][]} */
    const ways = networks.flatMap((network) => [
      [`decode ${network.kind}`, () => network.decode(codes, decoded, 1)],
      [`both ${network.kind}`, () => (network.encode(images, encoded, 1), network.decode(encoded, decoded, 1))],
      [`many ${network.kind}`, () => (network.encode(images, encoded, n), network.decode(encoded, decoded, n))],
    ]);
    ways.push(["worker", () => runner.run(run)]);
    for (let round = -1; round < rounds; round++)
      for (const [way, compute] of ways) {
        const milliseconds = await timed(compute, share);
        if (round >= 0) found.push({ name, way, milliseconds }); // the first round warms up
      }
    runner.close();
  }
  return found;
}

/** @param {string} name */
async function bytes(name) {
  return (await fetch(name)).arrayBuffer();
}

const PART = 10; // milliseconds: a browser's clock is as coarse as one millisecond

/**
 * The best of as many parts as fit in `share` milliseconds; a part is the mean of its runs. So it is told what the work
 * takes, and not how often others had the processor meanwhile.
 * @param {Compute} compute @param {number} share
 */
async function timed(compute, share) {
  const end = performance.now() + share;
  let best = Infinity;
  do best = Math.min(best, await mean(compute));
  while (performance.now() < end);
  return best;
}

/** @param {Compute} compute */
async function mean(compute) {
  const start = performance.now();
  let runs = 0;
  for (;;) {
    const answer = compute();
    if (answer instanceof Promise) await answer;
    runs++;
    const gone = performance.now() - start;
    if (gone >= PART) return gone / runs;
  }
}
