// The desk of an agent: which of its pages is shown, and what all of them share.
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { keyed } from "lit/directives/keyed.js";
import { Account } from "./account";
import { ask, Problem } from "./api";
import { Attention } from "./attention";
import { Check, type Sound } from "./check";
import type { Head, Me } from "./facts";
import { keysOn, onKey, setKeys, shortcuts } from "./keys";
import { SignIn } from "./signin";
import { afterwards } from "./view-after";
import { board, Waiting } from "./view-board";
import { underWay } from "./view-call";
import { offered } from "./view-card";
import { idle } from "./view-place";
import { side } from "./view-side";
import { Work, type Notice } from "./work";
import { dayAndTime } from "./words";

class Desk extends LitElement {
  private signIn = new SignIn(() => this.requestUpdate(), (me) => void this.arrive(me));
  private check: Check | null = null;
  private work: Work | null = null;
  private waiting = new Waiting(() => this.requestUpdate());
  private account = new Account(() => this.requestUpdate(), async (old, chosen) => this.work?.changePassword(old, chosen));
  private showsBoard = false;
  private asked = false; // who she is has been asked
  private trouble = "";
  private promises: Head[] | null = null; // asked about before she signs out
  private second: number | undefined;

  // The page's own style and labels reach in: there is one desk on a page.
  protected override createRenderRoot(): HTMLElement {
    this.replaceChildren();
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.second = setInterval(() => this.requestUpdate(), 1000);
    document.addEventListener("keydown", this.key);
    void this.begin();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.second);
    document.removeEventListener("keydown", this.key);
    this.work?.close();
  }

  private async begin(): Promise<void> {
    try {
      await this.arrive(await ask<Me>("GET", "/me"));
    } catch (e) {
      if (!(e instanceof Problem) || e.status !== 401) this.trouble = (e as Error).message;
    }
    this.asked = true;
    this.requestUpdate();
  }

  // arrive opens the desk of somebody who has signed in.
  private async arrive(me: Me): Promise<void> {
    this.trouble = "";
    const attention = new Attention();
    this.work = new Work(me, attention, () => this.requestUpdate(), () => this.leave());
    const to = me.agent?.devices.map((d) => d.to) ?? [];
    if (to.some((d) => d.startsWith("web"))) {
      const check = this.listenTo(attention, to.some((d) => !d.startsWith("web")));
      if (await check.again()) return;
      this.check = check;
    } else {
      this.work.start(null);
    }
    this.requestUpdate();
  }

  private listenTo(attention: Attention, phones: boolean): Check {
    return new Check(attention, phones, () => this.requestUpdate(), (s) => this.checked(s));
  }

  private checked(s: Sound | null): void {
    this.check = null;
    this.work?.start(s?.stream ?? null);
    if (s) void this.work?.voice.listenThrough(s.speaker);
    this.requestUpdate();
  }

  private leave(): void {
    this.work?.close();
    this.check?.close();
    this.work = this.check = this.promises = null;
    this.requestUpdate();
  }

  private readonly key = (e: KeyboardEvent): void => {
    const w = this.work;
    if (!w || this.check) return;
    onKey(e, { answer: () => void w.answer(), hangUp: () => void w.hangUp(), mute: () => w.mute(), help: () => this.help() });
  };

  private help(): void {
    this.querySelector<HTMLDialogElement>("dialog#help")?.showModal();
  }

  private opensAccount(): void {
    this.account.look();
    this.querySelector<HTMLDialogElement>("dialog#account")?.showModal();
  }

  // wantsOut asks first when calls are promised that nobody would make.
  private async wantsOut(w: Work): Promise<void> {
    const mine: Head[] = [];
    await w.deed(async () => {
      for (let after: string | null = ""; after !== null; ) {
        const page: { data: Head[]; next: string | null } = await ask("GET", `/callbacks?state=scheduled&limit=200${after && `&after=${after}`}`);
        mine.push(...page.data.filter((h) => h.kept_for === w.me.id));
        after = page.next;
      }
    });
    if (!mine.length) return w.signOut();
    this.promises = mine;
    await this.updateComplete;
    this.requestUpdate();
    await this.updateComplete;
    this.querySelector<HTMLDialogElement>("dialog#promises")?.showModal();
  }

  protected override render(): TemplateResult {
    const w = this.work;
    if (!this.asked) return html`<main class="narrow"><p role="status">One moment…</p></main>`;
    if (!w) return html`${this.trouble ? html`<p class="alert" role="alert">${this.trouble}</p>` : nothing}${this.signIn.view()}`;
    if (this.check) return this.check.view();
    if (this.showsBoard) this.waiting.look(w);
    return html`${this.banner(w)}${this.desk(w, Date.now())}${this.helpDialog()}${this.account.view()}${this.promiseDialog(w)}`;
  }

  private banner(w: Work): TemplateResult {
    const state = w.link?.state ?? "connecting";
    return html`<header>
      <h1>Desk</h1>
      ${w.me.supervises.length
        ? html`<nav aria-label="Pages"><button class="plain" aria-pressed=${!this.showsBoard} @click=${() => this.turn(false)}>Calls</button><button class="plain" aria-pressed=${this.showsBoard} @click=${() => this.turn(true)}>Board</button></nav>`
        : nothing}
      <p class="link" data-link=${state} role="status">${{ connected: "Connected", connecting: "Connecting…" }[state as string] ?? "Not connected. No call reaches this page; it tries to come back."}</p>
      ${w.attention.mayRing ? nothing : html`<button class="stop" @click=${() => void w.attention.wake().then(() => this.requestUpdate())}>The browser keeps this page silent: turn the sound on</button>`}
    </header>`;
  }

  private turn(board: boolean): void {
    this.showsBoard = board;
    this.requestUpdate();
  }

  private desk(w: Work, now: number): TemplateResult {
    const offer = w.offer;
    const at = offer?.card.callback ?? w.call?.card.callback ?? "";
    const about = w.after?.card.callback ?? w.call?.card.callback ?? "";
    const middle = offer ? offered(w, offer, now) : w.call ? underWay(w, w.call, now) : this.showsBoard || w.watched ? board(w, this.waiting, now) : idle(w);
    return html`<div class="desk">
      <aside class="own" aria-label="You">${side(w, now, { check: () => this.recheck(w), help: () => this.help(), account: () => this.opensAccount(), signOut: () => void this.wantsOut(w) })}</aside>
      <main>${this.notices(w)}${this.caller(w)}${keyed(at, middle)}${this.showsBoard && (offer ?? w.call) ? board(w, this.waiting, now) : nothing}</main>
      <aside class="after" aria-label="Notes">${keyed(about, afterwards(w, now))}</aside>
    </div>`;
  }

  // caller says aloud, to people who do not see the page, that it rings.
  private caller(w: Work): TemplateResult {
    const c = w.offer?.card;
    return html`<p class="unseen" role="alert">${c ? `${c.subscriber.name}: ${c.visitor.name ?? c.visitor.number ?? "a call"}. Control and Enter answers.` : ""}</p>`;
  }

  private notices(w: Work): TemplateResult {
    return html`<div aria-live="polite">
      ${w.notices.map((n: Notice) => html`<p class="notice" data-level=${n.level}><span class="grow">${n.text}</span><button class="plain" aria-label="Put away: ${n.text}" @click=${() => w.dismiss(n)}>×</button></p>`)}
    </div>`;
  }

  private recheck(w: Work): void {
    this.check = this.listenTo(w.attention, true);
    this.requestUpdate();
  }

  private helpDialog(): TemplateResult {
    return html`<dialog id="help" aria-labelledby="keys">
      <h2 id="keys">Keys</h2>
      <dl class="facts">${shortcuts.map((s) => html`<div><dt><kbd>${s.keys}</kbd></dt><dd>${s.does}</dd></div>`)}</dl>
      <label class="choice"><input type="checkbox" .checked=${keysOn()} @change=${(e: Event) => setKeys((e.target as HTMLInputElement).checked)} />The keys work</label>
      <form method="dialog" class="row"><button>Close</button></form>
    </dialog>`;
  }

  private promiseDialog(w: Work): TemplateResult | typeof nothing {
    if (!this.promises) return nothing;
    return html`<dialog id="promises" aria-labelledby="promised" @close=${() => this.forget()}>
      <h2 id="promised">You have promised calls</h2>
      <p>Nobody makes them while you are away. Give them to whoever is here, or stay.</p>
      <ul class="list">${this.promises.map((p) => html`<li><strong>${p.name ?? p.number}</strong> ${dayAndTime(p.due_at)}</li>`)}</ul>
      <div class="row">
        <button @click=${() => void this.handOver(w)}>Give them to anyone, sign out</button>
        <button class="plain" @click=${() => this.querySelector<HTMLDialogElement>("dialog#promises")?.close()}>Stay</button>
      </div>
    </dialog>`;
  }

  private async handOver(w: Work): Promise<void> {
    const all = this.promises ?? [];
    this.forget();
    const done = await w.deed(async () => {
      for (const p of all) await ask("POST", `/callbacks/${encodeURIComponent(p.id)}/reassign`, { agent: null });
    });
    if (done) await w.signOut();
  }

  private forget(): void {
    this.promises = null;
    this.requestUpdate();
  }
}

customElements.define("ring-desk", Desk);
