// Today's callers: those whom nobody reached first, with what can be done about them at once.
import { html, nothing, type TemplateResult } from "lit";
import { who, type Head } from "./facts";
import { came, length } from "./words";
import type { Shop } from "./shop";

const most = 400; // callbacks that are looked at

export class Leads {
  private all: Head[] | null = null;
  private timer: number | undefined;

  constructor(private readonly shop: Shop, private readonly changed: () => void) {}

  open(): void {
    void this.look();
    this.timer = setInterval(() => document.visibilityState === "visible" && void this.look(), 15_000);
  }

  close(): void {
    clearInterval(this.timer);
  }

  private async look(): Promise<void> {
    try {
      const today = this.shop.day(Date.now());
      const fresh: Head[] = [];
      for (let after: string | null = ""; after !== null && fresh.length < most; ) {
        const page: { data: Head[]; next: string | null } = await this.shop.get(`/callbacks?limit=100${after && `&after=${after}`}`);
        fresh.push(...page.data);
        after = page.data.some((c) => this.shop.day(c.created_at) === today) ? page.next : null;
      }
      this.all = fresh;
    } catch (e) {
      this.shop.fail(e);
    }
    this.changed();
  }

  // missed are those who waited in vain, of today and the two days before: whom nobody has talked to or ticked off since.
  private missed(all: Head[]): Head[] {
    const since = Date.now() - 3 * 86_400_000;
    const seen = new Set<string>();
    const dealt = new Map<string, string>(); // with, by number: when last
    for (const c of all) {
      const last = c.state !== "ended" || c.outcome === "completed" || c.disposition ? c.created_at : "";
      if (c.number && last > (dealt.get(c.number) ?? "")) dealt.set(c.number, last);
    }
    return all.filter((c) => {
      const vain = c.state === "ended" && !["completed", "cancelled", "refused"].includes(c.outcome ?? "");
      if (!vain || c.disposition || Date.parse(c.created_at) < since || (dealt.get(c.number ?? "") ?? "") > c.created_at) return false;
      const again = c.number ? seen.has(c.number) : false;
      seen.add(c.number ?? c.id);
      return !again; // one card a person, of her last try
    });
  }

  view(): TemplateResult {
    if (!this.all) return html`<p role="status">One moment…</p>`;
    const missed = this.missed(this.all);
    const live = this.all.filter((c) => c.state !== "ended");
    const today = this.shop.day(Date.now());
    const rest = this.all.filter((c) => c.state === "ended" && !missed.includes(c) && this.shop.day(c.created_at) === today);
    return html`<section class="panel" aria-labelledby="missed">
        <h2 id="missed">Not reached${missed.length ? ` (${missed.length})` : ""}</h2>
        ${missed.length ? html`<ul class="list">${missed.map((c) => this.card(c))}</ul>` : html`<p>Nobody waits for you to call back.</p>`}
      </section>
      ${live.length ? html`<section class="panel" aria-labelledby="live"><h2 id="live">Under way and promised</h2><ul class="list">${live.map((c) => this.line(c))}</ul></section>` : nothing}
      <section class="panel" aria-labelledby="today">
        <h2 id="today">Today</h2>
        ${rest.length ? html`<ul class="list">${rest.map((c) => this.line(c))}</ul>` : html`<p class="soft">Nothing else today.</p>`}
      </section>`;
  }

  private about(c: Head): TemplateResult {
    return html`<span class="grow"><a href="#call/${c.id}"><strong>${who(c)}</strong></a>${c.name && c.number ? html` <a class="number" href="tel:${c.number}">${c.number}</a>` : nothing}<br />
      <span class="soft">${this.shop.clock(c.arrived_at ?? c.created_at)}, ${came(c)}${c.talk_s ? `, ${length(c.talk_s)}` : ""}${c.topic ? html`<br />${c.topic}` : nothing}</span></span>`;
  }

  private card(c: Head): TemplateResult {
    return html`<li class="lead" data-call=${c.id}>
      ${this.about(c)}
      <span class="row">
        <button class="go" ?disabled=${this.shop.busy} aria-label="Call back now: ${who(c)}" @click=${() => void this.callBack(c)}>Call back now</button>
        <button class="plain" ?disabled=${this.shop.busy} aria-label="Done: ${who(c)}" @click=${() => void this.done(c)}>Done</button>
      </span>
    </li>`;
  }

  private line(c: Head): TemplateResult {
    return html`<li class="lead" data-call=${c.id}>
      ${this.about(c)}
      ${c.state === "scheduled" ? html`<span class="row"><button class="plain" ?disabled=${this.shop.busy} aria-label="Call now: ${who(c)}" @click=${() => void this.now(c)}>Call now</button></span>` : nothing}
    </li>`;
  }

  private async callBack(c: Head): Promise<void> {
    await this.shop.deed(`We are calling ${who(c)}: your telephone rings first.`, () => this.shop.post(`/callbacks/${c.id}/follow_up`, { when: { now: true } }));
    await this.look();
  }

  private async now(c: Head): Promise<void> {
    await this.shop.deed(`We are calling ${who(c)} now.`, () => this.shop.post(`/callbacks/${c.id}/now`));
    await this.look();
  }

  private async done(c: Head): Promise<void> {
    const code = this.shop.business?.dispositions[0] ?? "done";
    await this.shop.deed(`${who(c)} is ticked off.`, () => this.shop.post(`/callbacks/${c.id}/disposition`, { code }));
    await this.look();
  }
}
