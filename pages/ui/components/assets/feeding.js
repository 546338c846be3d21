// Pictures that are dragged into a network. What arrives (see feeding.py): header length, header as JSON, the sheet.
// Each tile of the sheet is what goes in, what comes out, and where they differ, side by side.

const FAR = 5; // pixels from which on a press is a drag

export default function ({ data, parentElement, setStateValue }) {
  const view = (parentElement.feeding ??= new View(parentElement.querySelector(".feed-root")));
  view.report = (fed) => setStateValue("fed", fed);
  if (data) view.receive(data);
  return () => view.let_go();
}

class View {
  constructor(root) {
    const find = (name) => root.querySelector(`.feed-${name}`);
    this.root = root;
    [this.tray, this.net, this.places, this.said] = ["tray", "net", "places", "said"].map(find);
    [this.name, this.hint, this.marks, this.legend] = ["name", "hint", "marks", "legend"].map(find);
    this.fed = [];
    const on = (event, act) => this.tray.addEventListener(event, (e) => act.call(this, e));
    on("pointerdown", this.press);
    on("pointermove", this.move);
    on("pointerup", this.drop);
    on("pointercancel", this.let_go);
    on("click", this.clicked);
    on("dragstart", (event) => event.preventDefault());
    this.places.addEventListener("click", (event) => this.take_out(event));
  }

  async receive(bytes) {
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
    if (this.header?.id === header.id) return; // what is in the network is known here first
    this.header = header;
    const sheet = await createImageBitmap(new Blob([bytes.subarray(4 + length)]), { colorSpaceConversion: "none" });
    if (this.header.id !== header.id) return sheet.close(); // something newer overtook it
    this.sheet?.close();
    this.sheet = sheet;
    this.let_go();
    this.items = new Map(header.items.map((item, i) => [item.id, { ...item, i }]));
    this.fed = header.fed.filter((id) => this.items.has(id));
    this.build();
    this.draw();
    this.root.dataset.id = header.id;
  }

  // --- the tray ---

  build() {
    const groups = new Map();
    for (const item of this.items.values()) {
      if (!item.group) continue;
      if (!groups.has(item.group)) groups.set(item.group, this.group(item.group));
      groups.get(item.group).lastChild.append(this.item(item));
    }
    this.tray.replaceChildren(...groups.values());
    this.name.textContent = this.header.network;
    const { names } = this.header.usual;
    this.legend.replaceChildren(...names.map((name, i) => {
      const entry = make("span", "", name);
      entry.style.setProperty("--feed-colour", i ? "var(--st-red-color)" : "var(--st-gray-color)");
      return entry;
    }));
    this.plot();
  }

  group(title) {
    const group = make("div", "feed-group");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", title);
    group.append(make("p", "feed-title", title), make("div", "feed-row"));
    return group;
  }

  item(item) {
    const button = make("button", "feed-item");
    button.type = "button";
    button.dataset.id = item.id;
    button.title = "Drag it onto the network, or press Enter";
    button.setAttribute("aria-label", `Put ${item.name} into the network`);
    button.append(this.picture(item, 0));
    return button;
  }

  picture(item, part, alt = "") {
    const { tile: [w, h], across } = this.header;
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [w, h];
    const left = (item.i % across) * 3 * w + part * w;
    canvas.getContext("2d").drawImage(this.sheet, left, Math.floor(item.i / across) * h, w, h, 0, 0, w, h);
    if (alt) {
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", alt);
    }
    return canvas;
  }

  // --- dragging ---

  press(event) {
    const button = event.target.closest(".feed-item");
    if (!button || !event.isPrimary || event.button) return;
    this.let_go();
    this.held = { button, x: event.clientX, y: event.clientY, pointer: event.pointerId };
    button.setPointerCapture(event.pointerId);
  }

  move(event) {
    const { held } = this;
    if (!held || event.pointerId !== held.pointer) return;
    if (!held.ghost) {
      if (Math.hypot(event.clientX - held.x, event.clientY - held.y) < FAR) return;
      held.ghost = this.picture(this.items.get(held.button.dataset.id), 0);
      held.ghost.className = "feed-ghost";
      held.button.classList.add("feed-held");
      this.root.append(held.ghost);
    }
    const box = this.root.getBoundingClientRect();
    held.ghost.style.left = `${event.clientX - box.left}px`;
    held.ghost.style.top = `${event.clientY - box.top}px`;
    this.net.classList.toggle("feed-near", this.over(event));
  }

  over({ clientX, clientY }) {
    const { left, right, top, bottom } = this.net.getBoundingClientRect();
    return left <= clientX && clientX <= right && top <= clientY && clientY <= bottom;
  }

  drop(event) {
    const { held } = this;
    if (!held || event.pointerId !== held.pointer) return;
    const dragged = Boolean(held.ghost);
    this.let_go();
    this.dragged = dragged; // the click that follows a drag is none
    setTimeout(() => (this.dragged = false));
    if (dragged && this.over(event)) this.feed(held.button.dataset.id);
  }

  let_go() {
    this.held?.ghost?.remove();
    this.held?.button.classList.remove("feed-held");
    this.net.classList.remove("feed-near");
    this.held = null;
  }

  clicked(event) {
    const button = event.target.closest(".feed-item");
    if (button && !this.dragged) this.feed(button.dataset.id);
  }

  // --- the network ---

  feed(id) {
    const others = this.fed.filter((one) => one !== id);
    this.fed = [...others, id].slice(-this.header.places);
    this.draw(id);
    this.report(this.fed);
  }

  take_out(event) {
    const id = event.target.closest(".feed-out")?.dataset.id;
    if (!id) return;
    this.fed = this.fed.filter((one) => one !== id);
    this.draw();
    this.report(this.fed);
    this.root.querySelector(".feed-out, .feed-item")?.focus();
  }

  draw(newest = null) {
    const items = this.fed.map((id) => this.items.get(id));
    const empty = Array.from({ length: this.header.places - items.length }, () => {
      const place = make("li", "feed-place feed-empty", "room to compare");
      place.setAttribute("aria-hidden", "true");
      return place;
    });
    this.places.replaceChildren(...items.map((item, i) => this.place(item, i, newest)), ...empty);
    this.marks.replaceChildren(...items.map((item, i) => this.mark(item, i)));
    this.hint.textContent = items.length ? "Drop another one to compare" : "Drop a picture here";
    this.said.textContent = items.at(-1)?.said
      ?? "Nothing is in the network yet: drag a picture onto it, tap one, or choose one with Tab and press Enter.";
  }

  place(item, i, newest) {
    const place = make("li", `feed-place feed-full${item.id === newest ? " feed-new" : ""}`);
    place.dataset.id = item.id;
    const head = make("div", "feed-head");
    const out = make("button", "feed-out", "×");
    out.type = "button";
    out.dataset.id = item.id;
    out.title = `Take ${item.name} out`;
    out.setAttribute("aria-label", out.title);
    head.append(make("span", "feed-number", String(i + 1)), make("span", "feed-what", item.name), out);
    const trio = make("div", "feed-trio");
    const words = ["as it goes in", "as it comes out", "where the two differ"];
    trio.append(...words.map((part, k) => this.picture(item, k, `${item.name}, ${part}`)));
    const numbers = make("div", "feed-numbers");
    numbers.append(
      make("strong", "feed-error", `error ${item.error.toFixed(4)}`),
      make("div", "feed-rank", item.place),
    );
    place.append(head, trio, numbers);
    return place;
  }

  // --- the errors of all ---

  plot() {
    const { known, strange } = this.header.usual;
    const most = Math.max(...known, ...strange) || 1;
    const svg = this.root.querySelector(".feed-plot svg");
    svg.replaceChildren(...[[known, "feed-known"], [strange, "feed-strange"]].map(([shares, name]) => {
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      const width = 100 / shares.length;
      const bars = shares.map((share, i) => `M${i * width} 100V${100 - (100 * share) / most}h${width}V100Z`);
      path.setAttribute("d", bars.join(""));
      path.setAttribute("class", name);
      return path;
    }));
    const [left, , right] = this.root.querySelectorAll(".feed-axis span");
    [left.textContent, right.textContent] = this.header.usual.ends.map((value) => value.toPrecision(2));
  }

  mark(item, i) {
    const [low, high] = this.header.usual.ends;
    const mark = make("div", "feed-mark");
    const share = Math.log(item.error / low) / Math.log(high / low);
    mark.style.left = `${100 * Math.min(1, Math.max(0, share))}%`;
    mark.append(make("span", "feed-number", String(i + 1)));
    return mark;
  }
}

function make(tag, name, text = "") {
  const element = document.createElement(tag);
  element.className = name;
  if (text) element.textContent = text; // never as HTML: ids and names come from outside
  return element;
}
