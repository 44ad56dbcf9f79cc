// When the business is open, when it is closed for a day, and which telephone rings when nobody answers for it.
import { html, nothing, type TemplateResult } from "lit";
import type { Hours } from "./facts";
import type { Shop } from "./shop";
import { sent } from "./undo";

const week = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
const names = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

interface Span {
  from: string;
  to: string;
}

export class Opening {
  private always = false;
  private days: Span[][] = [];
  private holidays: string[] = [];

  constructor(private readonly shop: Shop, private readonly changed: () => void) {}

  open(): void {
    this.read();
  }

  close(): void {}

  // read takes what holds into the form.
  private read(): void {
    const b = this.shop.business;
    this.always = !b?.hours;
    this.days = spread(b?.hours ?? null);
    this.holidays = [...(b?.holidays ?? [])];
    this.changed();
  }

  view(): TemplateResult {
    const b = this.shop.business;
    if (!b) return html``;
    return html`<section class="panel" aria-labelledby="hours">
        <h2 id="hours">Opening hours</h2>
        <p class="soft">By the clock of ${b.time_zone.replaceAll("_", " ")}. Outside of them nobody is rung, and visitors are promised a call when you open.</p>
        <form class="stack" @submit=${(e: SubmitEvent) => void this.keep(e)}>
          <label class="choice"><input type="checkbox" .checked=${this.always} @change=${() => this.flip()} />Always open</label>
          ${this.always ? nothing : this.days.map((spans, i) => this.day(spans, i))}
          <div class="row"><button ?disabled=${this.shop.busy}>Keep the hours</button></div>
        </form>
      </section>
      <section class="panel" aria-labelledby="holidays">
        <h2 id="holidays">Days off</h2>
        ${this.holidays.length
          ? html`<ul class="list">${this.holidays.map((d) => html`<li class="queue"><span class="grow">${d}</span><button class="plain" aria-label="Remove: ${d}" @click=${() => void this.off(this.holidays.filter((x) => x !== d), `On ${d} you are open as usual.`)}>Remove</button></li>`)}</ul>`
          : html`<p>None.</p>`}
        <form class="stack" @submit=${(e: SubmitEvent) => this.adds(e)}>
          <label>Day on which you are closed <input type="date" name="day" required /></label>
          <div class="row"><button class="plain" ?disabled=${this.shop.busy}>Add the day</button></div>
        </form>
      </section>
      <section class="panel" aria-labelledby="own">
        <h2 id="own">Your telephone</h2>
        <p class="soft">It rings when nobody under People answers for you. Visitors never see it: they are called from ${b.caller_id ?? "the number that the operator sets"}.</p>
        <form class="stack" @submit=${(e: SubmitEvent) => void this.phone(e)}>
          <label>Number, with its country <input type="tel" name="number" .value=${(b.destination ?? "").replace(/^tel:/, "")} placeholder="+12025550101" autocomplete="tel" /></label>
          <div class="row"><button ?disabled=${this.shop.busy}>Keep the number</button></div>
        </form>
      </section>`;
  }

  private day(spans: Span[], i: number): TemplateResult {
    const day = names[i]!;
    const time = (s: Span, end: "from" | "to"): TemplateResult =>
      html`<input type="time" aria-label="${day}, ${end}" required .value=${s[end]} @change=${(e: Event) => (s[end] = (e.target as HTMLInputElement).value)} />`;
    return html`<fieldset>
      <legend>${day}</legend>
      ${spans.length ? nothing : html`<p class="soft">Closed</p>`}
      ${spans.map((s, n) => html`<div class="row span">${time(s, "from")}<span aria-hidden="true">–</span>${time(s, "to")}<button type="button" class="plain" aria-label="Remove: ${day}, ${s.from} to ${s.to}" @click=${() => this.change(() => spans.splice(n, 1))}>×</button></div>`)}
      <div class="row"><button type="button" class="plain" aria-label="Add hours: ${day}" @click=${() => this.change(() => spans.push(spans.length ? { from: spans.at(-1)!.to, to: "20:00" } : { from: "09:00", to: "17:00" }))}>Add hours</button></div>
    </fieldset>`;
  }

  private change(what: () => void): void {
    what();
    this.changed();
  }

  private flip(): void {
    this.always = !this.always;
    this.changed();
  }

  private async keep(e: SubmitEvent): Promise<void> {
    e.preventDefault();
    const old = this.shop.business?.hours ?? {};
    // A patch merges: what the days were called before is taken away by name.
    const hours: Record<string, string[] | null> = Object.fromEntries(Object.keys(old).map((k) => [k, null]));
    week.forEach((d, i) => (hours[d] = (this.days[i] ?? []).map((s) => `${s.from}-${s.to === "00:00" ? "24:00" : s.to}`)));
    if (await this.shop.deed("The hours are kept.", () => this.shop.set({ hours: this.always ? null : hours }))) this.read();
  }

  private adds(e: SubmitEvent): void {
    const { form, said } = sent(e);
    const day = said("day");
    void this.off([...new Set([...this.holidays, day])].sort(), `On ${day} you are closed.`).then((done) => done && form.reset());
  }

  private async off(holidays: string[], said: string): Promise<boolean> {
    const done = await this.shop.deed(said, () => this.shop.set({ holidays }));
    if (done) this.read();
    return done;
  }

  private async phone(e: SubmitEvent): Promise<void> {
    const number = sent(e).said("number").replace(/[\s().-]/g, "");
    await this.shop.deed(number ? "Your telephone is kept." : "No telephone rings for you now, but those under People.", () => this.shop.set({ destination: number && `tel:${number}` }));
  }
}

// spread writes hours day by day, Monday first: "mon-fri" is five of them.
export function spread(hours: Hours): Span[][] {
  const out: Span[][] = week.map(() => []);
  for (const [days, spans] of Object.entries(hours ?? {})) {
    for (const i of indices(days)) out[i] = spans.map((s) => ({ from: s.slice(0, 5), to: s.slice(6, 11) === "24:00" ? "00:00" : s.slice(6, 11) }));
  }
  return out;
}

function indices(days: string): number[] {
  if (days === "daily") return week.map((_, i) => i);
  return days.split(",").flatMap((part) => {
    const [a = "", b = a] = part.trim().split("-");
    const [from, to] = [week.indexOf(a as (typeof week)[number]), week.indexOf(b as (typeof week)[number])];
    return from < 0 || to < 0 ? [] : Array.from({ length: ((to - from + 7) % 7) + 1 }, (_, n) => (from + n) % 7);
  });
}
