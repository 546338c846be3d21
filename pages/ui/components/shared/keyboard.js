// Arrow keys.

/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * The step that a key stands for, to the right and down; undefined if it is no arrow.
 * @param {string} key @returns {[number, number] | undefined}
 */
export function arrowOf(key) {
  return Object.hasOwn(ARROWS, key) ? ARROWS[key] : undefined;
}

/**
 * Left and right go from button to button of a group, of which one is reached with the tab key.
 * @param {HTMLElement[]} buttons @param {KeyboardEvent} event
 */
export function goToNext(buttons, event) {
  const [step] = arrowOf(event.key) ?? [0];
  const at = buttons.indexOf(/** @type {HTMLElement} */ (event.target));
  const next = step && at >= 0 ? buttons[at + step] : undefined;
  if (!next) return;
  for (const button of buttons) button.tabIndex = button === next ? 0 : -1;
  next.focus();
  event.preventDefault();
}

const TYPING = "input:not([type=checkbox]):not([type=radio]):not([type=range]), textarea, select, [contenteditable]";

/**
 * Whether letters that are typed now are meant for a field; none goes into a switch or a slider.
 * @param {Event} event of a key
 */
export function isTyping(event) {
  const isOutside = event.target instanceof Element && event.target.closest(TYPING);
  const [inside] = event.composedPath(); // in a component, behind its shadow root
  return Boolean(isOutside || (inside instanceof Element && inside.closest(TYPING)));
}
