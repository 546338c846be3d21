// Tells the plane on this page what points lie on it, in which colours, and which of them are selected.

import { split } from "../shared/message.js";

/** @param {import("../shared/component.js").Mount} mounted */
export default function mount({ data }) {
  const { header, body } = split(data);
  globalThis.hourglassPoints = pointsOf(header.n, body);
  globalThis.hourglassSelected = new Set(header.selected);
  globalThis.dispatchEvent(new Event("hourglass-selected"));
}

/**
 * Points as plane.dots() in Python sends them: two numbers of 16 bits a point, three bytes of colour, one of its mark.
 * @param {number} n @param {Uint8Array} bytes @returns {import("./plane.js").Points}
 */
export function pointsOf(n, bytes) {
  const body = bytes.slice().buffer; // begins where a number of 16 bits may
  const [at, colours] = [new Uint16Array(body, 0, 2 * n), new Uint8Array(body, 4 * n, 3 * n)];
  return { at, colours, marks: new Uint8Array(body, 7 * n, n) };
}
