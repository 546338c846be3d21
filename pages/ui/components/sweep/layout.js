// Where things stand in a sweep: pictures in their row, the labels of marks, what moves by itself.

const MIN_CELL = 44; // pixels that a picture is wide; numbers below it need as many
const MAX_CELL = 128;
const LARGE_CELL = [96, 256]; // the longer side of large images, at least and at most
const MOST_ENLARGED = 3; // times, of large images
const GAP = 4;
const MAX_GAP = 10;
const LABEL_GAP = 12; // pixels between two labels

export const LARGE = 48; // pixels of an image a side from where nobody counts them

/**
 * How n pictures of w x h pixels fill a row of `width`: how many stand side by side, how wide each place and each
 * picture in it is, and what is between them, in CSS pixels. Cells are whole multiples of the image in device pixels,
 * so that every image pixel is equally large; large images are scaled smoothly instead, to fill the row.
 * @param {[number, number]} size w and h @param {number} n @param {number} width
 * @param {number} ratio device pixels in a CSS pixel
 */
export function cellsOf([w, h], n, width, ratio) {
  const longer = Math.max(w, h);
  const isLarge = longer >= LARGE;
  const step = isLarge ? w / longer : w / ratio; // a picture's width is a multiple of it
  const least = isLarge ? LARGE_CELL[0] * step : Math.max(1, Math.ceil(MIN_CELL / step)) * step;
  const enlarged = Math.min(LARGE_CELL[1], MOST_ENLARGED * longer);
  const cap = isLarge ? Math.max(MAX_CELL, enlarged) * step : MAX_CELL;
  const most = Math.max(1, Math.floor((width + GAP) / (Math.max(least, MIN_CELL) + GAP)));
  const columns = Math.ceil(n / Math.ceil(n / most));
  const room = Math.min(cap, (width - GAP * (columns - 1)) / columns);
  const picture = Math.max(least, Math.floor(room / step) * step);
  const cell = Math.max(picture, MIN_CELL);
  const spare = (width - columns * cell) / Math.max(1, columns - 1);
  return { columns, cell, picture, gap: Math.floor(Math.min(MAX_GAP, Math.max(1, spare))) };
}

/**
 * In pixels.  at: where the mark's line is, at one end of the label.
 * @typedef {{left: number, right: number, at: number}} Label
 */

/**
 * The lane in which each label stands, so that none lies over another and no mark, whose line goes down to its label,
 * runs through one.
 * @param {Label[]} labels @returns {number[]}
 */
export function lanesOf(labels) {
  /** @type {number[]} */
  const lanes = [];
  const isFree = (/** @type {number} */ i, /** @type {number} */ lane) =>
    labels.every((other, j) => {
      if (lanes[j] === undefined) return true;
      if (lanes[j] === lane) return isApart(labels[i], other);
      return lanes[j] > lane ? !runsThrough(other, labels[i]) : !runsThrough(labels[i], other);
    });
  for (const i of placingOrder(labels)) {
    const tried = Array.from({ length: labels.length + 1 }, (_, lane) => lane);
    lanes[i] = tried.find((lane) => isFree(i, lane)) ?? Object.keys(lanes).length;
  }
  return lanes;
}

/**
 * Labels to the right of their line first, from right to left; then the others, from left to right.
 * @param {Label[]} labels
 */
function placingOrder(labels) {
  const isRightwards = (/** @type {number} */ i) => labels[i].at <= labels[i].left;
  return labels
    .map((_, i) => i)
    .sort((i, j) => {
      if (isRightwards(i) !== isRightwards(j)) return isRightwards(i) ? -1 : 1;
      return isRightwards(i) ? labels[j].at - labels[i].at : labels[i].at - labels[j].at;
    });
}

/** @param {Label} one @param {Label} other */
function isApart(one, other) {
  return one.left > other.right + LABEL_GAP || other.left > one.right + LABEL_GAP;
}

/** @param {Label} line @param {Label} label */
function runsThrough(line, label) {
  return line.at > label.left - 1 && line.at < label.right + LABEL_GAP;
}

/**
 * From a frame down to 0, up to the last and back, evenly.
 * @param {number} from @param {number} last @param {number} share of the whole way, 0 to 1
 */
export function thereAndBack(from, last, share) {
  const gone = Math.min(1, share) * 2 * last;
  const at = gone < from ? from - gone : gone < from + last ? gone - from : 2 * last - gone + from;
  return Math.round(at);
}
