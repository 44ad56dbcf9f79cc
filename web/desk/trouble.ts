// What is wrong with the sound, in words, and what to do.

import { Deaf, type Deafness } from "../microphone";

export class Trouble extends Error {
  constructor(
    readonly what: string,
    readonly todo: string,
  ) {
    super(`${what} ${todo}`);
  }
}

const deaf: Record<Deafness, [what: string, todo: string]> = {
  insecure: ["This browser gives no microphone to a page that comes over plain http.", "Open the page by its https address."],
  denied: ["The microphone is not allowed.", "Press the sign at the left of the address, allow the microphone for this page, and try again."],
  missing: ["No microphone was found.", "Plug in a headset, or turn its microphone on, and try again."],
  silent: ["The microphone is there but gives no sound.", "Another program may hold it. Close that program, and try again."],
  broken: ["The microphone could not be opened.", "Unplug the headset, plug it in again, and try again."],
};

// troubleOf is what an error means to who speaks.
export function troubleOf(e: unknown): Trouble {
  if (e instanceof Trouble) return e;
  if (e instanceof Deaf) return new Trouble(...deaf[e.kind]);
  return new Trouble("The sound could not be opened.", (e as Error).message);
}
