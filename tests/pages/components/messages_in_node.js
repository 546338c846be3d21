// Answers the requests of test_messages.py: what the components' own modules make of messages.

import { pointsOf } from "../../../pages/ui/components/plane/plane_selection.js";
import { inflate, reader, split } from "../../../pages/ui/components/shared/message.js";
import { sourceOf } from "../../../pages/ui/components/sweep/pictures.js";
import { answerRequests, bytes, text } from "./requests.js";

/** @typedef {import("../../../pages/ui/components/shared/message.js").Place} Place */
/** @typedef {import("../../../pages/ui/components/sweep/pictures.js").Header} Header */

/** The message behind some bytes, as a view into a longer buffer often is. @param {string} encoded */
function arrived(encoded) {
  const message = new Uint8Array(bytes(encoded));
  const buffer = new Uint8Array(message.length + 3);
  buffer.set(message, 3);
  return split(buffer.subarray(3));
}

await answerRequests({
  // The pixels of all images in each row at a frame, as numbers and as bytes.
  async sweep({ message, frame }) {
    const { header, body } = arrived(message);
    const arrays = reader(await inflate(body));
    const rows = /** @type {Header} */ (header).rows;
    const sources = rows.map((row) => sourceOf(row, header, arrays));
    const [, h, w] = header.shape;
    const colours = /** @type {Uint8Array} */ (arrays(header.colours));
    return sources.map((source) => {
      const painted = new Uint8ClampedArray(header.cells.length * h * w * 4);
      for (let i = 0; i < header.cells.length; i++) {
        source.fill(i, frame, sources);
        source.paint(i, painted.subarray(4 * i * h * w), colours);
      }
      return { values: text(source.values), painted: text(painted), moves: source.moves };
    });
  },

  // Arrays of a plane by name.
  plane({ message, names }) {
    const { header, body } = arrived(message);
    const read = reader(body.slice().buffer);
    return names.map((/** @type {string} */ name) => text(read(header.places[name])));
  },

  points({ message }) {
    const { header, body } = arrived(message);
    const { at, colours, marks } = pointsOf(header.n, body);
    return { at: text(at), colours: text(colours), marks: text(marks) };
  },
});
