// What components share: numbers, keys, sheets, pixels, messages, bounds of views.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { viewOf } from "../../../pages/ui/components/shared/component.js";
import { arrowOf, goToNext } from "../../../pages/ui/components/shared/keyboard.js";
import { inflate, reader, split } from "../../../pages/ui/components/shared/message.js";
import { clamp, fixed, nearest, precise, short } from "../../../pages/ui/components/shared/numbers.js";
import { colours, paint } from "../../../pages/ui/components/shared/pixels.js";
import { placeOf } from "../../../pages/ui/components/shared/sheets.js";

describe("numbers", () => {
  test("a small one never reads as 0", () => {
    assert.equal(fixed(0, 4), "0.0000");
    assert.equal(fixed(0.00004, 4), "4.0e\u22125");
    assert.equal(fixed(0.03, 4), "0.0300");
    assert.equal(fixed(-2, 1), "\u22122.0");
    assert.equal(fixed(0.3, 0), "0");
    assert.equal(fixed(25.04, 1, " %"), "25.0 %");
    assert.equal(fixed(NaN, 1, " %"), "\u2013");
    assert.equal(fixed(Infinity, 1, " %"), "\u221e %");
  });

  test("three digits, with zeros and without", () => {
    assert.deepEqual([0.5, -0.12345, 1e-7].map(precise), ["0.500", "\u22120.123", "1.00e\u22127"]);
    assert.deepEqual([0.5, -0.12345, 20].map(short), ["0.5", "\u22120.123", "20"]);
  });

  test("the nearest value, the first of several", () => {
    assert.equal(nearest([0, 0.5, 1], 0.6), 1);
    assert.equal(nearest([0, 0.5, 1], 0.75), 1);
    assert.equal(nearest([0, 0.5, 1], -9), 0);
    assert.equal(nearest([0, 0.5, 1], 9), 2);
  });

  test("bounds", () => assert.deepEqual([-1, 0.5, 7].map((value) => clamp(value, 0, 2)), [0, 0.5, 2]));
});

describe("keys", () => {
  test("arrows go to the right and down", () => {
    assert.deepEqual(["ArrowLeft", "ArrowRight"].map(arrowOf), [[-1, 0], [1, 0]]);
    assert.deepEqual(["ArrowUp", "ArrowDown"].map(arrowOf), [[0, -1], [0, 1]]);
    assert.equal(arrowOf("a"), undefined);
    assert.equal(arrowOf("constructor"), undefined);
  });

  /**
   * Presses a key at a button of three; which have the focus and are reached with the tab key afterwards.
   * @param {string} key @param {number} at
   */
  function pressed(key, at) {
    /** @type {number[]} */
    const focused = [];
    const buttons = [0, 1, 2].map((i) => ({ tabIndex: i === at ? 0 : -1, focus: () => focused.push(i) }));
    let isPrevented = false;
    const event = { key, target: buttons[at], preventDefault: () => (isPrevented = true) };
    goToNext(/** @type {any} */ (buttons), /** @type {any} */ (event));
    return { focused, reached: buttons.map(({ tabIndex }) => tabIndex), isPrevented };
  }

  test("left and right go through a group, of which one button is reached with the tab key", () => {
    assert.deepEqual(pressed("ArrowRight", 0), { focused: [1], reached: [-1, 0, -1], isPrevented: true });
    assert.deepEqual(pressed("ArrowLeft", 2), { focused: [1], reached: [-1, 0, -1], isPrevented: true });
  });

  test("at the end, up and down, and other keys change nothing", () => {
    /** @type {[string, number][]} */
    const cases = [["ArrowRight", 2], ["ArrowLeft", 0], ["ArrowUp", 1], ["x", 1]];
    for (const [key, at] of cases) {
      const reached = [0, 1, 2].map((i) => (i === at ? 0 : -1));
      assert.deepEqual(pressed(key, at), { focused: [], reached, isPrevented: false });
    }
  });
});

test("pictures of a sheet stand row by row, and parts of one side by side", () => {
  const grid = { tile: /** @type {[number, number]} */ ([10, 20]), across: 3 };
  assert.deepEqual([0, 2, 3, 7].map((i) => placeOf(grid, i)), [[0, 0], [20, 0], [0, 20], [10, 40]]);
  assert.deepEqual(placeOf(grid, 4, 2, 3), [50, 20]);
});

describe("pixels", () => {
  test("are rounded, clipped and opaque", () => {
    const x = new Float32Array([0, 1, 0.5, -3, 7, 0.25]);
    assert.deepEqual([...colours(x, [1, 2, 3])].filter((_, k) => k % 4 === 0), [0, 255, 128, 0, 255, 64]);
    assert.ok(colours(x, [1, 2, 3]).every((byte, k) => k % 4 !== 3 || byte === 255));
  });

  test("have three channels or one", () => {
    const x = new Float32Array([0.2, 0.4, 0.6]);
    assert.deepEqual([...colours(x, [3, 1, 1])], [51, 102, 153, 255]);
    assert.deepEqual([...colours(x, [1, 1, 3])].slice(0, 4), [51, 51, 51, 255]);
  });

  test("one image of several is painted where it is asked for", () => {
    const out = new Uint8ClampedArray(8);
    paint(new Float32Array([0, 1]), 1, [1, 1, 1], out, 4);
    assert.deepEqual([...out], [0, 0, 0, 0, 255, 255, 255, 0]);
  });
});

describe("messages", () => {
  test("header and body come apart, wherever the bytes lie", () => {
    const header = new TextEncoder().encode(JSON.stringify({ name: "\u00fc<b>" }));
    const bytes = new Uint8Array(5 + 4 + header.length + 2);
    new DataView(bytes.buffer).setUint32(5, header.length, true);
    bytes.set(header, 9);
    bytes.set([7, 8], 9 + header.length);
    const found = split(bytes.subarray(5));
    assert.deepEqual(found.header, { name: "\u00fc<b>" });
    assert.deepEqual([...found.body], [7, 8]);
  });

  test("differences become values again, each line from its own beginning, with bytes that overflow", () => {
    const { buffer } = new Uint8Array([0, 0, 0, 0, 250, 10, 1, 5, 255, 2]);
    assert.deepEqual([...reader(buffer)({ type: "u1", at: 4, length: 6, summed: 3 })], [250, 4, 5, 5, 4, 6]);
    assert.deepEqual([...reader(buffer)({ type: "u1", at: 4, length: 3 })], [250, 10, 1]);
    assert.deepEqual([...reader(buffer)({ type: "u2", at: 4, length: 1 })], [250 + 256 * 10]);
  });

  test("a body is inflated", async () => {
    const stream = new Blob(["abc"]).stream().pipeThrough(new CompressionStream("deflate"));
    const body = new Uint8Array(await new Response(stream).arrayBuffer());
    assert.equal(new TextDecoder().decode(await inflate(body)), "abc");
  });
});

test("a view stays as long as its place, one for each component", () => {
  const [here, there] = /** @type {ParentNode[]} */ (/** @type {unknown} */ ([{}, {}]));
  const view = viewOf("sweep", here, () => ({}));
  assert.equal(viewOf("sweep", here, () => ({})), view);
  assert.notEqual(viewOf("sweep", there, () => ({})), view);
  assert.notEqual(viewOf("plane", here, () => ({})), view);
});
