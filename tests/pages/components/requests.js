// Requests of tests in Python: JSON on stdin, JSON on stdout; arrays travel as text in base64.

/** @param {string} encoded @returns {ArrayBuffer} */
export function bytes(encoded) {
  return Uint8Array.from(Buffer.from(encoded, "base64")).buffer;
}

/** @param {string} encoded */
export function floats(encoded) {
  return new Float32Array(bytes(encoded));
}

/** @param {ArrayBufferView} array */
export function text({ buffer, byteOffset, byteLength }) {
  return Buffer.from(buffer, byteOffset, byteLength).toString("base64");
}

/**
 * Answers each request by the function that its `do` names.
 * @param {Record<string, (asked: any) => unknown>} functions
 */
export async function answerRequests(functions) {
  let asked = "";
  for await (const part of process.stdin) asked += part;
  const answers = [];
  for (const request of JSON.parse(asked)) answers.push(await functions[request.do](request));
  process.stdout.write(JSON.stringify(answers));
}
