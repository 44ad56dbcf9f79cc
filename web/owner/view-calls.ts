// All callbacks, and the story of one: what happened, sentence by sentence, with what was recorded.
import { html, nothing, type TemplateResult } from "lit";
import { readable } from "../desk/words";
import { who, type Call, type Head, type Page, type Tape } from "./facts";
import { save, table } from "./csv";
import type { Shop } from "./shop";
import { sentence } from "./story";
import { came, length } from "./words";

export class Calls {
  private list: Head[] = [];
  private next: string | null = "";
  private outcome = "";

  constructor(private readonly shop: Shop, private readonly changed: () => void) {}

  open(): void {
    this.list = [];
    this.next = "";
    void this.more();
  }

  close(): void {}

  private async more(): Promise<void> {
    await this.shop.deed("", async () => {
      const page = await this.shop.get<Page<Head>>(`/callbacks?limit=50${this.next && `&after=${this.next}`}`);
      this.list = [...this.list, ...page.data];
      this.next = page.next;
    });
  }

  view(): TemplateResult {
    const shown = this.list.filter((c) => !this.outcome || (this.outcome === "missed" ? c.state === "ended" && !["completed", "cancelled"].includes(c.outcome ?? "") : c.outcome === this.outcome));
    return html`<section class="panel" aria-labelledby="calls">
      <h2 id="calls">All calls</h2>
      <div class="row">
        <label class="hand">Show <select @change=${(e: Event) => this.only((e.target as HTMLSelectElement).value)}><option value="">all</option><option value="missed">not reached</option><option value="completed">talked</option></select></label>
        <span class="grow"></span>
        <button class="plain" ?disabled=${this.shop.busy} @click=${() => void this.export()}>Export as CSV</button>
      </div>
      ${shown.length ? html`<ul class="list">${shown.map((c) => this.line(c))}</ul>` : html`<p>${this.shop.busy ? "One moment…" : "No calls yet. Put a button on your page, and they stand here."}</p>`}
      ${this.next ? html`<div class="row"><button class="plain" ?disabled=${this.shop.busy} @click=${() => void this.more()}>Show more</button></div>` : nothing}
    </section>`;
  }

  private only(outcome: string): void {
    this.outcome = outcome;
    this.changed();
  }

  private line(c: Head): TemplateResult {
    return html`<li><a href="#call/${c.id}"><strong>${who(c)}</strong></a> <span class="soft">${c.name ? c.number : ""}</span><br />
      <span class="soft">${this.shop.clock(c.arrived_at ?? c.created_at)}, ${came(c)}${c.talk_s ? `, ${length(c.talk_s)}` : ""}${c.disposition ? `, ${readable(c.disposition.code)}` : ""}</span></li>`;
  }

  private async export(): Promise<void> {
    await this.shop.deed("The file is saved.", async () => {
      const all = await this.shop.all<Head>("/callbacks");
      const head = ["id", "asked_at", "name", "number", "topic", "button", "page", "state", "outcome", "reason", "talk_seconds", "ended_at", "disposition"];
      const rows = all.map((c) => [c.id, c.created_at, c.name, c.number ?? c.endpoint, c.topic, c.button_slug, c.page, c.state, c.outcome, c.reason?.staff, c.talk_s, c.ended_at, c.disposition?.code]);
      save(`calls-${this.shop.at.slug}.csv`, table(head, rows));
    });
  }
}

export class Story {
  private call: Call | null = null;
  private tapes: Tape[] = [];
  private hidden = new Set<string>();

  constructor(
    private readonly shop: Shop,
    private readonly id: string,
  ) {}

  open(): void {
    void this.shop.deed("", () => this.look());
  }

  close(): void {}

  private async look(): Promise<void> {
    this.call = await this.shop.get<Call>(`/callbacks/${encodeURIComponent(this.id)}`);
    this.tapes = (await this.shop.get<Page<Tape>>(`/recordings?callback=${encodeURIComponent(this.call.id)}`)).data;
  }

  view(): TemplateResult {
    const c = this.call;
    if (!c) return html`<p role="status">${this.shop.busy ? "One moment…" : ""}</p>`;
    const facts: [string, unknown][] = [
      ["Number", c.number ? html`<a href="tel:${c.number}">${c.number}</a>` : c.endpoint],
      ["About", c.topic],
      ...Object.entries(c.fields).map(([k, v]): [string, unknown] => [readable(k), v]),
      ["From the page", c.page],
      ["Button", c.button_slug],
      ["Asked", this.shop.clock(c.created_at)],
      ["Promised for", c.state === "scheduled" ? this.shop.clock(c.due_at) : ""],
      ["Talked", c.talk_s ? length(c.talk_s) : ""],
      ["What came of it", c.disposition ? [readable(c.disposition.code), c.disposition.note].filter(Boolean).join(": ") : ""],
    ];
    const told = c.journal.map((l): [string, string] => [l.at, sentence(l)]).filter(([, said]) => said);
    return html`<section class="panel" aria-labelledby="story">
      <p><a href="#calls">All calls</a></p>
      <h2 id="story">${who(c)}: ${came(c)}</h2>
      <dl class="facts">${facts.filter(([, v]) => v).map(([k, v]) => html`<div><dt>${k}</dt><dd>${v}</dd></div>`)}</dl>
      ${this.deeds(c)}
      <h3>What happened</h3>
      <ol class="story">${told.map(([at, said], i) => html`<li><time datetime=${at}>${this.shop.clock(at, i === 0 || this.shop.day(at) !== this.shop.day(told[i - 1]![0]))}</time> ${said}</li>`)}</ol>
      ${this.tapes.length ? html`<h3>Recordings</h3><ul class="list">${this.tapes.filter((t) => !this.hidden.has(t.id)).map((t) => this.tape(t))}</ul>` : nothing}
      <h3>Notes</h3>
      ${c.notes.length ? html`<ul class="list">${c.notes.map((n) => html`<li>${n.text}<br /><span class="soft">${this.shop.clock(n.at)}</span></li>`)}</ul>` : nothing}
      <form class="stack" @submit=${(e: SubmitEvent) => void this.note(e)}>
        <label>Another note <textarea name="text" rows="2" required maxlength="4000"></textarea></label>
        <div class="row"><button class="plain" ?disabled=${this.shop.busy}>Keep the note</button></div>
      </form>
    </section>`;
  }

  private deeds(c: Call): TemplateResult {
    const act = (done: string, path: string, body: unknown = {}): void => void this.shop.deed(done, async () => {
      await this.shop.post(`/callbacks/${c.id}/${path}`, body);
      await this.look();
    });
    const off = this.shop.busy;
    if (c.state === "ended") {
      return html`<div class="row">
        <button class="go" ?disabled=${off} @click=${() => act(`We are calling ${who(c)}: your telephone rings first.`, "follow_up", { when: { now: true } })}>Call back now</button>
        <button class="plain" ?disabled=${off} @click=${() => act("We call her tomorrow.", "follow_up", { when: { after: "24h" } })}>Tomorrow, same time</button>
        ${c.disposition ? nothing : html`<button class="plain" ?disabled=${off} @click=${() => act("It is ticked off.", "disposition", { code: this.shop.business?.dispositions[0] ?? "done" })}>Done</button>`}
        <button class="plain" ?disabled=${off} @click=${() => act("This telephone is not called again. You can lift that under Blocked.", "opt_out", { reason: "asked for by the business" })}>Never call again</button>
      </div>`;
    }
    return html`<div class="row">
      ${c.state === "scheduled" ? html`<button class="go" ?disabled=${off} @click=${() => act("We are calling now.", "now")}>Call now</button>` : nothing}
      <button class="stop" ?disabled=${off} @click=${() => act("The call is withdrawn.", "cancel")}>Withdraw the call</button>
    </div>`;
  }

  private tape(t: Tape): TemplateResult {
    const about = `Recording of call ${t.attempt}, ${length(t.length_s)}`;
    return html`<li class="queue"><span class="grow">${about}<br /><span class="soft">${t.delete_at ? `kept until ${this.shop.clock(t.delete_at)}` : ""}</span>
      <audio controls preload="none" aria-label=${about} src="/api/v1${this.shop.path(`/recordings/${t.id}/audio`)}"></audio></span>
      <button class="plain" aria-label="Delete: ${about}" @click=${() => this.drop(t)}>Delete</button></li>`;
  }

  private drop(t: Tape): void {
    this.hidden.add(t.id);
    this.shop.later("The recording is deleted.", () => this.shop.remove(`/recordings/${t.id}`), () => this.hidden.delete(t.id));
  }

  private async note(e: SubmitEvent): Promise<void> {
    e.preventDefault();
    const form = e.target as HTMLFormElement;
    const kept = await this.shop.deed("The note is kept.", async () => {
      await this.shop.post(`/callbacks/${this.id}/note`, { text: new FormData(form).get("text") });
      await this.look();
    });
    if (kept) form.reset();
  }
}
