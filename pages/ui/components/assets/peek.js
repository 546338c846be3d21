// Shows the image of the point that the pointer is on, in plotly charts of this page. What arrives (see peek.py):
// header length, header as JSON, one sheet with all images.

const AWAY = 18; // pixels from the pointer
const EDGE = 100; // room that the picture takes

export default function ({ data, parentElement }) {
  const view = (parentElement.peek ??= new View(parentElement));
  view.watch();
  if (data) view.receive(data);
  return () => view.stop();
}

class View {
  constructor(parent) {
    this.root = parent.querySelector(".peek-root");
    this.canvas = parent.querySelector(".peek-canvas");
    this.followed = new WeakSet();
  }

  async receive(bytes) {
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
    this.header = header;
    const sheet = await createImageBitmap(new Blob([bytes.subarray(4 + length)]), { colorSpaceConversion: "none" });
    if (this.header !== header) return sheet.close(); // something newer overtook it
    this.sheet = sheet;
    this.at = new Map(header.ids.map((id, i) => [id, i]));
    [this.canvas.width, this.canvas.height] = header.tile;
    this.canvas.toggleAttribute("data-whole", header.whole);
    this.follow();
    this.root.dataset.ready = header.ids.length;
  }

  watch() {
    this.observer ??= new MutationObserver(() => this.follow());
    this.observer.observe(document.body, { childList: true, subtree: true });
  }

  stop() {
    this.observer?.disconnect();
    this.root.hidden = true;
  }

  // A chart that is drawn anew is another element.
  follow() {
    for (const key of this.header?.charts ?? []) {
      for (const chart of document.querySelectorAll(`.st-key-${CSS.escape(key)} .js-plotly-plot`)) {
        if (!chart.on || this.followed.has(chart)) continue;
        this.followed.add(chart);
        this.root.hidden = true; // the chart that it belonged to is gone
        chart.on("plotly_hover", (hover) => this.show(hover));
        chart.on("plotly_unhover", () => (this.root.hidden = true));
      }
    }
  }

  show({ points, event }) {
    const id = [points[0].customdata].flat()[0];
    const i = this.at?.get(id);
    this.root.hidden = i === undefined;
    if (i === undefined) return;
    const { tile: [w, h], across } = this.header;
    const from = [(i % across) * w, Math.floor(i / across) * h];
    this.canvas.getContext("2d").drawImage(this.sheet, ...from, w, h, 0, 0, w, h);
    this.root.style.left = `${Math.max(0, event.clientX - EDGE - AWAY)}px`;
    this.root.style.top = `${Math.max(0, event.clientY - EDGE / 2)}px`;
    this.root.dataset.id = id;
  }
}
