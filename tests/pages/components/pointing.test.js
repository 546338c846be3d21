// What is drawn, dragged, clicked and zoomed: strokes, the tray, the gallery, charts.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { stepped, Strokes } from "../../../pages/ui/components/drawpad/drawpad.js";
import { barsPath, logShareOf, withFed } from "../../../pages/ui/components/feeding/feeding.js";
import { tileWidth } from "../../../pages/ui/components/gallery/gallery.js";
import { extentOf, spotAt } from "../../../pages/ui/session/zoom/zoom.js";

describe("strokes", () => {
  test("are taken back one by one, the one being drawn too", () => {
    const strokes = new Strokes();
    strokes.begin(20, [1, 1]);
    strokes.add([2, 2]);
    strokes.end();
    strokes.add([3, 3]);
    strokes.begin(10, [5, 5]);
    assert.deepEqual(strokes.all, [{ width: 20, points: [[1, 1], [2, 2]] }, { width: 10, points: [[5, 5]] }]);
    assert.equal(strokes.undo(), true);
    assert.equal(strokes.current, undefined);
    assert.equal(strokes.all.length, 1);
    assert.equal(strokes.clear(), true);
    assert.deepEqual([strokes.clear(), strokes.undo()], [false, false]);
  });

  test("drawn with keys stay on the sheet", () => {
    assert.deepEqual(stepped([140, 140], [1, 0], [280, 280]), [145, 140]);
    assert.deepEqual(stepped([2, 279], [-1, 0], [280, 280]), [0, 279]);
    assert.deepEqual(stepped([2, 279], [0, 1], [280, 280]), [2, 280]);
  });
});

describe("the network that is fed", () => {
  test("compares the newest, each once, and lets the first go", () => {
    assert.deepEqual(withFed(["a", "b"], "c", 3), ["a", "b", "c"]);
    assert.deepEqual(withFed(["a", "b", "c"], "d", 3), ["b", "c", "d"]);
    assert.deepEqual(withFed(["a", "b", "c"], "a", 3), ["b", "c", "a"]);
  });

  test("marks errors along a logarithmic axis, inside its ends", () => {
    assert.equal(logShareOf(0.1, [0.01, 1]), 0.5);
    assert.deepEqual([1e-9, 5].map((error) => logShareOf(error, [0.01, 1])), [0, 1]);
  });

  test("draws a bar a share, the highest as high as the square", () => {
    assert.equal(barsPath([1, 4], 4), "M0 100V75h50V100ZM50 100V0h50V100Z");
  });
});

test("tiles of a gallery are whole multiples of the image in device pixels, where there is room", () => {
  /** @type {[number, number]} */
  const tile = [56, 28];
  const header = { tile, side: 112, columns: ["original", "reconstruction"] };
  assert.equal(tileWidth(header, 1000, 1), 224);
  assert.equal(tileWidth(header, 1000, 2), 224);
  assert.equal(tileWidth(header, 150, 1), 112);
  assert.equal(tileWidth(header, 150, 2), 140);
  assert.equal(tileWidth(header, 40, 1), 40);
});

describe("a chart", () => {
  /** @type {import("../../../pages/ui/components/shared/plotly.js").Axis} */
  const axis = { range: [10, 20], p2d: (pixels) => 10 + pixels / 100 };
  /** @type {import("../../../pages/ui/components/shared/plotly.js").Axis} */
  const down = { range: [0, 4], p2d: (pixels) => 4 - pixels / 50 };

  test("is in view as far as its axes reach, or wholly", () => {
    assert.deepEqual(extentOf({ xaxis: axis, yaxis: down }), { x: [10, 20], y: [0, 4] });
    assert.equal(extentOf({ xaxis: axis, yaxis: { ...down, autorange: true } }), null);
  });

  test("was clicked at a place, within the size of a finger tip", () => {
    const { x, y, rx, ry } = spotAt({ xaxis: axis, yaxis: down }, 100, 50);
    assert.deepEqual([x, y], [11, 3]);
    assert.deepEqual([rx, ry].map((value) => Number(value.toFixed(9))), [0.1, 0.2]);
  });
});
