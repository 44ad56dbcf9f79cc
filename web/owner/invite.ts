// Whoever holds a link that invites chooses her password, and is in.
import { html, nothing, type TemplateResult } from "lit";
import { ask } from "../desk/api";
import type { Me } from "./facts";

interface Invited {
  name: string;
  email: string;
  subscribers: string[];
}

export class Invite {
  private who: Invited | null = null;
  private wrong = "";
  private busy = true;

  constructor(
    private readonly token: string,
    private readonly changed: () => void,
    private readonly done: (me: Me) => void,
  ) {
    void this.run(async () => {
      this.who = await ask<Invited>("POST", "/session/invitation", { token });
    });
  }

  private async run(what: () => Promise<void>): Promise<void> {
    this.busy = true;
    this.changed();
    try {
      await what();
      this.wrong = "";
    } catch (e) {
      this.wrong = (e as Error).message;
    }
    this.busy = false;
    this.changed();
  }

  view(): TemplateResult {
    const w = this.who;
    return html`<main class="narrow">
      <h1>Welcome</h1>
      ${this.wrong ? html`<p class="alert" role="alert">${this.wrong}</p>` : nothing}
      ${w
        ? html`<p>Hello ${w.name}. Choose a password for the pages of ${w.subscribers.join(", ")}. You sign in with it and with ${w.email}.</p>
          <form class="stack" @submit=${(e: SubmitEvent) => this.send(e)}>
            <input type="text" hidden autocomplete="username" name="email" .value=${w.email} />
            <label>New password <input type="password" name="password" required minlength="8" autocomplete="new-password" aria-describedby="new-hint" /></label>
            <p class="soft" id="new-hint">At least 8 letters; a few words are a good one.</p>
            <div class="row"><button ?disabled=${this.busy}>Keep it and go in</button></div>
          </form>`
        : this.busy
          ? html`<p role="status">One moment…</p>`
          : html`<p><a href="#leads">Sign in</a></p>`}
    </main>`;
  }

  private send(e: SubmitEvent): void {
    e.preventDefault();
    const password = new FormData(e.target as HTMLFormElement).get("password");
    void this.run(async () => {
      await ask("POST", "/session/accept", { token: this.token, password });
      this.done(await ask<Me>("GET", "/me"));
    });
  }
}
