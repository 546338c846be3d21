// Tells the plane on this page which of its points are selected; see plane.py.

export default function ({ data }) {
  globalThis.hourglassSelected = new Set(data.selected);
  globalThis.dispatchEvent(new Event("hourglass-selected"));
}
