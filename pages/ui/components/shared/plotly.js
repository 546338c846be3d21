// Plotly's charts on the page. Streamlit draws a chart anew, as another element, when anything in it changes.

/** @typedef {{range: [number, number], autorange?: boolean, p2d: (pixels: number) => number}} Axis */
/**
 * The element of a chart, as far as it is used here.
 * @typedef {HTMLElement & {
 *   on?: (event: string, act: (value: any) => void) => void,
 *   data: {selectedpoints?: unknown}[], layout: {xaxis: Axis, yaxis: Axis}, _fullLayout: {xaxis: Axis, yaxis: Axis},
 * }} Chart
 */
/** A chart that is ready. @typedef {Chart & {on: NonNullable<Chart["on"]>}} ReadyChart */

/** Finds charts by their keys, now and whenever one is drawn anew. */
export class ChartWatcher {
  /** @param {(chart: ReadyChart) => void} found called once for each chart */
  constructor(found) {
    this.found = found;
    /** @type {string[]} */
    this.keys = [];
    /** @type {WeakSet<Chart>} */
    this.known = new WeakSet();
    this.observer = new MutationObserver(() => this.look());
  }

  /** @param {string[]} keys */
  watch(keys) {
    this.keys = keys;
    this.observer.observe(document.body, { childList: true, subtree: true });
    this.look();
  }

  stop() {
    this.observer.disconnect();
  }

  look() {
    for (const key of this.keys) {
      for (const element of document.querySelectorAll(`.st-key-${CSS.escape(key)} .js-plotly-plot`)) {
        const chart = /** @type {Chart} */ (element);
        if (!chart.on || this.known.has(chart)) continue;
        this.known.add(chart);
        this.found(/** @type {ReadyChart} */ (chart));
      }
    }
  }
}
