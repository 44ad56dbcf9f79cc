// The right side: what came of the call, a note, and a promise to call again.
import { html, nothing, type TemplateResult } from "lit";
import { ofCallback, post } from "./api";
import type { Card } from "./facts";
import type { Work } from "./work";
import { outcomeWord, readable, until } from "./words";

const usual = ["done", "follow_up", "wrong_number", "spam"];

export function afterwards(w: Work, now: number): TemplateResult {
  const card = w.after?.card ?? w.call?.card;
  return html`<section class="panel" aria-labelledby="after">
    <h2 id="after">${w.after ? "After the call" : "Notes"}</h2>
    ${card ? html`${ending(w, now)} ${disposition(w, card)} ${followUp(w, card)}` : html`<p class="soft">When you have a call, you write here what came of it.</p>`}
  </section>`;
}

function ending(w: Work, now: number): TemplateResult | typeof nothing {
  const a = w.after;
  if (!a) return nothing;
  const ends = w.presence.presence === "wrap_up" ? (w.presence.until ?? a.over.wrap_up_until) : null;
  return html`<p><strong>${a.card.subscriber.name}</strong>: ${outcomeWord(a.over.outcome)}</p>
    ${a.over.reason ? html`<p class="soft">${a.over.reason.staff}</p>` : nothing}
    ${ends ? html`<p class="timer">Time for notes: <strong>${until(ends, now)}</strong></p>` : nothing}
    <div class="row"><button @click=${() => w.be("ready")}>Done, ready</button></div>`;
}

function disposition(w: Work, card: Card): TemplateResult {
  const codes = card.dispositions?.length ? card.dispositions : usual;
  return html`<form class="stack" data-for=${card.callback} @submit=${(e: SubmitEvent) => keep(e, w, card)}>
    <fieldset>
      <legend>What came of it</legend>
      ${codes.map((c) => html`<label class="choice"><input type="radio" name="code" value=${c} .checked=${w.after?.disposition === c} />${readable(c)}</label>`)}
    </fieldset>
    <label>Note <textarea name="note" rows="4" maxlength="4000"></textarea></label>
    <div class="row"><button class="plain">Keep</button></div>
    <p role="status" class="soft">${w.after?.saved ?? ""}</p>
  </form>`;
}

// keep sends the code with the note, or the note alone while there is no code yet.
async function keep(e: SubmitEvent, w: Work, card: Card): Promise<void> {
  e.preventDefault();
  const form = e.target as HTMLFormElement;
  const said = new FormData(form);
  const code = String(said.get("code") ?? "");
  const note = noteOf(String(said.get("note") ?? ""));
  if (!code && !note) return w.say("wrong", "Choose what came of it, or write a note.");
  const path = ofCallback(card.callback, code ? "disposition" : "note");
  if (!(await w.deed(() => post(path, code ? { code, note } : { text: note })))) return;
  if (w.after) w.after = { ...w.after, disposition: code, saved: "It is kept." };
  form.querySelector("textarea")!.value = "";
  w.say("info", "It is kept.");
}

// noteOf adds what was written into the script's fields.
function noteOf(text: string): string {
  const fields = [...document.querySelectorAll<HTMLInputElement>("input[data-script]")].filter((i) => i.value && i.value !== i.defaultValue);
  return [text.trim(), ...fields.map((i) => `${i.dataset.script}: ${i.value}`)].filter(Boolean).join("\n");
}

function followUp(w: Work, card: Card): TemplateResult {
  return html`<details class="fold">
    <summary>Call again</summary>
    <form class="stack" @submit=${(e: SubmitEvent) => promise(e, w, card)}>
      <label>When <input type="datetime-local" name="at" required /></label>
      <label>Who <select name="who"><option value="me">I do</option><option value="anyone">Anyone</option></select></label>
      <label>What for <input type="text" name="note" maxlength="500" autocomplete="off" /></label>
      <div class="row"><button class="plain">Promise</button></div>
    </form>
  </details>`;
}

async function promise(e: SubmitEvent, w: Work, card: Card): Promise<void> {
  e.preventDefault();
  const form = e.target as HTMLFormElement;
  const said = new FormData(form);
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const body = { when: { at: String(said.get("at")), zone }, who: said.get("who"), note: String(said.get("note") ?? "") };
  if (await w.deed(() => post(ofCallback(card.callback, "follow_up"), body))) {
    form.reset();
    w.say("info", "The call is promised.");
  }
}
