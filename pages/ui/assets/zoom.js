// Tells the server which part of a plotly chart is in view, when a zoom or a pan has come to rest.

const SETTLE_MS = 200;

export default function ({ data, parentElement, setStateValue }) {
  const listener = (parentElement.zoom ??= new Listener());
  listener.report = (extent) => setStateValue("extent", extent);
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

  stop() {
    this.observer?.disconnect();
    clearTimeout(this.timer);
  }
}
