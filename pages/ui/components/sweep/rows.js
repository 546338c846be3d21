// The pictures of a sweep, one row below the other, in as many bands as are needed for all cells, and what is written
// around them.

import { notYet } from "../shared/component.js";
import { around, contextOf, make, makeButton } from "../shared/dom.js";
import { goToNext } from "../shared/keyboard.js";
import { fixed } from "../shared/numbers.js";
import { sourceOf } from "./pictures.js";

/** @typedef {import("./pictures.js").Header} Header */
/** @typedef {import("./pictures.js").Row} Row */
/** @typedef {import("../shared/message.js").Numbers} Numbers */
/**
 * What a message holds besides its header, of each row.
 * @typedef {{
 *   sources: import("./pictures.js").Source[], colours: Uint8Array, numbers: (Numbers | null)[], stats: Numbers[][],
 * }} Content
 */
/**
 * The elements of a row that change with the frame.
 * @typedef {{canvases: HTMLCanvasElement[], numbers: HTMLElement[], stats: HTMLElement[], detail: HTMLElement}} Parts
 */

export class Rows {
  /** @param {HTMLElement} root @param {(id: string) => void} open called when an image was clicked */
  constructor(root, open) {
    this.root = root;
    this.columns = 0;
    /** Set before anything is drawn. @type {Header} */
    this.header = notYet;
    /** @type {Content | null} */
    this.content = null;
    /** @type {Parts[]} */
    this.parts = [];
    /** Where each picture is painted before it goes to its canvas. @type {ImageData} */
    this.picture = notYet;
    root.addEventListener("click", (event) => {
      const i = around(event, ".sweep-cell")?.dataset.i;
      if (i !== undefined) open(this.header.cells[Number(i)].id);
    });
    root.addEventListener("keydown", (event) => {
      goToNext([...root.querySelectorAll("button")], event);
    });
  }

  /**
   * @param {Header} header
   * @param {import("../shared/message.js").Reader | null} arrays null until the pictures are there
   */
  receive(header, arrays) {
    this.header = header;
    this.content = arrays && contentOf(header, arrays);
    this.columns = 0;
  }

  /** Arranges the cells; whether that changed anything. @param {number} columns */
  arrange(columns) {
    if (columns === this.columns) return false;
    this.columns = columns;
    const { rows, cells, shape } = this.header;
    this.parts = rows.map(({ detail }) => {
      return { canvases: [], numbers: [], stats: [], detail: make("span", "sweep-detail", detail) };
    });
    const bands = [];
    for (let first = 0; first < cells.length; first += columns) {
      const band = make("div", "sweep-band");
      band.append(...rows.map((row, r) => this.row(row, r, first)));
      bands.push(band);
    }
    this.root.replaceChildren(...bands);
    this.picture = new ImageData(shape[2], shape[1]);
    this.picture.data.fill(255);
    return true;
  }

  /** @param {Row} row @param {number} r its position @param {number} first cell of the band */
  row(row, r, first) {
    const strip = make("div", "sweep-strip");
    strip.style.setProperty("--columns", String(this.columns));
    const last = Math.min(first + this.columns, this.header.cells.length);
    for (let i = first; i < last; i++) strip.append(this.cell(row, r, i));
    const element = make("div", "sweep-row");
    element.dataset.role = row.role;
    element.append(first === 0 ? fullHeading(row, this.parts[r]) : heading(row), strip);
    return element;
  }

  /** @param {Row} row @param {number} r @param {number} i */
  cell(row, r, i) {
    const { cells, shape } = this.header;
    const canvas = make("canvas", "sweep-canvas");
    [canvas.width, canvas.height] = [shape[2], shape[1]];
    this.parts[r].canvases[i] = canvas;
    const holder = r === 0 ? makeButton("sweep-cell") : make("div", "sweep-cell");
    holder.dataset.i = String(i);
    holder.append(canvas);
    if (r === 0) {
      holder.tabIndex = i === 0 ? 0 : -1;
      holder.setAttribute("aria-label", `Enlarge image ${i + 1} of ${cells.length}: ${cells[i].text}`);
    } else {
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `${row.label}, image ${i + 1}`);
    }
    if (row.captions) {
      const caption = make("span", "sweep-number", cells[i].text);
      caption.title = cells[i].text; // it may be cut
      holder.append(caption);
    }
    if (row.numbers) {
      this.parts[r].numbers[i] = make("span", "sweep-number", "\u00a0");
      holder.append(this.parts[r].numbers[i]);
    }
    return holder;
  }

  /** @param {number} frame @param {boolean} all also what does not move */
  draw(frame, all) {
    const { content } = this;
    content?.sources.forEach((source, r) => {
      if (all || source.moves) this.parts[r].canvases.forEach((canvas, i) => this.paint(canvas, r, i, frame));
      this.write(r, frame);
    });
  }

  /** @param {HTMLCanvasElement} canvas @param {number} r @param {number} i @param {number} frame */
  paint(canvas, r, i, frame) {
    const { sources, colours } = /** @type {Content} */ (this.content);
    sources[r].fill(i, frame, sources);
    sources[r].paint(i, this.picture.data, colours);
    contextOf(canvas).putImageData(this.picture, 0, 0);
  }

  /** @param {number} r @param {number} frame */
  write(r, frame) {
    const { numbers, stats } = /** @type {Content} */ (this.content);
    const [row, parts, given] = [this.header.rows[r], this.parts[r], numbers[r]];
    const n = this.header.cells.length;
    if (given) parts.numbers.forEach((cell, i) => (cell.textContent = fixed(given[frame * n + i], row.digits)));
    if (row.details.length) parts.detail.textContent = row.details[frame];
    parts.stats.forEach((cell, s) => (cell.textContent = statText(row.stats[s], stats[r][s][frame])));
  }
}

/** @param {Header} header @param {import("../shared/message.js").Reader} arrays @returns {Content} */
function contentOf(header, arrays) {
  return {
    sources: header.rows.map((row) => sourceOf(row, header, arrays)),
    colours: /** @type {Uint8Array} */ (arrays(header.colours)),
    numbers: header.rows.map((row) => row.numbers && arrays(row.numbers)),
    stats: header.rows.map((row) => row.stats.map((stat) => arrays(stat.values))),
  };
}

/** @param {Row} row */
function heading(row) {
  const element = make("div", "sweep-heading");
  element.append(make("span", "sweep-label", row.label));
  return element;
}

/** @param {Row} row @param {Parts} parts receives the elements of the stats */
function fullHeading(row, parts) {
  const element = heading(row);
  if (row.detail || row.details.length) element.append(parts.detail);
  const stats = make("span", "sweep-stats");
  row.stats.forEach((stat, s) => {
    const item = make("span", "", `${stat.label} `);
    item.title = stat.help;
    parts.stats[s] = make("b", "sweep-stat");
    item.append(parts.stats[s]);
    stats.append(item);
  });
  element.append(stats);
  if (row.note) element.append(make("span", "sweep-note", row.note));
  return element;
}

/** @param {import("./pictures.js").Stat} stat @param {number} value */
export function statText({ digits, unit, least }, value) {
  return least !== null && value < least ? `under ${fixed(least, digits, unit)}` : fixed(value, digits, unit);
}
