// The pages of a business: who looks at them, which one is shown, and what was said last.
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { Account } from "../desk/account";
import { ask, Problem } from "../desk/api";
import { SignIn } from "../desk/signin";
import type { Me, Named } from "./facts";
import { Invite } from "./invite";
import { Shop } from "./shop";
import { Blocks } from "./view-blocks";
import { Buttons } from "./view-buttons";
import { Calls, Story } from "./view-calls";
import { Consents } from "./view-consents";
import { Opening } from "./view-hours";
import { Leads } from "./view-leads";
import { People } from "./view-people";
import { Voice } from "./view-voice";

// View is one page.
interface View {
  open(): void;
  close(): void;
  view(): TemplateResult;
}

const pages = [
  { at: "leads", name: "Today" },
  { at: "calls", name: "Calls" },
  { at: "buttons", name: "Buttons" },
  { at: "hours", name: "Hours" },
  { at: "people", name: "People" },
  { at: "voice", name: "Voice" },
  { at: "blocks", name: "Blocked" },
  { at: "consent", name: "Consent" },
];

class Owner extends LitElement {
  private signIn = new SignIn(() => this.requestUpdate(), (me) => this.arrive(me as unknown as Me), "Mail address");
  private account = new Account(() => this.requestUpdate(), async (old, chosen) => ask("POST", "/me/password", { old, new: chosen }), "");
  private invite: Invite | null = null;
  private shop: Shop | null = null;
  private page: View | null = null;
  private at = "leads";
  private asked = false;
  private trouble = "";

  // The page's own style and labels reach in: there is one console on a page.
  protected override createRenderRoot(): HTMLElement {
    this.replaceChildren();
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("hashchange", this.turn);
    void this.begin();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("hashchange", this.turn);
    this.leave();
  }

  private async begin(): Promise<void> {
    const token = location.hash.slice(1);
    if (token.startsWith("i_")) {
      // What the address bar shows, the history keeps: the link is taken out of both.
      history.replaceState(null, "", location.pathname);
      this.invite = new Invite(token, () => this.requestUpdate(), (me) => this.arrive(me));
      this.asked = true;
      return;
    }
    try {
      this.arrive(await ask<Me>("GET", "/me"));
    } catch (e) {
      if (!(e instanceof Problem) || e.status !== 401) this.trouble = (e as Error).message;
    }
    this.asked = true;
    this.requestUpdate();
  }

  private arrive(me: Me): void {
    this.trouble = "";
    this.invite = null;
    const first = me.owns.find((s) => s.slug === remembered()) ?? me.owns[0];
    if (!first) {
      this.trouble = me.role === "owner" ? "You have no business here any more. Ask whoever runs this service." : "These pages are for people of a business. Your desk is at /desk/. Sign in as somebody else to see them.";
      this.requestUpdate();
      return;
    }
    void this.enter(me, first);
  }

  private async enter(me: Me, s: Named): Promise<void> {
    this.leave();
    remember(s.slug);
    const shop = new Shop(me, s, () => this.requestUpdate(), () => this.leave());
    this.shop = shop;
    await shop.deed("", () => shop.load());
    if (this.shop === shop) this.turn();
  }

  private leave(): void {
    this.page?.close();
    this.page = null;
    const shop = this.shop;
    this.shop = null;
    shop?.close();
    this.requestUpdate();
  }

  // turn shows the page that the address names.
  private readonly turn = (): void => {
    if (location.hash.startsWith("#i_")) return location.reload();
    const shop = this.shop;
    if (!shop) {
      this.invite = null;
      this.requestUpdate();
      return;
    }
    this.page?.close();
    const [at = "", id = ""] = location.hash.slice(1).split("/");
    this.at = at === "call" ? "calls" : pages.some((p) => p.at === at) ? at : "leads";
    shop.said = shop.said.filter((s) => s.undo);
    this.page = this.made(shop, at === "call" ? at : this.at, id);
    this.page.open();
    scrollTo(0, 0);
    this.requestUpdate();
  };

  private made(shop: Shop, at: string, id: string): View {
    const changed = (): void => this.requestUpdate();
    switch (at) {
      case "call":
        return new Story(shop, id);
      case "calls":
        return new Calls(shop, changed);
      case "buttons":
        return new Buttons(shop, changed, id);
      case "hours":
        return new Opening(shop, changed);
      case "people":
        return new People(shop);
      case "voice":
        return new Voice(shop, changed);
      case "blocks":
        return new Blocks(shop);
      case "consent":
        return new Consents(shop);
    }
    return new Leads(shop, changed);
  }

  protected override render(): TemplateResult {
    if (!this.asked) return html`<main class="narrow"><p role="status">One moment…</p></main>`;
    if (this.invite) return this.invite.view();
    const shop = this.shop;
    if (!shop) return html`${this.trouble ? html`<p class="alert" role="alert">${this.trouble}</p>` : nothing}${this.signIn.view()}`;
    return html`${this.banner(shop)}
      <div class="owner">
        <nav aria-label="Pages"><ul>${pages.map((p) => html`<li><a href="#${p.at}" aria-current=${p.at === this.at ? "page" : nothing}>${p.name}</a></li>`)}</ul></nav>
        <main>${this.said(shop)}${shop.business?.suspended ? html`<p class="alert">The service has paused this business: no calls are made. Ask whoever runs it.</p>` : nothing}${this.page?.view()}</main>
      </div>
      ${this.account.view()}`;
  }

  private banner(shop: Shop): TemplateResult {
    const all = shop.me.owns;
    return html`<header>
      <h1>${shop.at.name}</h1>
      ${all.length > 1 ? html`<label class="hand">Business <select @change=${(e: Event) => this.choose(shop, (e.target as HTMLSelectElement).value)}>${all.map((s) => html`<option value=${s.slug} ?selected=${s.slug === shop.at.slug}>${s.name}</option>`)}</select></label>` : nothing}
      <span class="grow"></span>
      <button class="plain" @click=${() => this.opensAccount()}>Account</button>
      <button class="plain" @click=${() => void this.signOut(shop)}>Sign out</button>
    </header>`;
  }

  private said(shop: Shop): TemplateResult {
    return html`<div aria-live="polite">
      ${shop.said.map((s) => html`<p class="notice" data-level=${s.wrong ? "wrong" : "info"} role=${s.wrong ? "alert" : nothing}><span class="grow">${s.text}</span>${s.undo ? html`<button class="plain" @click=${s.undo}>Undo</button>` : nothing}</p>`)}
    </div>`;
  }

  private choose(shop: Shop, slug: string): void {
    const s = shop.me.owns.find((o) => o.slug === slug);
    if (s) void this.enter(shop.me, s);
  }

  private opensAccount(): void {
    this.account.look();
    this.querySelector<HTMLDialogElement>("dialog#account")?.showModal();
  }

  private async signOut(shop: Shop): Promise<void> {
    await shop.settle(); // while she may
    if (await shop.deed("", () => ask("DELETE", "/session"))) this.leave();
  }
}

const key = "ringback-business";
const remembered = (): string | null => localStorage.getItem(key);
const remember = (slug: string): void => localStorage.setItem(key, slug);

customElements.define("ring-owner", Owner);
