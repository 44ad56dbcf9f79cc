// What the API says, as the pages of a business read it. Times are RFC 3339, durations seconds.

export interface Named {
  id: string;
  slug: string;
  name: string;
}

export interface Me {
  id: string;
  name: string;
  role: string;
  owns: Named[];
}

export interface Page<T> {
  data: T[];
  next: string | null;
}

export interface Head {
  id: string;
  button: string;
  button_slug: string | null;
  state: string;
  outcome: string | null;
  reason: { code: string; staff: string } | null;
  number: string | null;
  endpoint: string | null;
  name: string | null;
  topic: string | null;
  page: string | null;
  direction: string;
  arrived_at: string | null;
  due_at: string | null;
  created_at: string;
  ended_at: string | null;
  talk_s: number;
  disposition: { code: string; note: string | null } | null;
}

export interface Line {
  seq: number;
  at: string;
  actor: string;
  event: string;
  text: string;
}

export interface Call extends Head {
  fields: Record<string, string>;
  attempts: { n: number; agent_slug: string | null; result: string | null }[];
  journal: Line[];
  notes: { id: string; text: string; at: string }[];
}

export interface Tape {
  id: string;
  attempt: number;
  length_s: number;
  delete_at: string | null;
}

export type Hours = Record<string, string[]> | null;

export interface Business extends Named {
  regions: string[];
  time_zone: string;
  hours: Hours;
  holidays: string[];
  caller_id: string | null;
  destination: string | null;
  language: string | null;
  prompts: Record<string, string>;
  recording: { on: boolean; retention_s: number };
  dispositions: string[];
  suspended: boolean;
}

export interface Field {
  name: string;
  label: string;
  required: boolean;
}

export interface Button {
  id: string;
  slug: string;
  origins: string[];
  order: string;
  channels: { name: string; available: boolean }[];
  fields: Field[];
  tries: number;
  closed: boolean;
  url: string;
}

export interface Representation {
  id: string;
  agent_slug: string | null;
  agent_name: string | null;
  display_name: string;
  greeting: string;
  whisper: string;
  script: string;
  languages: string[];
}

export interface Block {
  id: string;
  number: string;
  reason: string | null;
  until: string | null;
  own_wish: boolean;
  created_at: string;
}

export interface Consent {
  id: string;
  callback: string | null;
  at: string;
  act: string;
  route: string;
  number: string | null;
  page: string | null;
  user_agent: string | null;
  text: { version: string; language: string; text: string } | null;
}

// who is the visitor, in a word.
export const who = (c: Head): string => c.name || c.number || c.endpoint || "Somebody";
