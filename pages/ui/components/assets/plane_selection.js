// Tells the plane on this page what points lie on it, in which colours, and which of them are selected; see plane.py.
// What arrives: header length, header as JSON, two numbers of 16 bits a point, three of 8 bits (its colour), one of 8
// bits (its shape).

export default function ({ data }) {
  const length = new DataView(data.buffer, data.byteOffset).getUint32(0, true);
  const { n, selected } = JSON.parse(new TextDecoder().decode(data.subarray(4, 4 + length)));
  const body = data.slice(4 + length).buffer;
  const [at, colours] = [new Uint16Array(body, 0, 2 * n), new Uint8Array(body, 4 * n, 3 * n)];
  globalThis.hourglassPoints = { at, colours, marks: new Uint8Array(body, 7 * n, n) };
  globalThis.hourglassSelected = new Set(selected);
  globalThis.dispatchEvent(new Event("hourglass-selected"));
}
