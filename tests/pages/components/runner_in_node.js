// Answers the requests of test_runner.py: JSON on stdin, JSON on stdout.
import { answerRequests, bytes, floats, text } from "./requests.js";
import { fromHalf, readModel } from "../../../pages/ui/components/runner/model.js";
import { Network } from "../../../pages/ui/components/runner/network.js";
import { colours } from "../../../pages/ui/components/shared/pixels.js";
import { Runner } from "../../../pages/ui/components/runner/runner.js";

/** @typedef {import("../../../pages/ui/components/runner/handler.js").Run} Run */

/** @param {import("../../../pages/ui/components/runner/handler.js").Result | null | undefined} result */
const imagesOf = (result) => text(/** @type {Float32Array} */ (result?.images));

/** @type {Record<string, (asked: any) => unknown>} */
const DOES = {
  // What both kinds of kernels make of images and of codes.
  compute({ message, x, z }) {
    /** @type {Record<string, unknown>} */
    const found = {};
    for (const plain of [false, true]) {
      const network = new Network(readModel(bytes(message)), plain);
      const [images, codes] = [floats(x), floats(z)];
      const n = images.length / network.n_pixels;
      const [encoded, decoded] = [new Float32Array(codes.length), new Float32Array(images.length)];
      for (let again = 0; again < 2; again++) {
        // The second time the memory is full of what the first one left.
        network.encode(images, encoded, n);
        network.decode(codes, decoded, n);
      }
      found[network.kind] = { z: text(encoded), x: text(decoded) };
    }
    return found;
  },

  halves: () => text(fromHalf(Uint16Array.from({ length: 65536 }, (_, i) => i))),

  colours: ({ x, shape }) => text(colours(floats(x), shape)),

  refused({ messages }) {
    return messages.map((/** @type {string} */ message) => {
      try {
        new Network(readModel(bytes(message)));
        return "";
      } catch (error) {
        return error instanceof Error ? error.message : error;
      }
    });
  },

  // A drag of so many steps, and beside it a request that stands alone.
  async drag({ message, digest, z, steps }) {
    const runner = new Runner("");
    let fetched = 0;
    runner.register(digest, () => (fetched++, bytes(message)));
    const codes = floats(z);
    /** @returns {Run} */
    const one = (i = 0) => ({ digest, way: "decode", values: codes.subarray(i, i + 1) });
    const answers = Array.from({ length: steps }, (_, i) => runner.latest("drag", one(i)));
    const alone = await runner.run(one(0));
    const found = await Promise.all(answers);
    const other = await runner.latest("drag", one(0));
    runner.close();
    const kept = found.map((answer, i) => (answer ? i : -1)).filter((i) => i >= 0);
    return { fetched, kept, last: imagesOf(found.at(-1)), alone: imagesOf(alone), other: imagesOf(other) };
  },

  // Eight models in turn, twice: which of them were fetched.
  async many({ messages, digests, z, ...bounds }) {
    const runner = new Runner("", bounds);
    /** @type {number[]} */
    const fetched = [];
    for (const [i, message] of messages.entries())
      runner.register(digests[i], () => (fetched.push(i), bytes(message)));
    for (const round of [0, 1])
      for (const digest of digests)
        for (const _ of [0, round]) await runner.run({ digest, way: "decode", values: floats(z) });
    /** @type {string[]} */
    const errors = [];
    const wrong = /** @type {Run[]} */ ([
      { digest: "unknown", way: "decode", values: floats(z) },
      { digest: digests[0], way: "encode", values: new Float32Array(5) },
    ]);
    for (const run of wrong) await runner.run(run).catch((error) => errors.push(error.message));
    const nothing = await runner.run({ digest: digests[0], way: "reconstruct", values: new Float32Array(0) });
    runner.close();
    return { fetched, errors, nothing: nothing.images?.length };
  },
};

await answerRequests(DOES);
