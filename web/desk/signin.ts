// Signing in: name and password, and where a browser remembers them, it fills them in.
import { html, nothing, type TemplateResult } from "lit";
import { ask } from "./api";
import type { Me } from "./facts";

export class SignIn {
  wrong = "";
  busy = false;

  constructor(
    private readonly changed: () => void,
    private readonly done: (me: Me) => void,
  ) {}

  view(): TemplateResult {
    return html`<main class="narrow">
      <h1>Sign in</h1>
      <form class="stack" @submit=${(e: SubmitEvent) => this.send(e)}>
        ${this.wrong ? html`<p class="alert" role="alert" id="wrong">${this.wrong}</p>` : nothing}
        <label>Name <input type="text" name="login" autocomplete="username" autocapitalize="none" spellcheck="false" required aria-describedby=${this.wrong ? "wrong" : nothing} /></label>
        <label>Password <input type="password" name="password" autocomplete="current-password" required /></label>
        <div class="row"><button ?disabled=${this.busy}>Sign in</button></div>
      </form>
    </main>`;
  }

  private async send(e: SubmitEvent): Promise<void> {
    e.preventDefault();
    const said = new FormData(e.target as HTMLFormElement);
    this.busy = true;
    this.changed();
    try {
      await ask("POST", "/session", { login: said.get("login"), password: said.get("password") });
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
