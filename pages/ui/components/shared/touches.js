// Touches of anything on the page.

const TOUCHES = ["pointerdown", "keydown", "wheel"];

/**
 * Calls `act` at each touch, before anything else on the page hears of it.
 * @param {(event: Event) => void} act @param {AbortSignal} signal ends it
 */
export function onTouch(act, signal) {
  for (const touch of TOUCHES) addEventListener(touch, act, { capture: true, passive: true, signal });
}
