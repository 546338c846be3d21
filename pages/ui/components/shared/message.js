// Messages as component.py sends them: length of the header (4 bytes, little-endian), the header as JSON, the body.

const ARRAYS = { u1: Uint8Array, u2: Uint16Array, i2: Int16Array, f4: Float32Array };

/** @typedef {Uint8Array | Uint16Array | Int16Array | Float32Array} Numbers */
/**
 * Where an array lies in a body.  at: byte offset.  length: of numbers.  summed: the length of the last axis if the
 * array holds differences along it, else 0.
 * @typedef {{type: keyof typeof ARRAYS, at: number, length: number, summed?: number}} Place
 */
/** Reads the array at a place. @typedef {(place: Place) => Numbers} Reader */

/**
 * @param {Uint8Array} bytes
 * @returns {{header: any, body: Uint8Array<ArrayBuffer>}} header: as the component's Python describes it
 */
export function split(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  return { header, body: /** @type {Uint8Array<ArrayBuffer>} */ (bytes.subarray(4 + length)) };
}

/** @param {Uint8Array<ArrayBuffer>} body deflated @returns {Promise<ArrayBuffer>} */
export function inflate(body) {
  const stream = new Blob([body]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

/** @param {ArrayBuffer} buffer @returns {Reader} */
export function reader(buffer) {
  return ({ type, at, length, summed }) => {
    const array = new ARRAYS[type](buffer, at, length);
    if (!summed) return array;
    const sums = array.slice(); // bytes overflow, as those that were subtracted did
    for (let k = 1; k < length; k++) if (k % summed) sums[k] += sums[k - 1];
    return sums;
  };
}
