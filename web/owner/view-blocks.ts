// Telephones that are not called: because the business says so, or because whoever has one asked.
import { html, nothing, type TemplateResult } from "lit";
import { save, table } from "./csv";
import type { Block } from "./facts";
import type { Shop } from "./shop";
import { Bin, sent } from "./undo";

export class Blocks {
  private all: Block[] = [];
  private bin: Bin;

  constructor(private readonly shop: Shop) {
    this.bin = new Bin(shop);
  }

  open(): void {
    void this.shop.deed("", () => this.look());
  }

  close(): void {}

  private async look(): Promise<void> {
    this.all = await this.shop.all<Block>("/blocks");
  }

  view(): TemplateResult {
    const kept = this.bin.kept(this.all);
    return html`<section class="panel" aria-labelledby="blocks">
      <h2 id="blocks">Blocked telephones</h2>
      <p class="soft">They are neither called nor served. We keep no more of a number than what you see: the rest is a seal that only this service can compare.</p>
      <form class="stack" @submit=${(e: SubmitEvent) => void this.add(e)}>
        <label>Number <input type="tel" name="number" required autocomplete="off" /></label>
        <label>Why <input type="text" name="reason" maxlength="200" autocomplete="off" /></label>
        <div class="row"><button ?disabled=${this.shop.busy}>Block it</button><button type="button" class="plain" @click=${() => this.export()}>Export as CSV</button></div>
      </form>
      ${kept.length ? html`<ul class="list">${kept.map((b) => this.line(b))}</ul>` : html`<p>No telephone is blocked.</p>`}
    </section>`;
  }

  private line(b: Block): TemplateResult {
    const how = b.own_wish ? "The person asked never to be called." : b.reason || "Blocked by you.";
    return html`<li class="queue">
      <span class="grow"><strong>${b.number}</strong><br /><span class="soft">${how} ${this.shop.clock(b.created_at)}${b.until ? html`, until ${this.shop.clock(b.until)}` : nothing}</span></span>
      <button class="plain" aria-label="Unblock: ${b.number}" @click=${() => this.bin.drop(`${b.number} may be called again.`, "/blocks", b.id)}>Unblock</button>
    </li>`;
  }

  private async add(e: SubmitEvent): Promise<void> {
    const { form, said } = sent(e);
    const done = await this.shop.deed("The telephone is blocked.", async () => {
      await this.shop.post("/blocks", { number: said("number"), reason: said("reason") });
      await this.look();
    });
    if (done) form.reset();
  }

  private export(): void {
    save(`blocked-${this.shop.at.slug}.csv`, table(["id", "number", "reason", "own_wish", "until", "created_at"], this.all.map((b) => [b.id, b.number, b.reason, b.own_wish, b.until, b.created_at])));
  }
}
