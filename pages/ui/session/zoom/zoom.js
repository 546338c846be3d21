// Tells the server which part of a Plotly chart is in view, when a zoom or a pan has come to rest; and when a double
// click has taken the selection out of the chart: Streamlit tells that only of what was drawn by hand since the chart
// was last sent.

import { viewOf } from "../../components/shared/component.js";
import { around } from "../../components/shared/dom.js";
import { ChartWatcher } from "../../components/shared/plotly.js";

/** @typedef {import("../../components/shared/plotly.js").ReadyChart} ReadyChart */
/** What is in view, in the units of the axes; null for all. @typedef {{x: number[], y: number[]} | null} Extent */
/**
 * Where a chart was clicked, and the size of a finger tip there.
 * @typedef {{x: number, y: number, rx: number, ry: number}} Spot
 */

const SETTLE_MS = 200;
const DOUBLE_MS = 350; // a second click within this time is a double click, which means something else
const TIP = 10; // pixels that a click may miss by

/** @param {import("../../components/shared/component.js").Mount<{chart: string, clicks: boolean}>} mounted */
export default function mount({ data, parentElement, setStateValue, setTriggerValue }) {
  const listener = viewOf("zoom", parentElement, () => new ZoomListener());
  listener.onExtent = (extent) => setStateValue("extent", extent);
  listener.onClick = data.clicks ? (spot) => setTriggerValue("clicked", spot) : undefined;
  listener.onCleared = () => setTriggerValue("cleared", true);
  listener.onFaded = () => setTriggerValue("faded", true);
  listener.follow(data.chart);
  return () => listener.stop();
}

class ZoomListener {
  constructor() {
    this.onExtent = (/** @type {Extent} */ _extent) => {};
    /** @type {((spot: Spot) => void) | undefined} */
    this.onClick = undefined;
    this.onCleared = () => {};
    this.onFaded = () => {};
    this.lastClick = -Infinity; // milliseconds
    /** Timers by what they wait for. @type {Map<string, number>} */
    this.timers = new Map();
    this.isFollowing = false;
    this.watcher = new ChartWatcher((chart) => {
      chart.on("plotly_relayout", (change) => this.change(chart, change));
      chart.on("plotly_deselect", () => this.onCleared());
      chart.on("plotly_doubleclick", () => this.showedAll(chart));
      chart.addEventListener("click", (event) => this.click(chart, event), true);
    });
  }

  /** @param {string} key */
  follow(key) {
    this.isFollowing = true;
    this.watcher.watch([key]);
  }

  /**
   * Do something later, once. A rerun of the page stops and follows again, and must lose nothing of it.
   * @param {string} what @param {number} ms @param {() => void} act
   */
  later(what, ms, act) {
    clearTimeout(this.timers.get(what));
    this.timers.set(what, window.setTimeout(() => this.isFollowing && act(), ms));
  }

  /** @param {ReadyChart} chart @param {Record<string, unknown>} change */
  change(chart, change) {
    if (!Object.keys(change).some((name) => name.includes("axis"))) return; // its size, a lasso, ...
    this.later("settle", SETTLE_MS, () => this.onExtent(extentOf(chart.layout)));
  }

  /**
   * Showing all again is no wish to select nothing, but Plotly forgets which points stand out.
   * @param {ReadyChart} chart
   */
  showedAll(chart) {
    const isMarked = () => chart.data.some((trace) => trace.selectedpoints);
    if (isMarked()) this.later("look", SETTLE_MS, () => isMarked() || this.onFaded());
  }

  /** @param {ReadyChart} chart @param {MouseEvent} event */
  click(chart, event) {
    const area = this.onClick && around(event, ".nsewdrag");
    if (!area) return;
    clearTimeout(this.timers.get("click"));
    if (event.detail > 1 || event.timeStamp - this.lastClick < DOUBLE_MS) return;
    this.lastClick = event.timeStamp;
    const box = area.getBoundingClientRect();
    const spot = spotAt(chart._fullLayout, event.clientX - box.left, event.clientY - box.top);
    this.later("click", DOUBLE_MS, () => this.onClick?.(spot));
  }

  stop() {
    this.isFollowing = false;
    this.watcher.stop();
  }
}

/**
 * @param {{xaxis: import("../../components/shared/plotly.js").Axis, yaxis: import("../../components/shared/plotly.js").Axis}} axes
 * @returns {Extent}
 */
export function extentOf({ xaxis, yaxis }) {
  return xaxis.autorange || yaxis.autorange ? null : { x: [...xaxis.range], y: [...yaxis.range] };
}

/**
 * @param {{xaxis: import("../../components/shared/plotly.js").Axis, yaxis: import("../../components/shared/plotly.js").Axis}} axes
 * @param {number} left pixels from the edge of the chart's area @param {number} top @returns {Spot}
 */
export function spotAt({ xaxis, yaxis }, left, top) {
  const [rx, ry] = [xaxis, yaxis].map((axis) => Math.abs(axis.p2d(TIP) - axis.p2d(0)));
  return { x: xaxis.p2d(left), y: yaxis.p2d(top), rx, ry };
}
