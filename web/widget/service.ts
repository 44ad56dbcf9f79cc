// What the widget asks of the service: the public API, no more.

export interface Field {
  name: string;
  label: string;
  type: string;
  required: boolean;
  own: boolean;
}

export interface Config {
  id: string;
  language: string;
  direction: string;
  subscriber: { name: string; caller_id: string | null };
  form: { fields: Field[] };
  texts: Record<string, string>;
  channels: { name: string; available: boolean }[];
  closed: boolean;
  open: boolean;
  zone: string;
  slots: string[];
  consent: { text: string };
  proof: { required: boolean };
}

export interface View {
  state: string;
  message: string;
  number: string;
  subscriber: { name: string; caller_id: string | null };
  can: string[];
  version: number;
}

export type When = { now: true } | { after: string } | { at: string; zone: string };

export interface Problem {
  code: string;
  detail: string;
  errors: { field: string; message: string }[];
  alternatives?: string[];
}

const path = (...parts: string[]) => "/api/v1/public/" + parts.map(encodeURIComponent).join("/");

// about returns what a button is, in a language if there is it; nothing where it cannot be had.
export async function about(server: string, button: string, lang: string): Promise<Config | undefined> {
  try {
    const answer = await fetch(server + path("buttons", button) + (lang && `?lang=${encodeURIComponent(lang)}`), { credentials: "omit" });
    return answer.ok ? ((await answer.json()) as Config) : undefined;
  } catch {
    return undefined;
  }
}

// send posts; a refusal is thrown as the Problem it is, and so is a service that cannot be reached.
export async function send<T>(server: string, parts: string[], body: unknown, unreached: string): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(server + path(...parts), {
      method: "POST", credentials: "omit", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
  } catch {
    throw { code: "unreached", detail: unreached, errors: [] } satisfies Problem;
  }
  const text = await answer.text();
  if (answer.ok) return JSON.parse(text) as T;
  let problem: Problem | undefined;
  try {
    problem = JSON.parse(text) as Problem;
  } catch {
    // it was no answer of the service's
  }
  throw { code: problem?.code ?? "unreached", detail: problem?.detail ?? unreached, errors: problem?.errors ?? [], ...(problem?.alternatives && { alternatives: problem.alternatives }) } satisfies Problem;
}

export const events = (server: string, token: string): EventSource => new EventSource(server + path("callbacks", token, "events"));
