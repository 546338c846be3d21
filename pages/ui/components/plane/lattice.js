// The nodes of a lattice over a plane of code space: which one is under the pointer, which one a key leads to.

import { arrowOf } from "../shared/keyboard.js";
import { clamp } from "../shared/numbers.js";

/** Column, from the left, and row, from below. @typedef {[number, number]} Node */

export const STRIDE = 5; // nodes that an arrow key with shift takes at once

/**
 * The nearest node of a place. Nodes (0, 0) and (size - 1, size - 1) are corners of the field.
 * @param {number} left share of the field's width, 0 to 1 @param {number} top share of its height, from above
 * @param {number} size nodes a side @returns {Node}
 */
export function nodeAt(left, top, size) {
  return inside([Math.round(left * (size - 1)), Math.round((1 - top) * (size - 1))], size);
}

/**
 * The node that a key leads to; undefined if it is no arrow.
 * @param {Node} node @param {string} key @param {boolean} shift @param {number} size @returns {Node | undefined}
 */
export function stepped(node, key, shift, size) {
  const step = arrowOf(key);
  const stride = shift ? STRIDE : 1;
  return step && inside([node[0] + stride * step[0], node[1] - stride * step[1]], size);
}

/**
 * The position of a node in arrays over the lattice, whose first row is the lowest.
 * @param {Node} node @param {number} size
 */
export function indexOf([column, row], size) {
  return row * size + column;
}

/**
 * The position of a node in a picture of the lattice, whose first row is the highest.
 * @param {Node} node @param {number} size
 */
export function pictureOf([column, row], size) {
  return (size - 1 - row) * size + column;
}

/**
 * Where a node lies in a field, from its left and top.
 * @param {Node} node @param {number} size @param {number} side of the field @returns {Node}
 */
export function fieldPlaceOf([column, row], size, side) {
  return [(column / (size - 1)) * side, ((size - 1 - row) / (size - 1)) * side];
}

/** @param {Node} node @param {number} size @returns {Node} */
function inside([column, row], size) {
  return [clamp(column, 0, size - 1), clamp(row, 0, size - 1)];
}
