// How the pages of a business say things.
import { readable, span } from "../desk/words";
import type { Head } from "./facts";

const outcomes: Record<string, string> = {
  completed: "you talked",
  visitor_no_answer: "did not answer",
  visitor_busy: "was busy",
  visitor_declined: "declined the call",
  machine: "an answering machine answered",
  no_agent: "nobody of you answered",
  refused: "was refused",
  cancelled: "was withdrawn",
  expired: "nobody called in time",
  failed: "the call failed",
};

const states: Record<string, string> = {
  scheduled: "promised",
  queued: "waits in line",
  ringing_agent: "your telephone rings",
  ringing_visitor: "the visitor's telephone rings",
  connected: "you are talking",
};

// came is what became of a callback, in a few words.
export function came(c: Head): string {
  if (c.state === "ended") return outcomes[c.outcome ?? ""] ?? readable(c.outcome ?? "over");
  return states[c.state] ?? readable(c.state);
}

export const length = (seconds: number): string => (seconds < 60 ? `${Math.round(seconds)} s` : `${span(seconds * 1000)} min`);
