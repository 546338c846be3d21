// Verdicts on their way to the server: none is lost, each can be undone.

import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { isContested, Verdicts } from "../../../pages/ui/components/shared/verdicts.js";

const STAMP = { source: "digits", checkpoint: "abc", reviewer: "Ada" };
/** @param {string} image */
const untouched = (image, place = 0) => ({ image, place, verdict: "", note: "" });
/** @type {Verdicts} */
let verdicts;

beforeEach(() => {
  let n = 0;
  verdicts = new Verdicts([], () => `operation-${++n}`);
});

/** @param {string} image @param {string} verdict */
function decide(image, verdict, note = "") {
  verdicts.decide({ image, place: 0, ...verdicts.of(image, undefined) }, { verdict, note }, STAMP);
}

describe("one verdict on several images", () => {
  test("is undone in one step, each to what it was", () => {
    decide("b", "unsure", "dim");
    const before = [untouched("a"), { image: "b", place: 0, verdict: "unsure", note: "dim" }];
    verdicts.decideAll(before, { verdict: "outlier", note: "" }, STAMP);
    assert.deepEqual(["a", "b"].map((one) => verdicts.of(one, undefined).verdict), ["outlier", "outlier"]);
    verdicts.undo(STAMP);
    assert.deepEqual(["a", "b"].map((one) => verdicts.of(one, undefined).verdict), ["", "unsure"]);
    assert.equal(verdicts.of("b", undefined).note, "dim");
    assert.equal(verdicts.undo(STAMP)?.image, "b");
  });
});

describe("a verdict", () => {
  test("is pending, with all that the server must know, until it is kept", () => {
    decide("a", "outlier", "odd");
    const sent = { operation: "operation-1", image: "a", verdict: "outlier", note: "odd", ...STAMP };
    assert.deepEqual(verdicts.pending, [sent]);
    verdicts.acknowledge(["something else"], []);
    assert.equal(verdicts.pending.length, 1);
    verdicts.acknowledge(["operation-1"], []);
    assert.deepEqual(verdicts.pending, []);
  });

  test("that is pending holds, the latest of several, before what the server knows", () => {
    const known = { verdict: "normal", note: "from the server" };
    assert.deepEqual(verdicts.of("a", known), known);
    assert.deepEqual(verdicts.of("a", undefined), { verdict: "", note: "" });
    decide("a", "unsure");
    decide("a", "outlier");
    decide("b", "normal");
    assert.equal(verdicts.of("a", known).verdict, "outlier");
  });

  test("that is refused is counted and explained until the next one", () => {
    decide("a", "outlier");
    decide("b", "outlier");
    verdicts.acknowledge([], [{ operation: "operation-1", why: "Its image is gone." }]);
    assert.deepEqual(verdicts.refused, { n: 1, why: "Its image is gone." });
    assert.deepEqual(verdicts.pending.map(({ image }) => image), ["b"]);
    verdicts.acknowledge([], []);
    assert.equal(verdicts.refused?.n, 1);
    decide("c", "normal");
    assert.equal(verdicts.refused, undefined);
  });

  test("counts once an image, and not where there was one before", () => {
    decide("a", "outlier");
    decide("a", "normal");
    decide("b", "normal");
    assert.equal(verdicts.added((image) => (image === "b" ? { verdict: "outlier" } : undefined)), 1);
  });
});

describe("undo", () => {
  test("goes back step by step to what was before, and tells the server", () => {
    decide("a", "outlier");
    verdicts.decide({ ...untouched("a", 4), verdict: "outlier" }, { verdict: "normal", note: "" }, STAMP);
    assert.equal(verdicts.undo(STAMP)?.place, 4);
    assert.equal(verdicts.of("a", undefined).verdict, "outlier");
    verdicts.undo(STAMP);
    assert.equal(verdicts.of("a", undefined).verdict, "");
    assert.equal(verdicts.undo(STAMP), undefined);
    assert.equal(verdicts.pending.length, 4);
  });

  test("of a verdict takes it out of those that are decided", () => {
    decide("a", "outlier");
    verdicts.undo(STAMP);
    assert.equal(verdicts.added(() => undefined), 0);
    assert.equal(verdicts.added(() => ({ verdict: "outlier" })), -1);
  });

  test("begins with the steps of an earlier visit, which stay as they were sent", () => {
    const trail = [untouched("a", 3)];
    verdicts = new Verdicts(trail, () => "operation");
    decide("b", "normal");
    assert.equal(trail.length, 1);
    assert.deepEqual([verdicts.undo(STAMP)?.image, verdicts.undo(STAMP)?.image], ["b", "a"]);
  });
});

test("what stands beside the queue says what is saved and what is not", () => {
  assert.deepEqual(verdicts.status(false, false), { state: "saved", text: "" });
  assert.deepEqual(verdicts.status(false, true), { state: "saved", text: "all saved" });
  decide("a", "outlier");
  decide("b", "outlier");
  assert.deepEqual(verdicts.status(false, true), { state: "saving", text: "saving 2…" });
  assert.deepEqual(verdicts.status(true, true), { state: "failed", text: "NOT saved: 2" });
  verdicts.acknowledge(["operation-2"], [{ operation: "operation-1", why: "No." }]);
  assert.deepEqual(verdicts.status(false, true), { state: "failed", text: "NOT saved: 1" });
});

test("verdicts contradict each other unless somebody is unsure or has none", () => {
  assert.equal(isContested("normal", ["outlier"]), true);
  assert.equal(isContested("normal", ["normal", "unsure"]), false);
  assert.equal(isContested("unsure", ["outlier"]), false);
  assert.equal(isContested("", ["outlier"]), false);
});
