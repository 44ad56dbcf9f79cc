// The proof of work before a call, in the wire format of ALTCHA version 1: the number which, behind the salt, has the hash
// that is asked for. It is worked on in slices, so that the page goes on answering its visitor.

import { begun, hex } from "./sha256.js";

interface Puzzle {
  required: boolean;
  algorithm: string;
  challenge: string;
  maxnumber: number;
  salt: string;
  signature: string;
}

const slice = 12; // ms of work before others have their turn

const others = () => new Promise<void>((go) => setTimeout(go));

// solve returns what is sent with a puzzle's solution; "" when there is none.
export async function solve(p: Puzzle): Promise<string> {
  const hash = begun(p.salt);
  const first = parseInt(p.challenge.slice(0, 8), 16) | 0;
  let until = performance.now() + slice;
  for (let number = 0; number <= p.maxnumber; number++) {
    const got = hash(String(number));
    if (got[0] === first && hex(got) === p.challenge) {
      const { algorithm, challenge, salt, signature } = p;
      return btoa(JSON.stringify({ algorithm, challenge, number, salt, signature }));
    }
    if (performance.now() < until) continue;
    await others();
    until = performance.now() + slice;
  }
  return "";
}

// prove gets a puzzle for a number and solves it; "" where none is wanted or none can be had: the form then goes without.
export async function prove(url: string, number: string): Promise<string> {
  try {
    const answer = await fetch(`${url}&for=${hex(begun("")(number))}`, { signal: AbortSignal.timeout(8000) });
    const p = (await answer.json()) as Puzzle;
    return answer.ok && p.required ? await solve(p) : "";
  } catch {
    return "";
  }
}
