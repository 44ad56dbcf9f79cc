// How the desk says things.

const presences: Record<string, string> = {
  ready: "Ready",
  reserved: "A call is coming",
  talking: "In a call",
  wrap_up: "Wrapping up",
  paused: "Paused",
  finishing: "Finishing: no new calls",
  signed_out: "Not taking calls",
};

const outcomes: Record<string, string> = {
  completed: "Completed",
  visitor_no_answer: "The visitor did not answer",
  visitor_busy: "The visitor's line was busy",
  visitor_declined: "The visitor declined",
  machine: "An answering machine",
  no_agent: "Nobody was free",
  refused: "Refused",
  cancelled: "Cancelled",
  expired: "Expired",
  failed: "Failed",
};

const states: Record<string, string> = {
  scheduled: "Scheduled",
  queued: "Waiting in the line",
  ringing_agent: "Your telephone rings",
  ringing_visitor: "Calling the visitor",
  connected: "Talking",
  ended: "Ended",
};

const parties: Record<string, string> = { visitor: "Visitor", agent: "Agent", subscriber: "Business", supervisor: "Supervisor", bot: "Robot" };

const roles: Record<string, string> = { consulted: "whom you ask", third: "the third", listen: "listens", whisper: "whispers to you", barge: "joined in" };

const overs: Record<string, string> = {
  timeout: "You did not answer in time. The call goes to somebody else.",
  cancelled: "The call is over: the visitor does not wait any more.",
  taken: "Somebody else has taken the call.",
};

export const presenceWord = (p: string): string => presences[p] ?? p;
export const outcomeWord = (o: string | null): string => (o ? (outcomes[o] ?? readable(o)) : "It goes on without you");
export const stateWord = (s: string): string => states[s] ?? readable(s);
export const partyWord = (p: string): string => parties[p] ?? readable(p);
export const roleWord = (r: string): string => roles[r] ?? readable(r);
export const overWord = (why: string): string => overs[why] ?? "";
export const pauses = ["Break", "Lunch", "Meeting", "Training", "Something else"];

// readable makes words of a code: wrong_number is "Wrong number".
export function readable(code: string): string {
  const words = code.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

// span says how long, as a clock: 0:05, 12:30, 1:02:30.
export function span(ms: number): string {
  const all = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number): string => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

export const since = (at: string | null | undefined, now: number): string => (at ? span(now - Date.parse(at)) : "");
export const until = (at: string | null | undefined, now: number): string => (at ? span(Date.parse(at) - now + 999) : "");

export function dayAndTime(at: string | null): string {
  return at ? new Date(at).toLocaleString(undefined, { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }) : "";
}

// wallTime says the visitor's clock: her wall's hour and minute, which are no time of ours.
export function wallTime(local: string | null): string {
  return local?.slice(11, 16) ?? "";
}

// place is the last part of a time zone's name.
export const place = (zone: string | null): string => zone?.split("/").at(-1)?.replaceAll("_", " ") ?? "";

// webAddress is an address that may be opened: what a visitor's page claims to be is not always one.
export function webAddress(s: string | null | undefined): string | null {
  if (!s || !URL.canParse(s)) return null;
  const u = new URL(s);
  return u.protocol === "https:" || u.protocol === "http:" ? u.href : null;
}
