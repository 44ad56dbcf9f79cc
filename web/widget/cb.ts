// <call-back button="…"><a href="…/b/…">Call me back</a></call-back>
//
// A link that becomes a button. Until the service has answered, and wherever anything is missing or refused, the link
// stays what it is, and leads to the same form. What the button opens is loaded when it is pressed.

import type { Host, Panel } from "./panel.js";
import { about, type Config } from "./service.js";

const here = new URL(import.meta.url);
const sheet = new CSSStyleSheet();
sheet.replaceSync(`
:host { display: inline-block }
:host([hidden]) { display: none }
.launcher { font: inherit; font-weight: 600; min-block-size: 44px; padding: .5em 1.25em; cursor: pointer; border: 0;
  border-radius: var(--cb-radius, .5rem); background: var(--cb-accent, #0b57c9); color: var(--cb-on-accent, #fff) }
.launcher:focus-visible { outline: 3px solid currentColor; outline-offset: 2px }
.note { display: block; font-size: .875em; margin-block-start: .25em }
.note:empty { display: none }`);

export class CallBack extends HTMLElement {
  #panel?: Promise<Panel>;
  #config?: Config;
  #note?: HTMLElement;
  #timers = new AbortController();

  connectedCallback(): void {
    this.#timers = new AbortController();
    if (!this.#config) void this.#begin();
    else if (this.#token) void this.#load();
  }

  disconnectedCallback(): void {
    this.#timers.abort();
    void this.#panel?.then((p) => p.rest());
  }

  // open shows the form, or where the call is; "modal" is how a press opens it.
  async open(modal = true): Promise<void> {
    if (!this.#config) return;
    (await this.#load()).open(modal);
    this.#tell("open");
  }

  close(): void {
    void this.#panel?.then((p) => p.close());
  }

  get #server(): string {
    return (this.getAttribute("server") ?? here.origin).replace(/\/$/, "");
  }

  get #key(): string {
    return `call-back ${this.#config!.id}`;
  }

  get #token(): string {
    return kept(this.#key);
  }

  async #begin(): Promise<void> {
    const config = await about(this.#server, this.getAttribute("button") ?? "", this.closest("[lang]")?.getAttribute("lang") ?? "");
    if (!config || config.closed || !this.isConnected || this.#config) return;
    this.#config = config;
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    const button = document.createElement("button");
    button.type = "button";
    button.className = "launcher";
    button.part.add("launcher");
    button.textContent = this.querySelector("a")?.textContent?.trim() || config.texts["launcher"]!;
    button.setAttribute("aria-haspopup", "dialog");
    button.addEventListener("click", () => void this.open());
    this.#note = document.createElement("span");
    this.#note.className = "note";
    this.#note.part.add("note");
    this.#note.setAttribute("role", "status");
    this.#note.lang = config.language;
    this.#note.dir = config.direction;
    this.#note.textContent = config.texts["closed"] ?? "";
    root.append(button, this.#note);
    if (this.hasAttribute("inline")) {
      button.hidden = true;
      void this.open(false);
    } else if (this.#token) void this.#load();
    else this.#triggers();
  }

  // The panel is loaded once, and follows a call that was asked for on a page before.
  #load(): Promise<Panel> {
    const host: Host = {
      root: this.shadowRoot!, server: this.#server, config: this.#config!, inline: this.hasAttribute("inline"),
      token: () => this.#token,
      keep: (token) => keep(this.#key, token),
      note: (text) => (this.#note!.textContent = text),
      tell: (what, detail) => this.#tell(what, detail),
    };
    return (this.#panel ??= import(new URL("panel.js", here).href).then((m: { mount: (h: Host) => Panel }) => m.mount(host)));
  }

  // By itself it opens once a visit, and only where the page says so: open-after="SECONDS", open-on-exit, and of them
  // only on pages whose path begins with one of on-pages="/prices /help".
  #triggers(): void {
    const pages = this.getAttribute("on-pages");
    if (kept(`${this.#key} opened`) || (pages && !pages.split(/\s+/).some((p) => location.pathname.startsWith(p)))) return;
    const { signal } = this.#timers;
    const show = () => {
      if (signal.aborted || kept(`${this.#key} opened`)) return;
      keep(`${this.#key} opened`, "yes");
      void this.open(false);
    };
    const after = Number(this.getAttribute("open-after"));
    if (after > 0) {
      const timer = setTimeout(show, after * 1000);
      signal.addEventListener("abort", () => clearTimeout(timer));
    }
    if (this.hasAttribute("open-on-exit")) {
      document.documentElement.addEventListener("mouseleave", (e) => e.clientY <= 0 && show(), { signal });
    }
  }

  #tell(what: string, detail?: unknown): void {
    this.dispatchEvent(new CustomEvent(`callback-${what}`, { bubbles: true, composed: true, detail }));
  }
}

// A browser that keeps nothing forgets the call when the page changes, and that is all.
function kept(key: string): string {
  try {
    return sessionStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}

function keep(key: string, value: string): void {
  try {
    if (value) sessionStorage.setItem(key, value);
    else sessionStorage.removeItem(key);
  } catch {
    // nothing is kept
  }
}

if (!customElements.get("call-back")) customElements.define("call-back", CallBack);
