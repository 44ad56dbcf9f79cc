// The supervisor's board: what waits, who works, and what can be set right.
import { html, nothing, type TemplateResult } from "lit";
import { ask, ofCallback, post } from "./api";
import type { BoardAgent, Head, Queue } from "./facts";
import type { Work } from "./work";
import { presenceWord, readable, since, span } from "./words";

// Waiting is the line, as the list of the API tells it.
export class Waiting {
  heads: Head[] = [];
  private told = "";

  constructor(private readonly changed: () => void) {}

  // look reads the line again when the board says that it has changed.
  look(w: Work): void {
    const now = JSON.stringify(w.board.queues.map((q) => [q.subscriber.slug, q.waiting]));
    if (now !== this.told) void this.read(now, w);
  }

  async read(told: string, w: Work): Promise<void> {
    this.told = told;
    const mine = new Set(w.me.supervises.flatMap((s) => [s.id, s.slug]));
    try {
      const all = await ask<{ data: Head[] }>("GET", "/callbacks?state=queued&limit=100");
      this.heads = all.data.filter((h) => mine.has(h.subscriber)).sort((a, b) => (a.arrived_at ?? "").localeCompare(b.arrived_at ?? ""));
    } catch {
      this.told = ""; // looked at again with the next board
    }
    this.changed();
  }
}

export function board(w: Work, waiting: Waiting, now: number): TemplateResult {
  return html`${hearing(w)}
    <section class="panel" aria-labelledby="lines">
      <h2 id="lines">Lines</h2>
      <div class="wide" tabindex="0" role="group" aria-labelledby="lines">
        <table>
          <thead><tr><th scope="col">Business</th><th scope="col">Waiting</th><th scope="col">Longest</th><th scope="col">Ready</th><th scope="col">Talking</th><th scope="col">In time</th></tr></thead>
          <tbody>${w.board.queues.map(line)}</tbody>
        </table>
      </div>
    </section>
    <section class="panel" aria-labelledby="waiting">
      <h2 id="waiting">Waiting now</h2>
      <ul class="list">${waiting.heads.map((h) => caller(w, waiting, h, now))}${waiting.heads.length ? nothing : html`<li class="soft">Nobody.</li>`}</ul>
    </section>
    <section class="panel" aria-labelledby="agents">
      <h2 id="agents">Agents</h2>
      <ul class="list">${w.board.agents.map((a) => person(w, a, now))}${w.board.agents.length ? nothing : html`<li class="soft">Nobody.</li>`}</ul>
    </section>`;
}

// hearing says whose talk she is in.
function hearing(w: Work): TemplateResult | typeof nothing {
  const c = w.watched;
  if (!c) return nothing;
  const mode = w.watching?.mode ?? "listen";
  const word = { listen: "You listen to", whisper: "You whisper to", barge: "You talk with" }[mode] ?? "You hear";
  const waits = c.legs.some((l) => l.party === "supervisor" && l.state === "confirmed");
  return html`<section class="panel ringing" aria-labelledby="hearing">
    <h2 id="hearing">${word} ${c.card.agent?.name} for ${c.card.subscriber.name}</h2>
    <p class="soft">${waits ? "The visitor waits while somebody else is asked. You hear them when they talk again." : mode === "listen" ? "Nobody hears you." : mode === "whisper" ? "Only the agent hears you." : "Everybody hears you."}</p>
    <div class="row"><button class="stop" @click=${() => w.watch(c.card.agent!.id!, "off")}>Leave the talk</button></div>
  </section>`;
}

function line(q: Queue): TemplateResult {
  return html`<tr ?data-alarm=${q.alarm ?? false}>
    <th scope="row">${q.subscriber.name}${q.alarm ? html` <strong class="wrong">waits too long soon</strong>` : nothing}</th>
    <td>${q.waiting}</td><td>${q.waiting ? span(q.longest_s * 1000) : "–"}</td><td>${q.ready}</td><td>${q.talking}</td>
    <td>${inTime(q)}</td>
  </tr>`;
}

// inTime is the share served in time beside what the business wants.
function inTime(q: Queue): TemplateResult {
  const wanted = q.target ? html` <span class="soft">of ${Math.round(q.target * 100)} % in ${span((q.target_s ?? 0) * 1000)}</span>` : nothing;
  if (q.service_level === null) return html`–${wanted}`;
  const share = `${Math.round(q.service_level * 100)} %`;
  return html`${q.below_target ? html`<strong class="wrong">${share}</strong>` : share}${wanted}`;
}

function caller(w: Work, waiting: Waiting, h: Head, now: number): TemplateResult {
  const who = h.name || h.number || "somebody";
  const done = async (order: string, body: unknown): Promise<void> => {
    if (await w.deed(() => post(ofCallback(h.id, order), body))) await waiting.read("", w);
  };
  return html`<li>
    <span class="grow"><strong>${who}</strong> ${h.topic ? html`· ${h.topic}` : nothing} · ${since(h.arrived_at, now)}</span>
    <div class="row">
      <button class="plain" aria-label="To the front: ${who}" @click=${() => done("move", { to: "front" })}>To the front</button>
      <label class="hand">Give to <select aria-label="Give ${who} to" @change=${(e: Event) => reassign(e, done)}>
        <option value="">…</option>${w.board.agents.map((a) => html`<option value=${a.id}>${a.name}</option>`)}
      </select></label>
    </div>
  </li>`;
}

function reassign(e: Event, done: (order: string, body: unknown) => Promise<void>): void {
  const at = e.target as HTMLSelectElement;
  if (at.value) void done("reassign", { agent: at.value });
  at.value = "";
}

function person(w: Work, a: BoardAgent, now: number): TemplateResult {
  const mode = w.watching?.agent === a.id ? w.watching.mode : "";
  const button = (m: string, word: string): TemplateResult =>
    html`<button class="plain" aria-pressed=${mode === m} aria-label="${word}: ${a.name}" @click=${() => w.watch(a.id, mode === m ? "off" : m)}>${word}</button>`;
  const force = (presence: string, word: string): TemplateResult =>
    html`<button class="plain" aria-label="${word}: ${a.name}" @click=${() => w.deed(() => post(`/agents/${encodeURIComponent(a.id)}/presence`, presence === "paused" ? { presence, reason: `by ${w.me.name}` } : { presence }))}>${word}</button>`;
  return html`<li>
    <span class="grow presence" data-presence=${a.presence}><span class="dot" aria-hidden="true"></span><strong>${a.name}</strong> ${presenceWord(a.presence)}${a.reason ? html` (${readable(a.reason)})` : nothing} · ${since(a.since, now)}</span>
    ${a.id === w.me.id ? nothing : html`<div class="row">
      ${a.callback ? html`${button("listen", "Listen")}${button("whisper", "Whisper")}${button("barge", "Join in")}` : nothing}
      ${a.presence === "ready" ? force("paused", "Pause") : nothing}
      ${a.presence === "paused" || a.presence === "wrap_up" ? force("ready", "Make ready") : nothing}
      ${a.presence === "signed_out" ? nothing : force("signed_out", "Sign out")}
    </div>`}
  </li>`;
}
