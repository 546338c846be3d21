// Where a picture lies under the lens.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fitted, zoomed } from "../../../pages/ui/components/wall/lens.js";

test("a picture is fitted into the middle of the stage, as large as it goes", () => {
  assert.deepEqual(fitted([200, 100], [400, 400]), { x: 0, y: 100, scale: 2 });
  assert.deepEqual(fitted([100, 400], [100, 100]), { x: 37.5, y: 0, scale: 0.25 });
});

test("what is under the pointer stays there when it is enlarged", () => {
  const before = { x: 10, y: -20, scale: 2 };
  const after = zoomed(before, 5, 50, 60);
  for (const [along, place] of /** @type {const} */ ([["x", 50], ["y", 60]])) {
    assert.equal((place - after[along]) / after.scale, (place - before[along]) / before.scale);
  }
  assert.equal(after.scale, 5);
});
