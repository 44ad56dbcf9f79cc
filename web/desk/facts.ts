// What the API and its live socket say, as the desk reads it. Times are RFC 3339, durations seconds.

export interface Named {
  id?: string;
  slug: string;
  name: string;
}

export interface Device {
  to: string;
}

export interface Telephone {
  state: string;
  user_agent: string;
  transport: string;
}

export interface Agent {
  id: string;
  slug: string;
  name: string;
  devices: Device[];
  telephones: Telephone[];
  presence: string;
  reason: string | null;
}

export interface Serving {
  representation: string;
  subscriber: Named;
  display_name: string;
  greeting: string;
  caller_id: string | null;
  paused: boolean;
}

export interface Me {
  id: string;
  slug: string;
  name: string;
  role: string;
  agent: Agent | null;
  represents: Serving[];
  supervises: Named[];
}

export interface Presence {
  presence: string;
  reason: string | null;
  since: string | null;
  until: string | null;
}

export interface Queue {
  subscriber: Named;
  waiting: number;
  longest_s: number;
  ready: number;
  talking: number;
  service_level: number | null;
  target?: number;
  target_s?: number;
  below_target?: boolean;
  alarm?: boolean;
}

export interface BoardAgent {
  id: string;
  slug: string;
  name: string;
  presence: string;
  reason: string | null;
  since: string | null;
  callback: string | null;
}

export interface Board {
  queues: Queue[];
  agents: BoardAgent[];
}

export interface Field {
  name: string;
  label: string;
  value: string;
}

// Tape is a recorded talk that she may hear.
export interface Tape {
  id: string;
  length_s: number;
}

export interface Earlier {
  callback: string;
  at: string | null;
  outcome: string | null;
  topic?: string | null;
  agent: Named | string | null;
  disposition: string | null;
  note: string | null;
  recordings: Tape[];
}

export interface Card {
  callback: string;
  attempt: number;
  subscriber: Named;
  agent?: Named | null; // who answers
  display_name: string;
  greeting: string;
  script: string;
  script_fields: Field[];
  whisper: string;
  visitor: {
    name: string | null;
    number: string | null;
    country: string | null;
    local_time: string | null;
    zone: string | null;
    language: string | null;
    since?: string | null;
  };
  page: string | null;
  topic: string | null;
  fields: Field[];
  earlier: Earlier[];
  order: string;
  live_call: boolean;
  dispositions?: string[];
  screen_pop?: string | null;
}

export interface Offer {
  card: Card;
  leg: string;
  ring_s: number;
  until: string;
}

export interface Leg {
  id: string;
  party: string;
  kind: string;
  state: string;
  held: boolean;
  quiet: boolean;
  role?: string | null; // consulted, third; of a supervisor: listen, whisper, barge
}

export interface Call {
  card: Card;
  state: string;
  legs: Leg[];
  recording: string | null;
  quality: { mos?: number | null } | null;
  at: string;
  since?: string | null;
}

export interface CallOver {
  callback: string;
  outcome: string | null;
  reason: { code: string; staff: string } | null;
  wrap_up_until: string | null;
}

// A callback as lists show it.
export interface Head {
  id: string;
  subscriber: string;
  state: string;
  number: string | null;
  name: string | null;
  topic: string | null;
  due_at: string | null;
  arrived_at: string | null;
  kept_for: string | null;
}

export type Heard =
  | { type: "hello"; me: Me; presence: Presence | null; version: string }
  | { type: "ping"; n: number }
  | ({ type: "presence" } & Presence)
  | ({ type: "board" } & Board)
  | ({ type: "offer" } & Offer)
  | { type: "offer_over"; callback: string; leg: string; why: string }
  | ({ type: "call" } & Call)
  | ({ type: "call_over" } & CallOver)
  | { type: "notice"; level: string; text: string };

export type { ICEServer } from "../way";
