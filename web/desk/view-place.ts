// The middle while no call is there: place one for a business that she represents.
import { html, nothing, type TemplateResult } from "lit";
import { target } from "./view-call";
import type { Work } from "./work";

export function idle(w: Work): TemplateResult {
  return html`<section class="panel" aria-labelledby="idle">
      <h2 id="idle">${w.presence.presence === "ready" ? "Waiting for a call" : "No call"}</h2>
      <p class="soft">${hint(w)}</p>
    </section>
    ${place(w)} ${businesses(w)}`;
}

function hint(w: Work): string {
  switch (w.presence.presence) {
    case "ready":
      return w.leads ? "It rings here as soon as somebody is to be called." : "It rings in the other tab.";
    case "paused":
      return w.presence.reason === "away" ? "This desk did not answer for a while. Press Ready when you are back." : "No calls come while you pause.";
    case "finishing":
      return "No new calls come. What you have promised stays yours until you sign out.";
    case "wrap_up":
      return "Finish your notes; then press Ready.";
    default:
      return "Press Ready to take calls.";
  }
}

function place(w: Work): TemplateResult | typeof nothing {
  const may = w.me.represents.filter((r) => !r.paused);
  if (!may.length) return nothing;
  return html`<section class="panel" aria-labelledby="place">
    <h2 id="place">Place a call</h2>
    <form class="stack" @submit=${(e: SubmitEvent) => dial(e, w)}>
      <label>For <select name="subscriber">${may.map((r) => html`<option value=${r.subscriber.slug}>${r.subscriber.name}${r.caller_id ? ` (${r.caller_id})` : ""}</option>`)}</select></label>
      <label>Number <input type="tel" name="number" required autocomplete="off" /></label>
      <label>Name, if you know it <input type="text" name="name" autocomplete="off" maxlength="100" /></label>
      <div class="row"><button ?disabled=${w.busy || w.presence.presence !== "ready"}>Call</button></div>
      ${w.presence.presence === "ready" ? nothing : html`<p class="soft">Press Ready first: the call comes to you.</p>`}
    </form>
  </section>`;
}

async function dial(e: SubmitEvent, w: Work): Promise<void> {
  e.preventDefault();
  const form = e.target as HTMLFormElement;
  const said = new FormData(form);
  const name = String(said.get("name") ?? "").trim();
  const body = {
    subscriber: said.get("subscriber"),
    number: target(String(said.get("number"))).replace(/^tel:/, ""),
    agent: "me",
    order: "agent_first",
    ...(name ? { name } : {}),
  };
  if (await w.place(body)) form.reset();
}

function businesses(w: Work): TemplateResult {
  return html`<section class="panel" aria-labelledby="businesses">
    <h2 id="businesses">You answer for</h2>
    <ul class="list">
      ${w.me.represents.map((r) => html`<li><strong>${r.subscriber.name}</strong> as ${r.display_name}${r.paused ? html` · closed` : nothing}${r.greeting ? html`<br /><span class="soft">${r.greeting}</span>` : nothing}</li>`)}
      ${w.me.represents.length ? nothing : html`<li class="soft">Nobody yet. Whoever runs this service sets it up.</li>`}
    </ul>
  </section>`;
}
