// SHA-256 (FIPS 180-4), for pages over plain HTTP too, where browsers offer none. Sync: a proof of work asks it some ten
// thousand times, and a promise for each would take longer than the hash.

const K = new Int32Array(64);
const start = new Int32Array(8);
const fraction = (x: number) => ((x - Math.floor(x)) * 2 ** 32) | 0;
for (let n = 2, i = 0; i < 64; n++) {
  let prime = true;
  for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
  if (!prime) continue;
  if (i < 8) start[i] = fraction(n ** 0.5);
  K[i++] = fraction(Math.cbrt(n));
}

const w = new Int32Array(64);
const turn = (x: number, by: number) => (x >>> by) | (x << (32 - by));

// block takes the 64 bytes at i into the state.
function block(state: Int32Array, bytes: DataView, i: number): void {
  for (let t = 0; t < 64; t++) {
    if (t < 16) w[t] = bytes.getInt32(i + 4 * t);
    else {
      const a = w[t - 15]!, b = w[t - 2]!;
      w[t] = (w[t - 16]! + w[t - 7]! + (turn(a, 7) ^ turn(a, 18) ^ (a >>> 3)) + (turn(b, 17) ^ turn(b, 19) ^ (b >>> 10))) | 0;
    }
  }
  let a = state[0]!, b = state[1]!, c = state[2]!, d = state[3]!, e = state[4]!, f = state[5]!, g = state[6]!, h = state[7]!;
  for (let t = 0; t < 64; t++) {
    const x = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[t]! + w[t]!) | 0;
    const y = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + x) | 0; d = c; c = b; b = a; a = (x + y) | 0;
  }
  state[0]! += a; state[1]! += b; state[2]! += c; state[3]! += d; state[4]! += e; state[5]! += f; state[6]! += g; state[7]! += h;
}

const utf8 = new TextEncoder();

// begun hashes a text that others begin with: what it returns takes the rest.
export function begun(head: string): (tail: string) => Int32Array {
  const text = utf8.encode(head);
  const whole = text.length & ~63;
  const ahead = start.slice();
  const view = new DataView(text.buffer, text.byteOffset);
  for (let i = 0; i < whole; i += 64) block(ahead, view, i);
  const left = text.subarray(whole);
  return (tail) => {
    const end = utf8.encode(tail);
    const n = left.length + end.length;
    const last = new Uint8Array(((n + 72) >> 6) << 6);
    last.set(left);
    last.set(end, left.length);
    last[n] = 128;
    const view = new DataView(last.buffer);
    view.setUint32(last.length - 4, (whole + n) * 8);
    const state = ahead.slice();
    for (let i = 0; i < last.length; i += 64) block(state, view, i);
    return state;
  };
}

export const hex = (state: Int32Array): string => Array.from(state, (v) => (v >>> 0).toString(16).padStart(8, "0")).join("");
