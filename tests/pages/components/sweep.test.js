// A sweep: where pictures, labels and curves stand, and how numbers are written.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bestOf } from "../../../pages/ui/components/sweep/chart.js";
import { cellsOf, lanesOf, thereAndBack } from "../../../pages/ui/components/sweep/layout.js";
import { statText } from "../../../pages/ui/components/sweep/rows.js";
import { between, domainOf, ticks } from "../../../pages/ui/components/sweep/scales.js";
import { shareOf } from "../../../pages/ui/components/sweep/sweep.js";

/** @typedef {import("../../../pages/ui/components/sweep/layout.js").Label} Label */

const ROW = 976; // pixels for pictures on a screen of 1440
const PHONE = 358;

describe("pictures in their row", () => {
  test("large images fill it", () => {
    for (const w of [48, 64, 96, 128, 256])
      for (const n of [8, 12, 16]) {
        const { columns, cell, gap, picture } = cellsOf([w, w], n, ROW, 1);
        const wide = columns * (cell + gap) - gap;
        assert.ok(0.8 * ROW <= wide && wide <= ROW, `${n} images of ${w} take ${wide}`);
        assert.ok(picture <= 3 * w);
      }
  });

  test("images of any shape fit and have room for their numbers", () => {
    /** @type {[number, number][]} */
    const sizes = [[256, 16], [16, 256], [200, 90], [300, 300], [47, 20], [8, 8]];
    for (const [w, h] of sizes)
      for (const width of [PHONE, 640, ROW, 1400])
        for (const n of [1, 4, 32]) {
          const { columns, cell, gap, picture } = cellsOf([w, h], n, width, 1);
          assert.ok(columns >= 1 && columns <= n);
          assert.ok(columns * (cell + gap) - gap <= width + 0.01);
          assert.ok(picture <= cell && cell >= 44);
          assert.ok(picture * Math.max(1, h / w) <= 256);
        }
  });

  test("pixels of small images are all equally large", () => {
    for (const ratio of [1, 2, 3])
      for (const [n, width] of [[16, ROW], [10, 642], [16, PHONE]]) {
        const times = (cellsOf([28, 28], n, width, ratio).picture * ratio) / 28;
        assert.ok(Math.abs(times - Math.round(times)) < 1e-9);
      }
  });
});

describe("labels of marks", () => {
  test("a mark on a narrow screen does not run through the label of another", () => {
    const labels = [{ left: 0, right: 190, at: 0 }, { left: 180, right: 330, at: 180 }];
    assert.deepEqual(lanesOf(labels), [1, 0]);
    assert.deepEqual(lanesOf(labels.toReversed()), [0, 1]);
  });

  test("three neither overlap nor are run through, in whatever order", () => {
    const places = [[9, 150], [80, 240], [200, 350]];
    for (const order of [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]) {
      const labels = order.map((i) => ({ left: places[i][0], right: places[i][1], at: places[i][0] }));
      const lanes = lanesOf(labels);
      labels.forEach((one, i) =>
        labels.forEach((other, j) => {
          const isOver = i !== j && other.left <= one.at && one.at <= other.right;
          assert.ok(!isOver || lanes[i] < lanes[j], "its line ends above that label");
        }),
      );
    }
  });

  test("those that point left and right share a lane where they can", () => {
    const far = [{ left: 9, right: 100, at: 9 }, { left: 200, right: 340, at: 340 }];
    assert.deepEqual(lanesOf(far), [0, 0]);
    const near = [{ left: 9, right: 220, at: 9 }, { left: 200, right: 340, at: 340 }];
    assert.deepEqual(lanesOf(near).sort(), [0, 1]);
  });

  test("without any there is no lane", () => assert.deepEqual(lanesOf([]), []));

  test("a mark stands at its share of the slider", () => {
    assert.deepEqual([1, 2, 5].map((value) => shareOf(value, [1, 2, 5])), [0, 0.25, 1]);
  });
});

test("a slider that moves by itself goes to both ends and back to where it was", () => {
  for (const from of [0, 13, 50]) {
    const frames = Array.from({ length: 1001 }, (_, k) => thereAndBack(from, 50, k / 1000));
    assert.equal(frames[0], from);
    assert.equal(frames.at(-1), from);
    assert.equal(Math.min(...frames), 0);
    assert.equal(Math.max(...frames), 50);
    assert.ok(frames.slice(1).every((frame, k) => Math.abs(frame - frames[k]) <= 1), "it never jumps");
  }
  assert.equal(thereAndBack(7, 50, Infinity), 7);
});

test("a number of a row is written with its unit, and as 'under' what it cannot tell", () => {
  const stat = { label: "", help: "", digits: 1, unit: " %", least: -100, values: /** @type {any} */ (null) };
  assert.equal(statText(stat, -12.34), "\u221212.3 %");
  assert.equal(statText(stat, -250), "under \u2212100.0 %");
  assert.equal(statText({ ...stat, least: null }, -250), "\u2212250.0 %");
  assert.equal(statText(stat, NaN), "\u2013");
});

describe("axes", () => {
  /** @param {(number | null)[]} y @returns {import("../../../pages/ui/components/sweep/chart.js").Line} */
  const line = (y, reference = false) => {
    return { name: "", y, colour: "", dash: "solid", low: [], high: [], note: "", mark: null, reference };
  };

  test("ticks are round, inside the domain and not more than asked for", () => {
    assert.deepEqual(ticks([0, 5], false, 10).map(Math.abs), [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5]);
    assert.deepEqual(ticks([-1, 1], false, 4), [-1, -0.5, 0, 0.5, 1]);
    assert.deepEqual(ticks([0.02, 0.3], true).map((v) => Number(v.toFixed(9))), [0.02, 0.05, 0.1, 0.2]);
    assert.deepEqual(ticks([1e-5, 1], true).length, 6);
    for (const domain of [[0, 0.0173], [3, 4711], [-0.3, 12]]) {
      const found = ticks(domain, false, 6);
      assert.ok(found.length >= 2 && found.length <= 7);
      assert.ok(found.every((v) => v >= domain[0] - 1e-9 && v <= domain[1] + 1e-9));
    }
  });

  test("the domain holds all that is no reference", () => {
    const lines = [line([0.1, null, 0.5]), line([100, 200, 300], true)];
    const [low, high] = domainOf({ lines, log: false, from_zero: false });
    assert.ok(low < 0.1 && high > 0.5 && high < 1);
    assert.equal(domainOf({ lines, log: false, from_zero: true })[0], 0);
    assert.ok(domainOf({ lines: [line([0, 0.01])], log: true, from_zero: false })[0] > 0);
    assert.deepEqual(domainOf({ lines: [], log: false, from_zero: false }), [0.1, 1]);
  });

  test("a curve between two known points is straight, and unknown beside one that is not known", () => {
    assert.equal(between([0, 1, 3], [10, 20, 40], 2), 30);
    assert.equal(between([0, 1, 3], [10, 20, 40], 3), 40);
    assert.equal(between([0, 1, 3], [10, 20, 40], 0), 10);
    assert.equal(between([0, 1, 3], [10, null, 40], 0.5), null);
    assert.equal(between([0, 1, 3], [10, null, 40], 3), 40);
  });

  test("the best line is the lowest or the highest, and no reference", () => {
    const lines = [line([]), line([]), line([], true)];
    assert.equal(bestOf([3, 2, 1], { lines, higher_is_nearer: false }), 2);
    assert.equal(bestOf([3, 2, 9], { lines, higher_is_nearer: true }), 3);
    assert.equal(bestOf([null, 2, 9], { lines, higher_is_nearer: true }), 2);
  });
});
