// The left side: herself, her devices, and who waits for which business.
import { html, nothing, type TemplateResult } from "lit";
import type { Queue } from "./facts";
import type { Work } from "./work";
import { pauses, presenceWord, readable, since, span, until } from "./words";

export interface SideDeeds {
  check(): void;
  help(): void;
  account(): void;
  signOut(): void;
}

export function side(w: Work, now: number, deeds: SideDeeds): TemplateResult {
  return html`<section class="panel" aria-labelledby="self">
      <h2 id="self">${w.me.name}</h2>
      ${state(w, now)} ${choices(w)}
      <div class="row">
        <button class="plain" @click=${deeds.check}>Sound</button>
        <button class="plain" @click=${deeds.help}>Keys</button>
        <button class="plain" @click=${deeds.account}>Account</button>
        <button class="plain" @click=${deeds.signOut}>Sign out</button>
      </div>
    </section>
    ${devices(w)} ${queues(w)}`;
}

function state(w: Work, now: number): TemplateResult {
  const p = w.presence;
  return html`<p class="presence" data-presence=${p.presence} role="status">
      <span class="dot" aria-hidden="true"></span><strong>${presenceWord(p.presence)}</strong>
    </p>
    <p class="soft">
      ${p.reason ? html`${readable(p.reason)} · ` : nothing}${p.since ? html`for ${since(p.since, now)}` : nothing}
      ${p.presence === "wrap_up" && p.until ? html`· <strong>${until(p.until, now)} left</strong>` : nothing}
      ${w.snoozeUntil > now ? html`· ready again in ${span(w.snoozeUntil - now)}` : nothing}
    </p>`;
}

function choices(w: Work): TemplateResult {
  const is = w.presence.presence;
  const on = is === "ready" || is === "reserved" || is === "talking";
  return html`<div class="row">
      ${is === "ready"
        ? nothing
        : html`<button ?disabled=${is === "reserved" || is === "talking" || w.busy} @click=${() => w.be("ready")}>${is === "wrap_up" ? "Done, ready" : "Ready"}</button>`}
      ${on ? html`<button class="plain" @click=${() => w.be("finishing")}>No more calls</button>` : nothing}
    </div>
    <form class="row" @submit=${(e: SubmitEvent) => pause(e, w)}>
      <label class="grow">Pause <select name="why">${pauses.map((r) => html`<option value=${r}>${r}</option>`)}${[5, 15, 30].map((m) => html`<option value=${m}>Snooze ${m} minutes</option>`)}</select></label>
      <button class="plain">Pause</button>
    </form>`;
}

function pause(e: SubmitEvent, w: Work): void {
  e.preventDefault();
  const why = String(new FormData(e.target as HTMLFormElement).get("why"));
  if (Number(why)) void w.rest(Number(why));
  else void w.be("paused", why.toLowerCase());
}

function devices(w: Work): TemplateResult {
  const all = w.me.agent?.devices ?? [];
  return html`<section class="panel" aria-labelledby="devices">
    <h2 id="devices">You answer at</h2>
    <ul class="list">
      ${all.map((d) => html`<li>${d.to.startsWith("web") ? thisDesk(w) : telephone(w, d.to)}</li>`)}
      ${all.length ? nothing : html`<li class="soft">Nothing is set up that could ring.</li>`}
    </ul>
  </section>`;
}

function thisDesk(w: Work): TemplateResult {
  if (!w.leads) return html`This desk: <strong>another tab</strong> <button class="plain" @click=${() => w.leader?.take()}>Use this tab</button>`;
  const words = { off: "no sound yet", connecting: "connecting", on: "connected", lost: "looking for a way" }[w.voice.state];
  return html`This desk: <strong data-voice=${w.voice.state}>${words}</strong>${w.voice.why ? html`<br /><span class="soft">${w.voice.why}</span>` : nothing}`;
}

function telephone(w: Work, to: string): TemplateResult {
  const here = w.me.agent?.telephones ?? [];
  const registered = to.startsWith("sip:") && !to.includes("@");
  return html`<span class="break">${to.replace(/^(tel|sip):/, "")}</span>
    ${registered ? html`<strong>${here.some((t) => t.state === "live") ? "registered" : "not there"}</strong>` : nothing}`;
}

function queues(w: Work): TemplateResult {
  return html`<section class="panel" aria-labelledby="queues">
    <h2 id="queues">Who waits</h2>
    <ul class="list">
      ${w.board.queues.map((q) => queue(q))} ${w.board.queues.length ? nothing : html`<li class="soft">You answer for no business now.</li>`}
    </ul>
  </section>`;
}

function queue(q: Queue): TemplateResult {
  return html`<li class="queue" ?data-alarm=${q.alarm ?? false}>
    <span class="grow">${q.subscriber.name}</span>
    <span>${q.waiting ? html`<strong>${q.waiting}</strong> · ${span(q.longest_s * 1000)}` : html`<span class="soft">nobody</span>`}</span>
  </li>`;
}
