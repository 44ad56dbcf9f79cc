// The journal of a callback as a story for people who never saw a switch.
import type { Line } from "./facts";

// quiet are steps between machines.
const quiet = new Set(["leg_sent", "leg_digit", "leg_joined", "leg_ended", "recording_ended", "join_again", "hung_up_again", "linked", "noted"]);

// told are steps in words of their own, with the side that they are about, which is "You" or "The visitor".
const told: Record<string, (side: string, l: Line) => string> = {
  requested: (_, l) => (l.actor === "visitor" ? "The visitor asked to be called." : "A call was asked for."),
  agent_found: (_, l) => `${person(l)} was next to take it.`,
  leg_ringing: (side) => (side === "You" ? "Your telephone rang." : "The visitor's telephone rang."),
  leg_answered: (side) => `${side} answered.`,
  leg_notice: (side) => (side === "You" ? "" : "The visitor was told that the talk is recorded."),
  agent_confirmed: () => "You took the call.",
  visitor_confirmed: () => "The visitor was ready to talk.",
  called_now: () => "Somebody asked for the call at once.",
};

export function sentence(l: Line): string {
  if (quiet.has(l.event)) return "";
  const side = /\bvisitor\b/.test(l.text) ? "The visitor" : "You";
  return told[l.event]?.(side, l) ?? plain(l.text);
}

// plain takes out what only machines call things.
function plain(text: string): string {
  const said = text.replace(/\b(leg|rec|cb|agt|rep|btn)_[0-9a-z]+:?/g, "").replace(/ (visitor|agent) +\w+ by \w+$/, "");
  return said.replace(/\. (visitor|agent)\s*$/, ".").replace(/ {2,}/g, " ").trim();
}

function person(l: Line): string {
  const name = /\. ([\w-]+):/.exec(l.text)?.[1] ?? "Somebody";
  return name.charAt(0).toUpperCase() + name.slice(1);
}
