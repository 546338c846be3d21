// One image after the other, judged by key or button. A verdict is shown at once and counts as saved only when the
// server says so: until then it stays in `pending`, which is sent whole each time, so that nothing is lost on the way.
// What arrives is JSON (see review.py): the queue's length, some images around the current one, what is saved.

const VERDICTS = [
  { name: "normal", key: "n", label: "Normal" },
  { name: "outlier", key: "o", label: "Outlier" },
  { name: "unsure", key: "u", label: "Unsure" },
];
const MOVES = [
  { name: "previous", key: "ArrowLeft", label: "Previous", shown: "←" },
  { name: "next", key: "ArrowRight", label: "Next", shown: "→" },
  { name: "undo", key: "z", label: "Undo", shown: "Z" },
];

export default function ({ data, parentElement, setStateValue }) {
  const view = (parentElement.review ??= new View(parentElement.querySelector(".review-root")));
  view.send = (report) => setStateValue("report", report);
  view.receive(data);
  return () => view.close();
}

class View {
  constructor(root) {
    this.root = root;
    this.find = (name) => root.querySelector(`.review-${name}`);
    [this.items, this.pending, this.trail, this.notes] = [new Map(), [], [], new Map()];
    this.buttons = VERDICTS.map((one) => this.button(one, one.key.toUpperCase(), () => this.decide(one.name)));
    this.moves = MOVES.map((one) => this.button(one, one.shown, () => this[one.name]()));
    this.find("buttons").append(...this.buttons);
    this.find("moves").append(...this.moves);
    this.opacity = this.find("opacity").querySelector("input");
    this.opacity.addEventListener("input", () => this.fade());
    this.note = this.find("note");
    this.note.addEventListener("input", () => this.notes.set(this.at, this.note.value));
    this.note.addEventListener("change", () => this.annotate());
    this.note.addEventListener("keydown", (event) => event.key === "Enter" && this.note.blur());
    this.pressed = (event) => this.press(event);
    document.addEventListener("keydown", this.pressed);
  }

  close() {
    document.removeEventListener("keydown", this.pressed);
    clearTimeout(this.timer);
    this.closed = true;
  }

  button({ name, label }, shown, act) {
    const element = make("button", `review-button review-${name}`);
    element.type = "button";
    element.append(make("span", "", label), make("kbd", "", shown));
    element.addEventListener("click", act);
    return element;
  }

  receive(data) {
    if (this.closed) {
      document.addEventListener("keydown", this.pressed); // mounted again
      this.closed = false;
    }
    this.data = data;
    const fresh = this.queue !== data.queue;
    if (fresh) {
      [this.queue, this.at, this.place] = [data.queue, data.start, data.place];
      [this.items, this.notes, this.trail] = [new Map(), new Map(), data.trail];
      this.ids = new Map();
    }
    for (const item of data.items) {
      this.items.set(item.id, { ...this.items.get(item.id), ...item }); // pictures come once
      this.ids.set(item.place, item.id);
    }
    const kept = new Set(data.kept);
    const refused = new Map(data.refused.map(({ operation, why }) => [operation, why]));
    const lost = this.pending.filter((one) => refused.has(one.operation));
    if (lost.length) this.refused = { n: lost.length, why: refused.get(lost[0].operation) }; // told until the next verdict
    this.pending = this.pending.filter((one) => !kept.has(one.operation) && !refused.has(one.operation));
    this.find("scale-name").textContent = data.scale.label;
    this.find("most").textContent = `${data.scale.most.toFixed(2)} and more`;
    this.find("bar").src = data.scale.bar;
    if (!this.items.has(this.at) && this.ids.has(this.place)) this.at = this.ids.get(this.place);
    this.draw();
    if ((this.pending.length && !data.problem) || !this.here()) this.later();
  }

  // What the server has not acknowledged is sent again, in case a message was lost on the way.
  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.report(), 3000);
  }

  report() {
    this.turn = (this.turn ?? 0) + 1;
    const known = [...this.items.values()].filter((one) => one.original && Math.abs(one.place - this.place) < 20);
    this.send({ place: this.place, pending: this.pending, known: known.map((one) => one.id), turn: this.turn });
    if (this.pending.length) this.later();
  }

  press(event) {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]") || event.composedPath?.()[0]?.matches?.("input:not([type=range]), textarea, select");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (document.querySelector('[role="dialog"]') || !this.root.isConnected) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const verdict = VERDICTS.find((one) => one.key === key);
    const move = MOVES.find((one) => one.key === key);
    if (!verdict && !move) return;
    event.preventDefault();
    if (verdict) this.decide(verdict.name);
    else this[move.name]();
  }

  // The verdict that holds for an image: the latest pending one, else what the server knows.
  said(id) {
    for (let i = this.pending.length - 1; i >= 0; i--) if (this.pending[i].image === id) return this.pending[i];
    const item = this.items.get(id);
    return { verdict: item?.verdict ?? "", note: item?.note ?? "" };
  }

  decide(verdict) {
    const id = this.at;
    if (!this.here()) return; // nobody has seen it yet
    const before = this.said(id);
    const note = this.notes.get(id) ?? before.note;
    this.trail.push({ image: id, place: this.place, verdict: before.verdict, note: before.note });
    this.keep(id, verdict, note);
    this.go(Math.min(this.place + 1, this.data.total - 1));
  }

  undo() {
    const last = this.trail.pop();
    if (!last) return;
    this.keep(last.image, last.verdict, last.note);
    this.notes.delete(last.image);
    this.go(last.place >= 0 ? last.place : this.place);
  }

  annotate() {
    const said = this.said(this.at);
    if (!said.verdict || said.note === this.note.value) return;
    this.trail.push({ image: this.at, place: this.place, verdict: said.verdict, note: said.note });
    this.keep(this.at, said.verdict, this.note.value);
    this.report();
    this.draw();
  }

  keep(image, verdict, note) {
    this.refused = undefined;
    const operation = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
    this.pending = [...this.pending, { operation, image, verdict, note, ...this.data.stamp }];
  }

  previous() {
    this.go(Math.max(0, this.place - 1));
  }

  next() {
    this.go(Math.min(this.data.total - 1, this.place + 1));
  }

  go(place) {
    this.place = place;
    this.at = this.ids.get(place);
    this.draw();
    this.report();
  }

  draw() {
    const { data, place } = this;
    const item = this.here();
    this.root.classList.toggle("review-waiting", !item);
    const decided = data.decided + this.newly();
    this.find("progress").textContent = `${decided} of ${data.total} decided · image ${place + 1}`;
    this.find("done").style.width = `${(100 * decided) / data.total}%`;
    this.status();
    this.root.dataset.place = place;
    this.root.dataset.pending = this.pending.length;
    if (!item) return;
    this.root.dataset.image = item.id;
    for (const name of ["original", "rebuilt", "error"]) this.find(name).src = item[name];
    this.find("under").src = item.original;
    this.fade();
    this.find("title").textContent = item.title;
    this.find("facts").replaceChildren(...item.facts.map((fact) => make("li", "", fact)));
    this.others(item);
    const said = this.said(item.id);
    this.buttons.forEach((button, i) => button.setAttribute("aria-pressed", said.verdict === VERDICTS[i].name));
    const note = this.notes.get(item.id) ?? said.note;
    if (document.activeElement !== this.note && this.root.getRootNode().activeElement !== this.note) this.note.value = note;
    this.moves[0].disabled = place === 0;
    this.moves[1].disabled = place === data.total - 1;
    this.moves[2].disabled = !this.trail.length;
    this.find("near").replaceChildren(...item.near.map((strip) => this.strip(strip)));
  }

  // The image that is shown, or undefined while its pictures are on their way.
  here() {
    const item = this.items.get(this.at);
    return item?.original ? item : undefined;
  }

  // How many images the pending verdicts add to the decided ones, or take away.
  newly() {
    let more = 0;
    for (const id of new Set(this.pending.map((one) => one.image))) {
      const before = this.items.get(id)?.verdict ?? "";
      more += (this.said(id).verdict ? 1 : 0) - (before ? 1 : 0);
    }
    return more;
  }

  others({ others }) {
    const rows = others.map(({ reviewer, verdict, note }) => {
      const row = make("div", "review-other");
      row.append(make("b", "", reviewer), make("span", `review-said review-${verdict}`, verdict), make("span", "", note));
      return row;
    });
    const mine = this.said(this.at).verdict;
    const clash = others.some(({ verdict }) => mine && verdict !== mine && [mine, verdict].every((one) => one !== "unsure"));
    if (clash) rows.unshift(make("div", "review-clash", "You disagree:"));
    this.find("others").replaceChildren(...rows);
  }

  status() {
    const { problem, kept } = this.data;
    const { refused } = this;
    const waiting = this.pending.length;
    const box = this.find("problem");
    box.hidden = !((problem && waiting) || refused);
    if (refused) {
      box.replaceChildren(make("b", "", `NOT saved: ${refused.n}. `), make("span", "", refused.why));
    } else if (problem && waiting) {
      const again = make("button", "review-button", "Try again");
      again.type = "button";
      again.addEventListener("click", () => this.report());
      box.replaceChildren(make("b", "", `NOT saved: ${waiting}. `), make("span", "", problem), again);
    }
    const failed = (problem ? waiting : 0) + (refused?.n ?? 0);
    const text = failed ? `NOT saved: ${failed}` : waiting ? `saving ${waiting}…` : kept.length ? "all saved" : "";
    this.find("saved").textContent = text;
    this.find("saved").dataset.state = failed ? "failed" : waiting ? "saving" : "saved";
  }

  strip({ title, pictures }) {
    const element = make("div", "review-strip");
    element.append(make("div", "review-strip-title", title));
    const row = make("div", "review-row");
    for (const { src, text } of pictures) {
      const figure = make("figure", "review-small");
      const image = make("img", "");
      image.src = src;
      image.alt = text;
      figure.append(image, make("figcaption", "", text));
      row.append(figure);
    }
    element.append(row);
    return element;
  }

  fade() {
    this.find("error").style.opacity = this.opacity.value;
  }
}

function make(tag, name, text = "") {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text) element.textContent = text; // never as HTML: ids, classes, names and notes come from outside
  return element;
}
