// A bar for what other processes compute (see progress.py). It asks the server how far that is, which costs the server next
// to nothing, and has the page drawn again once it is over.

const LONGEST_MS = 10_000; // between two tries when the server does not answer

export default function ({ data, parentElement, setStateValue }) {
  const bar = (parentElement.waiting ??= new Bar(parentElement));
  bar.over = () => setStateValue("over", data.names.join());
  bar.follow(data);
  return () => bar.stop();
}

class Bar {
  constructor(parent) {
    this.root = parent.querySelector(".waiting-root");
    this.words = parent.querySelector(".waiting-words");
    this.bar = parent.querySelector(".waiting-bar");
  }

  follow(data) {
    this.stop();
    this.data = data;
    this.show(data);
    this.next(data.pause);
  }

  stop() {
    clearTimeout(this.timer);
    this.data = undefined;
  }

  next(pause) {
    const data = this.data;
    this.timer = setTimeout(() => this.look(data, pause), pause);
  }

  async look(data, pause) {
    let found;
    try {
      const response = await fetch(`${data.path}?names=${data.names.join()}`, { cache: "no-store" });
      found = response.ok ? await response.json() : undefined;
    } catch {
      found = undefined; // the server is away
    }
    if (data !== this.data) return; // something newer is shown, or nothing
    if (found?.over) return this.over();
    if (found) this.show(found);
    this.next(found ? data.pause : Math.min(2 * pause, LONGEST_MS));
  }

  show({ share, words }) {
    const percent = Math.round(100 * share);
    this.words.textContent = words;
    this.bar.style.width = `${percent}%`;
    this.root.setAttribute("aria-valuenow", percent);
    this.root.setAttribute("aria-valuetext", words);
  }
}
