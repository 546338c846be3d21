// A slider that moves by itself.

const LONGEST_STEP_MS = 100;

export class Motion {
  /**
   * @param {(frame: number) => void} show @param {(isPlaying: boolean) => void} changed called when it begins or ends
   */
  constructor(show, changed) {
    this.show = show;
    this.changed = changed;
    this.isPlaying = false;
    this.gone = 0; // milliseconds since it began, without those in which the browser was too busy to draw
    this.request = 0;
    this.ended = () => {};
  }

  /**
   * Shows frameAt(milliseconds) again and again until that is the end.
   * @param {(ms: number) => number} frameAt @param {(ms: number) => boolean} isEnd
   * @param {() => void} ended called when it has ended or was stopped @param {number} gone milliseconds that are over
   */
  run(frameAt, isEnd, ended, gone = 0) {
    this.ended = ended;
    this.gone = gone;
    this.isPlaying = true;
    this.changed(true);
    let before = performance.now();
    const step = () => {
      const now = performance.now();
      this.gone += Math.min(now - before, LONGEST_STEP_MS);
      before = now;
      this.show(frameAt(this.gone));
      if (isEnd(this.gone)) this.stop();
      else this.request = requestAnimationFrame(step);
    };
    step();
  }

  /** Ends it where it is.  ended: called instead of the one given to run(). @param {() => void} ended */
  stop(ended = this.ended) {
    if (!this.isPlaying) return;
    cancelAnimationFrame(this.request);
    this.isPlaying = false;
    this.changed(false);
    ended();
  }
}
