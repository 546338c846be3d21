// What a sweep is made of: the message that it arrives in, and the kinds of row that are drawn of it (see packing.py).
// A message is the length of its header, the header as JSON, and one deflated body of arrays that the header points into.

const ARRAYS = { u1: Uint8Array, i2: Int16Array, f4: Float32Array };

function split(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  return { header, body: bytes.subarray(4 + length) };
}

function inflate(body) {
  const stream = new Blob([body]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

// A function from the header's {type, at, length, summed} to the array it means.
function reader(buffer) {
  return ({ type, at, length, summed }) => {
    const array = new ARRAYS[type](buffer, at, length);
    if (!summed) return array;
    const whole = array.slice(); // differences along the last axis, back to values
    for (let k = 1; k < length; k++) if (k % summed) whole[k] += whole[k - 1];
    return whole;
  };
}

// --- the kinds of row: each fills values(image) with the pixels at a frame, as numbers, channel after channel ------

function source(row, header, arrays) {
  const size = header.shape[0] * header.shape[1] * header.shape[2];
  const values = new Float32Array(header.cells.length * size);
  const made = KINDS[row.kind](row, arrays, { size, values, steps: header.values.length, header });
  return { moves: true, paint: painter(values, header.shape), values, ...made };
}

const KINDS = {
  still(row, arrays, { size, values }) {
    const x = arrays(row.x);
    const fill = (i) => {
      for (let p = i * size; p < (i + 1) * size; p++) values[p] = x[p] / 255;
    };
    return { moves: false, fill };
  },

  // base + amount * slope: the server's own noise, sent once instead of once a frame
  affine(row, arrays, { size, values, header }) {
    const [base, slope] = [arrays(row.base), arrays(row.slope)];
    const fill = (i, frame) => {
      const amount = header.values[frame];
      for (let p = i * size; p < (i + 1) * size; p++) values[p] = (base[p] + amount * slope[p]) / row.unit;
    };
    return { fill };
  },

  // one of two values a pixel: after from frame number `since` on
  switched(row, arrays, { size, values, header }) {
    const [before, after, since] = [arrays(row.before), arrays(row.after), arrays(row.since)];
    const area = header.shape[1] * header.shape[2];
    const fill = (i, frame) => {
      for (let p = 0; p < size; p++) {
        const q = i * size + p;
        values[q] = (frame >= since[i * area + (p % area)] ? after[q] : before[q]) / 255;
      }
    };
    return { fill };
  },

  frames(row, arrays, { size, values, steps }) {
    const x = arrays(row.x);
    const unit = (row.high - row.low) / 255;
    const fill = (i, frame) => {
      for (let p = i * size; p < (i + 1) * size; p++) values[p] = row.low + unit * x[p * steps + frame];
    };
    return { fill };
  },

  // the root of the mean squared difference of two rows above, pixel by pixel, on the one scale of the view
  difference(row, arrays, { size, values, header }) {
    const [channels, h, w] = header.shape;
    const area = h * w;
    const fill = (i, frame, sources) => {
      const [a, b] = [sources[row.of].values, sources[row.against].values];
      for (let p = 0; p < area; p++) {
        let sum = 0;
        for (let q = i * size + p; q < (i + 1) * size; q += area) sum += (a[q] - b[q]) ** 2;
        values[i * size + p] = Math.sqrt(sum / channels) / header.scale.most;
      }
    };
    const paint = (i, pixels, colours) => {
      for (let p = 0; p < area; p++) {
        const k = 3 * Math.min(255, Math.round(values[i * size + p] * 255));
        for (let c = 0; c < 3; c++) pixels[4 * p + c] = colours[k + c];
      }
    };
    return { fill, paint };
  },
};

// Numbers to bytes; a clamped array rounds and cuts to 0..255.
function painter(values, [channels, h, w]) {
  const area = h * w;
  return (i, pixels) => {
    for (let c = 0; c < 3; c++) {
      const from = i * channels * area + (channels === 3 ? c * area : 0);
      for (let p = 0; p < area; p++) pixels[4 * p + c] = values[from + p] * 255;
    }
  };
}
