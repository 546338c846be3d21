// Verdicts on images on their way to the server. A verdict counts as saved only when the server says so: until
// then it is pending and sent again and again, so that none is lost on the way.

/** verdict: "" for none. @typedef {{verdict: string, note: string}} Said */
/**
 * place: in the queue.  others: what held for further images that were judged together with it.
 * @typedef {Said & {image: string, place: number, others?: Step[]}} Step
 */
/**
 * On which data, through which model, by whom.
 * @typedef {{source: string, checkpoint: string, reviewer: string}} Stamp
 */
/**
 * A verdict to be kept.  operation: its own, unique name.
 * @typedef {Said & Stamp & {operation: string, image: string}} Pending
 */
/** Why a verdict cannot be kept. @typedef {{operation: string, why: string}} Refused */

export class Verdicts {
  /** @param {Step[]} trail what can be undone, the latest last @param {() => string} newName of an operation */
  constructor(trail, newName) {
    this.trail = [...trail];
    this.newName = newName;
    /** @type {Pending[]} */
    this.pending = [];
    /**
     * What was refused since the last verdict: how many, and why the first of them.
     * @type {{n: number, why: string} | undefined}
     */
    this.refused = undefined;
  }

  /**
   * What the server says of pending verdicts.
   * @param {string[]} kept operations @param {Refused[]} refused
   */
  acknowledge(kept, refused) {
    const reasons = new Map(refused.map(({ operation, why }) => [operation, why]));
    const lost = this.pending.filter((one) => reasons.has(one.operation));
    if (lost.length) this.refused = { n: lost.length, why: reasons.get(lost[0].operation) ?? "" };
    const done = new Set([...kept, ...reasons.keys()]);
    this.pending = this.pending.filter((one) => !done.has(one.operation));
  }

  /**
   * The verdict that holds for an image: the latest pending one, else what the server knows.
   * @param {string} image @param {Partial<Said> | undefined} known @returns {Said}
   */
  of(image, known) {
    const latest = this.pending.findLast((one) => one.image === image);
    return latest ?? { verdict: known?.verdict ?? "", note: known?.note ?? "" };
  }

  /**
   * Gives an image a verdict, which can be undone.
   * @param {Step} before what held until now @param {Said} said @param {Stamp} stamp
   */
  decide(before, said, stamp) {
    this.trail.push({ image: before.image, place: before.place, verdict: before.verdict, note: before.note });
    this.add(before.image, said, stamp);
  }

  /**
   * Gives several images one verdict, which is undone in one step.
   * @param {Step[]} before what held until now, the image that is looked at first
   * @param {Said} said @param {Stamp} stamp
   */
  decideAll([before, ...others], said, stamp) {
    this.decide(before, said, stamp);
    this.trail[this.trail.length - 1].others = others;
    for (const { image } of others) this.add(image, said, stamp);
  }

  /** Takes the latest step back and returns it; undefined if there is none. @param {Stamp} stamp */
  undo(stamp) {
    const last = this.trail.pop();
    for (const step of last ? [last, ...(last.others ?? [])] : []) this.add(step.image, step, stamp);
    return last;
  }

  /** @param {string} image @param {Said} said @param {Stamp} stamp */
  add(image, { verdict, note }, stamp) {
    this.refused = undefined;
    this.pending = [...this.pending, { operation: this.newName(), image, verdict, note, ...stamp }];
  }

  /**
   * How many images the pending verdicts add to those that have one, or take away.
   * @param {(image: string) => Partial<Said> | undefined} known what the server knows of an image
   */
  added(known) {
    let more = 0;
    for (const image of new Set(this.pending.map((one) => one.image))) {
      const before = known(image);
      more += (this.of(image, before).verdict ? 1 : 0) - (before?.verdict ? 1 : 0);
    }
    return more;
  }

  /**
   * What stands beside the queue.
   * @param {boolean} failing whether the server cannot keep verdicts now @param {boolean} everKept
   * @returns {{state: "failed" | "saving" | "saved", text: string}}
   */
  status(failing, everKept) {
    const waiting = this.pending.length;
    const failed = (failing ? waiting : 0) + (this.refused?.n ?? 0);
    if (failed) return { state: "failed", text: `NOT saved: ${failed}` };
    if (waiting) return { state: "saving", text: `saving ${waiting}…` };
    return { state: "saved", text: everKept ? "all saved" : "" };
  }
}

/**
 * Whether somebody else's verdict contradicts one's own; nobody contradicts "unsure".
 * @param {string} mine @param {string[]} others
 */
export function isContested(mine, others) {
  return others.some((other) => mine && mine !== "unsure" && other !== "unsure" && other !== mine);
}
