// What every component begins with: its view, which stays as long as its place on the page, and the parts of its HTML.

/**
 * What Streamlit gives a component each time that it is drawn. A state is kept until it changes, a trigger is told
 * once.
 * @template [Data=Uint8Array]
 * @typedef {{
 *   data: Data, parentElement: ParentNode,
 *   setStateValue: (name: string, value: unknown) => void,
 *   setTriggerValue: (name: string, value: unknown) => void,
 * }} Mount
 */

/**
 * The view of a component at its place, created when it is drawn there for the first time.
 * @template View @param {string} name of the component @param {ParentNode} parent @param {() => View} create
 * @returns {View}
 */
export function viewOf(name, parent, create) {
  const views = /** @type {Record<string, View>} */ (/** @type {unknown} */ (parent));
  return (views[`hourglass_${name}`] ??= create());
}

/**
 * The first element of a class; throws an Error if there is none of that kind.
 * @template {Element} E @param {ParentNode} parent @param {string} name @param {new () => E} kind @returns {E}
 */
export function find(parent, name, kind) {
  const found = parent.querySelector(`.${name}`);
  if (!(found instanceof kind)) throw new Error(`There is no ${kind.name} of class ${name}.`);
  return found;
}

/** In place of what is there before it is used, but not from the beginning. @type {any} */
export const notYet = undefined;
