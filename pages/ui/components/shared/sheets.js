// Sheets: many pictures of one size in one, row by row (core/images/sheets.py).

import { contextOf } from "./dom.js";

/**
 * tile: width and height of a picture in pixels.  across: pictures in a row.
 * @typedef {{tile: [number, number], across: number}} Grid
 */

/**
 * A picture from an image file, its pixels as they are in the file.
 * @param {BlobPart} file @returns {Promise<ImageBitmap>}
 */
export function bitmap(file) {
  return createImageBitmap(new Blob([file]), { colorSpaceConversion: "none" });
}

/**
 * Where picture i begins, in pixels from the left and from the top. A picture may have several parts side by side, of a
 * tile each.
 * @param {Grid} grid @param {number} i @param {number} part @param {number} parts @returns {[number, number]}
 */
export function placeOf({ tile: [w, h], across }, i, part = 0, parts = 1) {
  return [((i % across) * parts + part) * w, Math.floor(i / across) * h];
}

/**
 * Copies the tile that begins at a place of the sheet onto a canvas of its size.
 * @param {HTMLCanvasElement} canvas @param {CanvasImageSource} sheet @param {Grid} grid @param {[number, number]} place
 */
export function copyTile(canvas, sheet, { tile: [w, h] }, place) {
  contextOf(canvas).drawImage(sheet, ...place, w, h, 0, 0, w, h);
}
