// Images in a grid, cut from one sheet. What arrives (see gallery.py): header length, header as JSON, the sheet.

export default function ({ data, parentElement, setTriggerValue }) {
  const view = (parentElement.gallery ??= new View(parentElement.querySelector(".gallery-root")));
  view.open = (id) => setTriggerValue("clicked", id);
  if (data) view.receive(data);
  return () => view.observer.disconnect();
}

class View {
  constructor(root) {
    this.root = root;
    root.addEventListener("click", (event) => this.clicked(event));
    root.addEventListener("keydown", (event) => this.stepped(event));
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(root);
  }

  async receive(bytes) {
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
    const known = this.header?.id === header.id;
    this.header = header;
    if (!known) {
      this.build();
      const sheet = await createImageBitmap(new Blob([bytes.subarray(4 + length)]), { colorSpaceConversion: "none" });
      if (this.header.id !== header.id) return sheet.close(); // something newer overtook it
      this.paint(sheet);
    }
    this.mark();
  }

  build() {
    const { items, columns, tile } = this.header;
    this.buttons = items.map((item, i) => {
      const button = make("button", "gallery-item");
      button.type = "button";
      button.tabIndex = i === 0 ? 0 : -1;
      button.dataset.id = item.id;
      button.title = [`${item.id}: ${columns.join(" and ")}`, ...item.lines].join("\n"); // lines may be cut
      const canvas = make("canvas", "gallery-canvas");
      [canvas.width, canvas.height] = tile;
      button.append(canvas, ...item.lines.map((line) => make("span", "gallery-line", line)));
      return button;
    });
    this.root.replaceChildren(...this.buttons);
    this.root.setAttribute("role", "group");
    this.root.setAttribute("aria-label", `${items.length} images: ${columns.join(" and ")}`);
    this.fit();
  }

  paint(sheet) {
    const { tile: [w, h], across } = this.header;
    this.buttons.forEach((button, i) => {
      const context = button.firstChild.getContext("2d");
      context.drawImage(sheet, (i % across) * w, Math.floor(i / across) * h, w, h, 0, 0, w, h);
    });
    sheet.close();
    this.root.dataset.id = this.header.id;
  }

  mark() {
    const selected = new Set(this.header.selected);
    this.buttons.forEach((button) => button.classList.toggle("gallery-selected", selected.has(button.dataset.id)));
  }

  // Whole device pixels for each image pixel, so that all are equally large.
  fit() {
    const width = this.root.clientWidth;
    if (!this.header || !width) return;
    const { tile: [w], side, columns } = this.header;
    const room = Math.min(width, side * columns.length) * devicePixelRatio;
    const tile = (w * Math.max(1, Math.floor(room / w))) / devicePixelRatio;
    this.root.style.setProperty("--tile", `${Math.min(width, tile)}px`);
  }

  clicked(event) {
    const button = event.target.closest(".gallery-item");
    if (button) this.open(button.dataset.id);
  }

  stepped(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const to = by && this.buttons[this.buttons.indexOf(event.target) + by];
    if (!to) return;
    this.buttons.forEach((button) => (button.tabIndex = -1));
    to.tabIndex = 0;
    to.focus();
    event.preventDefault();
  }
}

function make(tag, name, text = "") {
  const element = document.createElement(tag);
  element.className = name;
  if (text) element.textContent = text; // never as HTML: ids and labels come from outside
  return element;
}
