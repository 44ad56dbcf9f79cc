// Buttons: how each looks and asks, the lines to put into a page, and a call to try it.
import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import type { Button, Call, Field } from "./facts";
import type { Shop } from "./shop";
import { Bin, sent } from "./undo";

export class Buttons {
  private all: Button[] | null = null;
  private at: Button | null = null;
  private fields: Field[] = [];
  private shown = 0; // times that the preview was loaded
  private tried = "";
  private bin: Bin;

  constructor(
    private readonly shop: Shop,
    private readonly changed: () => void,
    private readonly id: string,
  ) {
    this.bin = new Bin(shop);
  }

  open(): void {
    void this.shop.deed("", async () => {
      this.all = await this.shop.all<Button>("/buttons");
      this.at = this.all.find((b) => b.id === this.id) ?? null;
      this.fields = this.at ? structuredClone(this.at.fields) : [];
    });
  }

  close(): void {}

  view(): TemplateResult {
    if (!this.all) return html`<p role="status">One moment…</p>`;
    return this.at ? this.one(this.at) : this.list(this.bin.kept(this.all));
  }

  private list(all: Button[]): TemplateResult {
    return html`<section class="panel" aria-labelledby="buttons">
      <h2 id="buttons">Buttons</h2>
      ${all.length
        ? html`<ul class="list">${all.map((b) => html`<li class="queue">
            <span class="grow"><a href="#buttons/${b.id}"><strong>${b.slug}</strong></a><br /><span class="soft">${b.closed ? "closed" : b.origins.length ? b.origins.join(", ") : "on any page"}</span></span>
            <button class="plain" aria-label="Delete: ${b.slug}" @click=${() => this.bin.drop(`The button ${b.slug} is deleted.`, "/buttons", b.id)}>Delete</button>
          </li>`)}</ul>`
        : html`<p>None yet. Make one, and put it on your page.</p>`}
      <form class="stack" @submit=${(e: SubmitEvent) => void this.make(e)}>
        <label>Name of a new button <input type="text" name="slug" required pattern="[a-z0-9][a-z0-9\\-]*" maxlength="63" autocapitalize="none" autocomplete="off" aria-describedby="slug-hint" /></label>
        <p class="soft" id="slug-hint">Small letters, digits and dashes. Visitors do not see it.</p>
        <div class="row"><button ?disabled=${this.shop.busy}>Make a button</button></div>
      </form>
    </section>`;
  }

  private async make(e: SubmitEvent): Promise<void> {
    const slug = sent(e).said("slug");
    await this.shop.deed("", async () => {
      const b = await this.shop.post<Button>("/buttons", { slug });
      location.hash = `#buttons/${b.id}`;
    });
  }

  private one(b: Button): TemplateResult {
    return html`<section class="panel" aria-labelledby="button">
        <p><a href="#buttons">All buttons</a></p>
        <h2 id="button">${b.slug}</h2>
        ${this.form(b)}
      </section>
      <section class="panel" aria-labelledby="preview">
        <h2 id="preview">As visitors see it</h2>
        <p class="soft">This is the real button: what you ask for here is a call. Change something, and keep it, to see it here.</p>
        <iframe class="preview" title="Preview of ${b.slug}" src="/app/preview?button=${encodeURIComponent(b.id)}&n=${this.shown}"></iframe>
      </section>
      ${this.snippets(b)}
      <section class="panel" aria-labelledby="try">
        <h2 id="try">Call me</h2>
        <p class="soft">A test call: first whoever answers for you is rung, then the telephone that you write here.</p>
        <form class="stack" @submit=${(e: SubmitEvent) => void this.test(e, b)}>
          <label>Your telephone <input type="tel" name="number" required autocomplete="tel" /></label>
          <div class="row"><button class="go" ?disabled=${this.shop.busy}>Call me now</button>${this.tried ? html`<a class="button plain" href="#call/${this.tried}">See how it goes</a>` : nothing}</div>
        </form>
      </section>`;
  }

  private form(b: Button): TemplateResult {
    const has = (c: string): boolean => b.channels.some((x) => x.name === c);
    const tick = (name: string, on: boolean, text: string): TemplateResult => html`<label class="choice"><input type="checkbox" name=${name} .checked=${live(on)} />${text}</label>`;
    return html`<form class="stack" @submit=${(e: SubmitEvent) => void this.keep(e, b)}>
      ${tick("open", !b.closed, "It takes calls")}
      <label>Who is rung first <select name="order"><option value="agent_first" ?selected=${b.order === "agent_first"}>we are</option><option value="visitor_first" ?selected=${b.order === "visitor_first"}>the visitor is</option></select></label>
      <label>How often a visitor who does not answer is tried <select name="tries">${Array.from({ length: 10 }, (_, i) => html`<option value=${i + 1} ?selected=${b.tries === i + 1}>${i + 1}</option>`)}</select></label>
      <fieldset><legend>Ways to talk</legend>${tick("phone", has("phone"), "On the telephone")}${tick("web", has("web"), "In the browser")}</fieldset>
      <label>Pages it may stand on, one a line; none is any <textarea name="origins" rows="2" spellcheck="false" placeholder="https://www.example.com" .value=${b.origins.join("\n")}></textarea></label>
      <fieldset>
        <legend>What else is asked</legend>
        ${this.fields.map((f, i) => html`<div class="row">
          <label class="grow">Question <input type="text" required maxlength="80" .value=${live(f.label)} @input=${(e: Event) => (f.label = (e.target as HTMLInputElement).value)} /></label>
          <label class="choice"><input type="checkbox" .checked=${live(f.required)} @change=${(e: Event) => (f.required = (e.target as HTMLInputElement).checked)} />must be answered</label>
          <button type="button" class="plain" aria-label="Remove the question ${f.label}" @click=${() => this.change(() => this.fields.splice(i, 1))}>Remove</button>
        </div>`)}
        <div class="row"><button type="button" class="plain" @click=${() => this.change(() => this.fields.push({ name: "", label: "", required: false }))}>Add a question</button></div>
      </fieldset>
      <div class="row"><button ?disabled=${this.shop.busy}>Keep the button</button></div>
    </form>`;
  }

  private change(what: () => void): void {
    what();
    this.changed();
  }

  private async keep(e: SubmitEvent, b: Button): Promise<void> {
    const { said, ticked, lines } = sent(e);
    const ways = ["phone", "web"].filter(ticked).concat(b.channels.map((c) => c.name).filter((c) => c !== "phone" && c !== "web"));
    await this.shop.deed("The button is kept.", async () => {
      this.at = await this.shop.patch<Button>(`/buttons/${b.id}`, {
        closed: !ticked("open"), order: said("order"), tries: Number(said("tries")), channels: ways,
        origins: lines("origins"), fields: this.fields.map((f, i) => ({ ...f, name: f.name || named(f.label, i) })),
      });
      this.fields = structuredClone(this.at.fields);
      this.all = (this.all ?? []).map((x) => (x.id === b.id ? this.at! : x));
      this.shown++;
    });
  }

  private snippets(b: Button): TemplateResult {
    const at = new URL(b.url).origin;
    const link = `<a href="${b.url}">Call me back</a>`;
    const all: [string, string, string][] = [
      ["widget", "For your page", `<call-back button="${b.id}">${link}</call-back>\n<script type="module" async src="${at}/w/1/cb.js"></script>`],
      ["link", "Without script, or in a mail", link],
      ["address", "The address itself", b.url],
    ];
    return html`<section class="panel" aria-labelledby="snippets">
      <h2 id="snippets">Put it on your page</h2>
      ${all.map(([id, name, text]) => html`<div class="stack snippet"><label>${name} <textarea id=${id} rows=${text.includes("\n") ? 5 : 2} readonly spellcheck="false" .value=${text} @focus=${(e: Event) => (e.target as HTMLTextAreaElement).select()}></textarea></label>
        <div class="row"><button class="plain" aria-label="Copy: ${name}" @click=${() => void this.shop.deed("It is copied. Paste it where it belongs.", () => copy(id, text))}>Copy</button></div></div>`)}
    </section>`;
  }

  private async test(e: SubmitEvent, b: Button): Promise<void> {
    const number = sent(e).said("number");
    await this.shop.deed("The call is on its way.", async () => {
      this.tried = (await this.shop.post<Call>("/callbacks", { button: b.id, number, name: "Test call" })).id;
    });
  }
}

// named is what a question is called in the data: small letters, digits and underscores.
function named(label: string, i: number): string {
  return label.normalize("NFD").toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "").slice(0, 40) || `question_${i + 1}`;
}

// copy works without a secure context, too, where the page is left to mark the text.
async function copy(id: string, text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  document.querySelector<HTMLTextAreaElement>(`#${id}`)?.select();
  throw new Error("This page may not copy here. The text is marked: press Ctrl+C.");
}
