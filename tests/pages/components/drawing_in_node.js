// Answers the requests of test_drawing.py: what a drawing becomes, and what is read from base 85.

import { drawnImage } from "../../../pages/ui/components/drawpad/drawing.js";
import { fromBase85 } from "../../../pages/ui/components/takeaway/content.js";
import { answerRequests } from "./requests.js";

await answerRequests({
  // A sheet of so many pixels a side, each in [0, 1], as a digit of 28 x 28.
  centred({ x, side }) {
    const data = Uint8ClampedArray.from({ length: 4 * side * side }, (_, i) => 255 * x[Math.floor(i / 4)]);
    const sheet = /** @type {ImageData} */ (/** @type {unknown} */ ({ data, width: side, height: side }));
    return [...drawnImage(sheet, [1, 28, 28], true)];
  },

  bytes({ text }) {
    return [...fromBase85(text)];
  },
});
