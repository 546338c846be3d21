// Elements of HTML and SVG. Text never becomes markup: names, classes and ids come from outside.

const SVG = "http://www.w3.org/2000/svg";

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {string} name its classes @param {string} text @returns {HTMLElementTagNameMap[T]}
 */
export function make(tag, name = "", text = "") {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text) element.textContent = text;
  return element;
}

/**
 * A button that submits no form.
 * @param {string} name its classes @param {string} text
 */
export function makeButton(name, text = "") {
  const button = make("button", name, text);
  button.type = "button";
  return button;
}

/**
 * @template {keyof SVGElementTagNameMap} T
 * @param {T} tag @param {Record<string, string | number>} attributes @param {Element[]} children
 * @returns {SVGElementTagNameMap[T]}
 */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

/** @param {Record<string, string | number>} attributes @param {string} text */
export function svgText(attributes, text) {
  const element = svg("text", attributes);
  element.textContent = text;
  return element;
}

/** What is said when the pointer rests on the element around it. @param {string} text */
export function svgTitle(text) {
  const element = svg("title");
  element.textContent = text;
  return element;
}

/** @param {Element} element @param {Record<string, string | number>} attributes */
export function setAttributes(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
}

/**
 * @param {HTMLCanvasElement | OffscreenCanvas} canvas @param {boolean} isRead whether its pixels are read back often
 * @returns {CanvasRenderingContext2D}
 */
export function contextOf(canvas, isRead = false) {
  const context = canvas.getContext("2d", { willReadFrequently: isRead });
  if (!context) throw new Error("This browser draws no pictures: it may be out of memory.");
  return /** @type {CanvasRenderingContext2D} */ (context);
}

/**
 * The nearest element around the target of an event, itself included.
 * @param {Event} event @param {string} selector @returns {HTMLElement | null}
 */
export function around({ target }, selector) {
  return target instanceof Element ? /** @type {HTMLElement | null} */ (target.closest(selector)) : null;
}
