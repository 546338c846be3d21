// Shows the image of the point that the pointer is on, in Plotly charts of this page; see peek/__init__.py for what
// arrives.

import { find, viewOf } from "../shared/component.js";
import { split } from "../shared/message.js";
import { ChartWatcher } from "../shared/plotly.js";
import { bitmap, copyTile, placeOf } from "../shared/sheets.js";

const AWAY = 18; // pixels from the pointer
const EDGE = 100; // room that the picture takes

/**
 * whole: the pictures are not made smaller.  charts: the keys of the charts to follow.
 * @typedef {import("../shared/sheets.js").Grid & {ids: string[], whole: boolean, charts: string[]}} Header
 */
/** What Plotly tells of a point. @typedef {{points: {customdata: string | string[]}[], event: MouseEvent}} Hover */

/** @param {import("../shared/component.js").Mount} mounted */
export default function mount({ data, parentElement }) {
  const view = viewOf("peek", parentElement, () => new PeekView(parentElement));
  view.watch();
  if (data) view.receive(data);
  return () => view.stop();
}

class PeekView {
  /** @param {ParentNode} parent */
  constructor(parent) {
    this.root = find(parent, "peek-root", HTMLElement);
    this.canvas = find(parent, "peek-canvas", HTMLCanvasElement);
    /** @type {Header | undefined} */
    this.header = undefined;
    /** @type {ImageBitmap | undefined} */
    this.sheet = undefined;
    /** Where the image with an id stands in the sheet. @type {Map<string, number>} */
    this.positions = new Map();
    this.watcher = new ChartWatcher((chart) => {
      this.root.hidden = true; // the chart that it belonged to is gone
      chart.on("plotly_hover", (hover) => this.show(hover));
      chart.on("plotly_unhover", () => (this.root.hidden = true));
    });
  }

  /** @param {Uint8Array} bytes */
  async receive(bytes) {
    const { header, body } = split(bytes);
    this.header = header;
    const sheet = await bitmap(body);
    if (this.header !== header) return sheet.close(); // something newer overtook it
    this.sheet = sheet;
    this.positions = new Map(header.ids.map((/** @type {string} */ id, /** @type {number} */ i) => [id, i]));
    [this.canvas.width, this.canvas.height] = header.tile;
    this.canvas.toggleAttribute("data-whole", header.whole);
    this.watcher.keys = header.charts;
    this.watcher.look();
    this.root.dataset.ready = header.ids.length;
  }

  watch() {
    this.watcher.watch(this.header?.charts ?? []);
  }

  stop() {
    this.watcher.stop();
    this.root.hidden = true;
  }

  /** @param {Hover} hover */
  show({ points, event }) {
    const id = [points[0].customdata].flat()[0];
    const i = this.positions.get(id);
    this.root.hidden = i === undefined;
    if (i === undefined || !this.sheet || !this.header) return;
    copyTile(this.canvas, this.sheet, this.header, placeOf(this.header, i));
    this.root.style.left = `${Math.max(0, event.clientX - EDGE - AWAY)}px`;
    this.root.style.top = `${Math.max(0, event.clientY - EDGE / 2)}px`;
    this.root.dataset.id = id;
  }
}
