
// The pictures that a first visitor sees move, drawn by the very code of the slider, until the page's own slider takes over
// at the same place of the way (shell.py puts this below what draws a sweep).

class StandIn extends View {
  report() {} // nothing is heard of it: it goes when it is touched

  draw(everything) {
    super.draw(everything);
    if (!this.sources) return;
    shell_host.dataset.frame = this.frame;
    window.hourglassGone = this.gone;
  }

  drawn() {}
}

const standing_in = new StandIn(shell_root);
shell_heard.signal.addEventListener("abort", () => standing_in.close());
const response = await fetch(shell.data);
if (response.ok && shell_host.isConnected) await standing_in.receive(new Uint8Array(await response.arrayBuffer()));
