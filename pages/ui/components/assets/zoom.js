// Tells the server which part of a plotly chart is in view, when a zoom or a pan has come to rest; and when a double
// click has taken the selection out of the chart: Streamlit tells that only of what was drawn by hand since the chart
// was last sent.

const SETTLE_MS = 200;
const DOUBLE_MS = 350; // a second click within this time is a double click, which means something else
const TIP = 10; // pixels that a click may miss by

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const listener = (parentElement.zoom ??= new Listener());
  listener.report = (extent) => setStateValue("extent", extent);
  listener.clicked = data.clicks && ((place) => setTriggerValue("clicked", place));
  listener.cleared = () => setTriggerValue("cleared", true);
  listener.faded = () => setTriggerValue("faded", true);
  listener.follow(data.chart);
  return () => listener.stop();
}

class Listener {
  follow(key) {
    this.stop();
    this.find = () => {
      const chart = document.querySelector(`.st-key-${CSS.escape(key)} .js-plotly-plot`);
      if (!chart || chart === this.chart || !chart.on) return;
      this.chart = chart; // it is another element after it was drawn anew
      chart.on("plotly_relayout", (change) => this.changed(change));
      chart.on("plotly_deselect", () => this.cleared());
      chart.on("plotly_doubleclick", () => this.shown_again());
      chart.addEventListener("click", (event) => this.click(event), true);
    };
    this.observer = new MutationObserver(this.find);
    this.observer.observe(document.body, { childList: true, subtree: true });
    this.find();
  }

  changed(change) {
    const names = Object.keys(change);
    if (!names.some((name) => name.includes("axis"))) return; // its size, a lasso, ...
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const { xaxis, yaxis } = this.chart.layout;
      const whole = xaxis.autorange || yaxis.autorange;
      this.report(whole ? null : { x: [...xaxis.range], y: [...yaxis.range] });
    }, SETTLE_MS);
  }

  // Showing all again is no wish to select nothing, but plotly forgets which points stand out.
  shown_again() {
    const stands_out = () => this.chart.data.some((trace) => trace.selectedpoints);
    if (stands_out()) this.looking = setTimeout(() => stands_out() || this.faded(), SETTLE_MS);
  }

  click(event) {
    if (!this.clicked || !event.target.closest(".nsewdrag")) return;
    clearTimeout(this.waiting);
    if (event.detail > 1 || event.timeStamp - this.last < DOUBLE_MS) return;
    this.last = event.timeStamp;
    const { xaxis, yaxis } = this.chart._fullLayout;
    const box = event.target.getBoundingClientRect();
    const [x, y] = [xaxis.p2d(event.clientX - box.left), yaxis.p2d(event.clientY - box.top)];
    const [rx, ry] = [xaxis, yaxis].map((axis) => Math.abs(axis.p2d(TIP) - axis.p2d(0)));
    this.waiting = setTimeout(() => this.clicked({ x, y, rx, ry }), DOUBLE_MS);
  }

  stop() {
    this.observer?.disconnect();
    clearTimeout(this.waiting);
    clearTimeout(this.timer);
    clearTimeout(this.looking);
  }
}
