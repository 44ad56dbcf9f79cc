// A call under way: who is on it, how it is, and what can be done with it.
import { html, nothing, type TemplateResult } from "lit";
import type { Call, Leg } from "./facts";
import { about, before, head, script } from "./view-card";
import type { Work } from "./work";
import { partyWord, readable, roleWord, since, stateWord } from "./words";

export function underWay(w: Work, c: Call, now: number): TemplateResult {
  return html`<section class="panel call" aria-labelledby="business">
    <p class="kind" role="status">${stateWord(c.state)}${c.since ? html` · <span class="clock">${since(c.since, now)}</span>` : nothing}</p>
    ${head(c.card)} ${legs(c)} ${warnings(w, c)} ${controls(w, c)} ${about(c.card)} ${script(c.card)} ${before(c.card)}
  </section>`;
}

const live = (l: Leg): boolean => l.state !== "ended";
const visitor = (c: Call): Leg | undefined => c.legs.find((l) => l.party === "visitor" && live(l));
// asked is whom the agent asks before she hands over.
const asked = (c: Call): Leg | undefined => c.legs.find((l) => l.role === "consulted" && live(l));

function legs(c: Call): TemplateResult {
  return html`<ul class="legs" aria-label="Who is on the call">
    ${c.legs.filter(live).map((l) => html`<li data-state=${l.state}>${legWord(l)}: ${l.held ? "on hold" : l.quiet ? "nothing is heard" : readable(l.state)}</li>`)}
    ${c.quality?.mos ? html`<li>Sound ${c.quality.mos >= 4 ? "good" : c.quality.mos >= 3 ? "fair" : "poor"}</li>` : nothing}
    ${c.recording ? html`<li class="recording">${c.recording === "on" ? "● Recording" : `Recording ${c.recording}`}</li>` : nothing}
  </ul>`;
}

const legWord = (l: Leg): string => (l.role ? `${partyWord(l.party)} (${roleWord(l.role)})` : partyWord(l.party));

function warnings(w: Work, c: Call): TemplateResult {
  return html`<div aria-live="polite">
    ${w.muted ? html`<p class="alert">${w.speaksMuted ? "You are muted: nobody hears you." : "You are muted."}</p>` : nothing}
    ${visitor(c)?.quiet ? html`<p class="alert">Nothing has been heard of the visitor for a while.</p>` : nothing}
    ${w.voice.state === "lost" && c.legs.some((l) => l.kind === "web") ? html`<p class="alert">The sound is interrupted. The desk looks for another way; the call is kept for 20 seconds.</p>` : nothing}
  </div>`;
}

function controls(w: Work, c: Call): TemplateResult {
  const talks = c.state === "connected" && !!c.since;
  const held = visitor(c)?.held ?? false;
  return html`<div class="row controls" role="group" aria-label="The call">
      <button class="stop" @click=${() => w.hangUp()}>Hang up</button>
      <button class="plain" aria-pressed=${w.muted} @click=${() => w.mute()}>${w.muted ? "Speak again" : "Mute"}</button>
      <button class="plain" aria-pressed=${held} ?disabled=${!talks} @click=${() => w.order("hold", { on: !held })}>${held ? "Take off hold" : "Hold"}</button>
      ${recording(w, c)}
    </div>
    <details class="fold">
      <summary>Keypad</summary>
      <div class="keypad" role="group" aria-label="Keypad">
        ${["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"].map((k) => html`<button class="plain" ?disabled=${!talks} @click=${() => w.order("keys", { digits: k })}>${k}</button>`)}
      </div>
    </details>
    ${asked(c) ? joined(w) : transfer(w, talks)}`;
}

function recording(w: Work, c: Call): TemplateResult | typeof nothing {
  if (!c.recording || c.recording === "stopped") return nothing;
  const on = c.recording === "on";
  return html`<button class="plain" @click=${() => w.order("record", { action: on ? "pause" : "resume" })}>${on ? "Pause recording" : "Go on recording"}</button>`;
}

function transfer(w: Work, talks: boolean): TemplateResult {
  return html`<details class="fold">
    <summary>Transfer or bring in somebody</summary>
    <form class="stack" @submit=${(e: SubmitEvent) => hand(e, w)}>
      <label>To whom: a number, or a colleague's name <input type="text" name="to" required autocomplete="off" /></label>
      <div class="row">
        <button class="plain" name="how" value="warm" ?disabled=${!talks}>Ask first</button>
        <button class="plain" name="how" value="blind" ?disabled=${!talks}>Hand over at once</button>
        <button class="plain" name="how" value="conference" ?disabled=${!talks}>Talk all together</button>
      </div>
    </form>
  </details>`;
}

function hand(e: SubmitEvent, w: Work): void {
  e.preventDefault();
  const form = e.target as HTMLFormElement;
  const to = target(String(new FormData(form).get("to")));
  const how = (e.submitter as HTMLButtonElement | null)?.value ?? "warm";
  void (how === "conference" ? w.order("conference", { to }) : w.order("transfer", { to, kind: how }));
}

// target takes a number as people write it for one.
export function target(typed: string): string {
  const t = typed.trim();
  return /^\+?[\d\s().-]{3,}$/.test(t) ? `tel:${t.replace(/[^\d+]/g, "")}` : t;
}

function joined(w: Work): TemplateResult {
  return html`<div class="row" role="group" aria-label="Whom you ask">
    <button @click=${() => w.order("transfer/complete")}>Hand over now</button>
    <button class="plain" @click=${() => w.order("conference", { to: "" })}>Talk all together</button>
    <button class="plain" @click=${() => w.order("transfer/cancel")}>Take the call back</button>
  </div>`;
}
