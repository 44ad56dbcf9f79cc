// Signing in: name and password, and where a browser remembers them, it fills them in; or a passkey, and nothing is typed.
import { html, nothing, type TemplateResult } from "lit";
import { ask } from "./api";
import type { Me } from "./facts";
import { possible, signIn } from "./passkeys";

export class SignIn {
  wrong = "";
  busy = false;

  constructor(
    private readonly changed: () => void,
    private readonly done: (me: Me) => void,
    private readonly named = "Name", // what she signs in with
  ) {}

  view(): TemplateResult {
    return html`<main class="narrow">
      <h1>Sign in</h1>
      <form class="stack" @submit=${(e: SubmitEvent) => this.send(e)}>
        ${this.wrong ? html`<p class="alert" role="alert" id="wrong">${this.wrong}</p>` : nothing}
        <label>${this.named} <input type="text" name="login" autocomplete="username" autocapitalize="none" spellcheck="false" required aria-describedby=${this.wrong ? "wrong" : nothing} /></label>
        <label>Password <input type="password" name="password" autocomplete="current-password" required /></label>
        <div class="row">
          <button ?disabled=${this.busy}>Sign in</button>
          ${possible() ? html`<button type="button" class="plain" ?disabled=${this.busy} @click=${() => this.open(signIn)}>Sign in with a passkey</button>` : nothing}
        </div>
      </form>
    </main>`;
  }

  private send(e: SubmitEvent): void {
    e.preventDefault();
    const said = new FormData(e.target as HTMLFormElement);
    void this.open(() => ask("POST", "/session", { login: said.get("login"), password: said.get("password") }));
  }

  private async open(door: () => Promise<unknown>): Promise<void> {
    this.busy = true;
    this.changed();
    try {
      await door();
      this.wrong = "";
      this.done(await ask<Me>("GET", "/me"));
    } catch (x) {
      this.wrong = (x as Error).message;
    } finally {
      this.busy = false;
      this.changed();
    }
  }
}
