// The call card: who she is now, whom she talks to, and what to say.
import { html, nothing, type TemplateResult } from "lit";
import type { Card, Earlier, Offer, Tape } from "./facts";
import type { Work } from "./work";
import { dayAndTime, outcomeWord, place, readable, span, until, wallTime, webAddress } from "./words";

// offered is a call that rings.
export function offered(w: Work, o: Offer, now: number): TemplateResult {
  const answered = w.answering.has(o.leg);
  const left = Math.max(0, Date.parse(o.until) - now) / 1000;
  return html`<section class="panel call ringing" aria-labelledby="business">
    <p class="kind">${answered ? "One moment" : o.card.live_call ? "Somebody calls" : "A call for you"}</p>
    ${head(o.card)}
    <p><label>Rings for ${until(o.until, now)} more <progress max=${o.ring_s} .value=${left}></progress></label></p>
    <div class="row">
      <button class="go big" ?disabled=${answered} @click=${() => w.answer()}>Answer</button>
      <button class="plain" ?disabled=${answered} @click=${() => w.decline()}>Decline</button>
      ${w.quiet.has(o.leg) || answered ? nothing : html`<button class="plain" @click=${() => w.hush()}>Silence the ring</button>`}
    </div>
    ${about(o.card)} ${before(o.card)}
  </section>`;
}

// head is what she is in this call, in large type, and what she says first.
export function head(c: Card): TemplateResult {
  return html`<h2 id="business" class="business">${c.subscriber.name}</h2>
    <p class="soft">You are ${c.display_name}</p>
    ${c.greeting ? html`<blockquote class="greeting"><p>${c.greeting}</p></blockquote>` : nothing}`;
}

// about tells whom she talks to, and from which page.
export function about(c: Card): TemplateResult {
  const v = c.visitor;
  const page = webAddress(c.page);
  const rows: [string, unknown][] = [
    ["Visitor", v.name],
    ["Number", v.number],
    ["Local time", v.local_time ? `${wallTime(v.local_time)} ${place(v.zone)}` : null],
    ["Language", v.language],
    ["Topic", c.topic],
    ["Page", page ? html`<a class="break" href=${page} target="_blank" rel="noopener noreferrer">${page}</a>` : c.page],
    ...c.fields.filter((f) => f.value).map((f): [string, unknown] => [f.label, f.value]),
  ];
  const pop = webAddress(c.screen_pop);
  return html`<dl class="facts">
      ${rows.filter(([, v]) => v).map(([k, v]) => html`<div><dt>${k}</dt><dd>${v}</dd></div>`)}
    </dl>
    ${pop ? html`<p><a class="button plain" href=${pop} target="_blank" rel="noopener noreferrer">Open the record</a></p>` : nothing}`;
}

// script is what to say and to ask; what the visitor filled in stands there already.
export function script(c: Card): TemplateResult {
  if (!c.script && !c.script_fields.length) return html``;
  return html`<section aria-labelledby="script">
    <h3 id="script">What to say</h3>
    ${c.script.split(/\n+/).map((line) => html`<p>${line}</p>`)}
    ${c.script_fields.map((f) => html`<p class="field"><label>${f.label || readable(f.name)} <input type="text" name=${f.name} value=${f.value} data-script=${f.label || readable(f.name)} autocomplete="off" /></label></p>`)}
  </section>`;
}

// before tells of earlier calls with the same visitor.
export function before(c: Card): TemplateResult {
  if (!c.earlier.length) return html`<p class="soft">First contact with ${c.subscriber.name}.</p>`;
  return html`<section aria-labelledby="earlier">
    <h3 id="earlier">Earlier</h3>
    <ul class="list">${c.earlier.map((e) => contact(e))}</ul>
  </section>`;
}

function contact(e: Earlier): TemplateResult {
  const who = typeof e.agent === "string" ? e.agent : (e.agent?.name ?? "");
  return html`<li>
    <strong>${dayAndTime(e.at)}</strong> ${e.disposition ? readable(e.disposition) : outcomeWord(e.outcome)}${who ? html` · ${who}` : nothing}
    ${e.topic ? html`<br />${e.topic}` : nothing} ${e.note ? html`<br /><span class="note">${e.note}</span>` : nothing}
    ${e.recordings.map((t, i) => tape(e, t, i))}
  </li>`;
}

// tape plays what was recorded of it. Nothing is fetched before she asks: who hears it is written down.
function tape(e: Earlier, t: Tape, i: number): TemplateResult {
  const part = e.recordings.length > 1 ? `, part ${i + 1}` : "";
  const name = `Recording of ${dayAndTime(e.at)}${part}, ${span(t.length_s * 1000)}`;
  return html`<audio controls preload="none" aria-label=${name} src=${`/api/v1/recordings/${encodeURIComponent(t.id)}/audio`}></audio>`;
}
