// What people agreed to, in the sentence that they read, and what they took back.
import { html, nothing, type TemplateResult } from "lit";
import { readable } from "../desk/words";
import { save, table } from "./csv";
import type { Consent, Page } from "./facts";
import type { Shop } from "./shop";

const acts: Record<string, string> = {
  given: "asked to be called",
  withdrawn: "took it back",
  opted_out: "asked never to be called again",
  lifted: "may be called again",
  erased: "was erased",
};

export class Consents {
  private all: Consent[] = [];
  private next: string | null = "";

  constructor(private readonly shop: Shop) {}

  open(): void {
    void this.more();
  }

  close(): void {}

  private async more(): Promise<void> {
    await this.shop.deed("", async () => {
      const page = await this.shop.get<Page<Consent>>(`/consents?limit=50${this.next && `&after=${this.next}`}`);
      this.all = [...this.all, ...page.data];
      this.next = page.next;
    });
  }

  view(): TemplateResult {
    return html`<section class="panel" aria-labelledby="consents">
      <h2 id="consents">Consent</h2>
      <p class="soft">Of the last 90 days, the newest first. The record is only ever added to, and chained: whoever runs this service can prove that nothing in it was changed.</p>
      <div class="row"><button class="plain" ?disabled=${this.shop.busy} @click=${() => void this.export()}>Export as CSV</button></div>
      ${this.all.length
        ? html`<ul class="list">${this.all.map((c) => html`<li><strong>${c.number ?? "Somebody"}</strong> ${acts[c.act] ?? readable(c.act)}<br />
            <span class="soft">${this.shop.clock(c.at)}, by ${readable(c.route).toLowerCase()}${c.page ? html`, on ${c.page}` : nothing}</span>
            ${c.text ? html`<br /><q lang=${c.text.language}>${c.text.text}</q>` : nothing}</li>`)}</ul>`
        : html`<p>${this.shop.busy ? "One moment…" : "Nothing is on record."}</p>`}
      ${this.next ? html`<div class="row"><button class="plain" ?disabled=${this.shop.busy} @click=${() => void this.more()}>Show more</button></div>` : nothing}
    </section>`;
  }

  private async export(): Promise<void> {
    await this.shop.deed("The file is saved.", async () => {
      const all = await this.shop.all<Consent>("/consents?since=2020-01-01");
      const head = ["id", "at", "act", "route", "number", "callback", "page", "user_agent", "version", "language", "text"];
      save(`consent-${this.shop.at.slug}.csv`, table(head, all.map((c) => [c.id, c.at, c.act, c.route, c.number, c.callback, c.page, c.user_agent, c.text?.version, c.text?.language, c.text?.text])));
    });
  }
}
