// The pictures that a first visitor sees move, drawn by the very code of the slider, until the page's own slider takes
// over at the same place of the way.

import { SweepView } from "../components/sweep/sweep.js";

/** @typedef {import("./shell.js").Shell} Shell */

/** Nothing is heard of it: it goes when it is touched. */
class StandIn extends SweepView {
  /** @param {Shell} shell */
  constructor(shell) {
    super(shell.root);
    this.shell = shell;
  }

  /** @param {boolean} all */
  draw(all) {
    super.draw(all);
    if (!this.rows.content) return;
    this.shell.host.dataset.frame = String(this.frame);
    globalThis.hourglassGone = this.motion.gone;
  }

  drawn() {}
}

export async function move() {
  const shell = globalThis.hourglassShell;
  if (!shell?.data) return;
  const standIn = new StandIn(shell);
  shell.gone.addEventListener("abort", () => standIn.close());
  const response = await fetch(shell.data);
  if (response.ok && shell.host.isConnected) await standIn.receive(new Uint8Array(await response.arrayBuffer()));
}
