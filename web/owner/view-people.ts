// Who answers for the business, and what they say and see when they do.
import { html, nothing, type TemplateResult } from "lit";
import type { Representation } from "./facts";
import type { Shop } from "./shop";
import { sent } from "./undo";

export class People {
  private all: Representation[] | null = null;

  constructor(private readonly shop: Shop) {}

  open(): void {
    void this.shop.deed("", async () => {
      this.all = await this.shop.all<Representation>("/representations");
    });
  }

  close(): void {}

  view(): TemplateResult {
    return html`<section class="panel" aria-labelledby="people">
      <h2 id="people">Who answers for you</h2>
      <p class="soft">They belong to whoever runs this service, who adds and removes them. How they speak for you is yours to say.</p>
      ${this.all?.length === 0 ? html`<p>Nobody: your own telephone rings. It stands under Hours.</p>` : nothing}
    </section>
    ${this.all?.map((r) => this.form(r))}`;
  }

  private form(r: Representation): TemplateResult {
    const name = r.agent_name ?? r.agent_slug ?? "";
    return html`<section class="panel" aria-labelledby=${r.id}>
      <h2 id=${r.id}>${name}</h2>
      <form class="stack" @submit=${(e: SubmitEvent) => void this.keep(e, r, name)}>
        <label>Name that visitors see <input type="text" name="display_name" maxlength="80" .value=${r.display_name} /></label>
        <label>Greeting, to read aloud <textarea name="greeting" rows="2" .value=${r.greeting}></textarea></label>
        <label>Whispered before the call <input type="text" name="whisper" .value=${r.whisper} /></label>
        <label>Script on the screen <textarea name="script" rows="4" .value=${r.script}></textarea></label>
        <label>Languages, such as en, de <input type="text" name="languages" .value=${r.languages.join(", ")} /></label>
        <div class="row"><button ?disabled=${this.shop.busy} aria-label="Keep: ${name}">Keep</button></div>
      </form>
    </section>`;
  }

  private async keep(e: SubmitEvent, r: Representation, name: string): Promise<void> {
    const { said } = sent(e);
    const languages = said("languages").split(/[\s,;]+/).filter(Boolean);
    await this.shop.deed(`What ${name} says for you is kept.`, async () => {
      const kept = await this.shop.patch<Representation>(`/representations/${r.id}`, {
        display_name: said("display_name"), greeting: said("greeting"), whisper: said("whisper"), script: said("script"), languages,
      });
      this.all = (this.all ?? []).map((x) => (x.id === r.id ? kept : x));
    });
  }
}
