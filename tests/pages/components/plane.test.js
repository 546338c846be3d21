// The plane: which node is under the pointer, and which one a key leads to.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fieldPlaceOf, indexOf, nodeAt, pictureOf, stepped, STRIDE } from "../../../pages/ui/components/plane/lattice.js";

const SIZE = 11;

test("the nearest node is under the pointer, rows from below", () => {
  assert.deepEqual(nodeAt(0, 1, SIZE), [0, 0]);
  assert.deepEqual(nodeAt(1, 0, SIZE), [10, 10]);
  assert.deepEqual(nodeAt(0.31, 0.5, SIZE), [3, 5]);
  assert.deepEqual(nodeAt(0.36, 0.5, SIZE), [4, 5]);
});

test("outside the field the node stays on its edge", () => {
  assert.deepEqual(nodeAt(-0.2, 1.7, SIZE), [0, 0]);
  assert.deepEqual(nodeAt(1.2, -4, SIZE), [10, 10]);
});

test("the pointer at a node's own place finds that node", () => {
  for (let column = 0; column < SIZE; column++)
    for (let row = 0; row < SIZE; row++) {
      const [left, top] = fieldPlaceOf([column, row], SIZE, 400);
      assert.deepEqual(nodeAt(left / 400, top / 400, SIZE), [column, row]);
    }
});

test("arrow keys step, with shift by several, and stop at the edge", () => {
  assert.deepEqual(stepped([5, 5], "ArrowUp", false, SIZE), [5, 6]);
  assert.deepEqual(stepped([5, 5], "ArrowLeft", true, SIZE), [5 - STRIDE, 5]);
  assert.deepEqual(stepped([5, 2], "ArrowDown", true, SIZE), [5, 0]);
  assert.deepEqual(stepped([10, 2], "ArrowRight", false, SIZE), [10, 2]);
  assert.equal(stepped([5, 5], "Enter", false, SIZE), undefined);
});

test("arrays begin with the lowest row, pictures with the highest", () => {
  assert.equal(indexOf([2, 1], SIZE), 13);
  assert.equal(pictureOf([2, 10], SIZE), 2);
  assert.equal(pictureOf([2, 0], SIZE), 112);
});
