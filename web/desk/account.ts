// Her account: with what she opens the desk.
import { html, nothing, type TemplateResult } from "lit";
import { add, all, possible, remove, type Passkey } from "./passkeys";
import { dayAndTime } from "./words";

export class Account {
  private keys: Passkey[] = [];
  private said = "";
  private wrong = "";
  private busy = false;

  constructor(
    private readonly changed: () => void,
    private readonly password: (old: string, chosen: string) => Promise<void>,
    private readonly besides = "Your telephones keep the one they have.",
  ) {}

  // look reads what she has, each time that it is opened.
  look(): void {
    this.keys = [];
    void this.deed("", async () => undefined);
  }

  private async deed(said: string, run: () => Promise<unknown>): Promise<boolean> {
    this.busy = true;
    this.said = this.wrong = "";
    this.changed();
    try {
      await run();
      this.said = said;
      this.keys = await all();
      return true;
    } catch (e) {
      this.wrong = (e as Error).message;
      return false;
    } finally {
      this.busy = false;
      this.changed();
    }
  }

  view(): TemplateResult {
    return html`<dialog id="account" aria-labelledby="account-title">
      <h2 id="account-title">Your account</h2>
      ${this.wrong ? html`<p class="alert" role="alert">${this.wrong}</p>` : nothing}
      <p role="status">${this.said}</p>
      <h3>Passkeys</h3>
      <p class="soft">With a passkey you sign in by finger, face or the PIN of your device. Nobody can look over your shoulder, and no false page can ask you for it.</p>
      ${this.keys.length ? html`<ul class="list">${this.keys.map((k) => this.key(k))}</ul>` : html`<p>You have none.</p>`}
      ${possible() ? this.adds() : html`<p>Here you cannot add one: passkeys belong to a name, and this page was opened by an address of numbers.</p>`}
      <h3>Password</h3>
      ${this.changes()}
      <form method="dialog" class="row"><button class="plain">Close</button></form>
    </dialog>`;
  }

  private key(k: Passkey): TemplateResult {
    const gone = `${k.name} opens nothing any more.`;
    return html`<li class="queue">
      <span class="grow"><strong>${k.name}</strong><br /><span class="soft">added ${dayAndTime(k.created_at)}, last used ${dayAndTime(k.used_at)}</span></span>
      <button class="plain" ?disabled=${this.busy} aria-label="Remove: ${k.name}" @click=${() => this.deed(gone, () => remove(k))}>Remove</button>
    </li>`;
  }

  private adds(): TemplateResult {
    return html`<form class="stack" @submit=${(e: SubmitEvent) => this.add(e)}>
      <label>Name of this device <input type="text" name="device" required maxlength="64" autocomplete="off" /></label>
      <div class="row"><button ?disabled=${this.busy}>Add a passkey</button></div>
    </form>`;
  }

  private async add(e: SubmitEvent): Promise<void> {
    const { form, said } = sent(e);
    if (await this.deed("The passkey is kept. Use it when you sign in next time.", () => add(said("device")))) form.reset();
  }

  private changes(): TemplateResult {
    return html`<form class="stack" @submit=${(e: SubmitEvent) => this.change(e)}>
      <label>Password of now <input type="password" name="old" required autocomplete="current-password" /></label>
      <label>New password <input type="password" name="new" required minlength="8" autocomplete="new-password" aria-describedby="new-hint" /></label>
      <p class="soft" id="new-hint">At least 8 letters; a few words are a good one. ${this.besides}</p>
      <div class="row"><button ?disabled=${this.busy}>Change the password</button></div>
    </form>`;
  }

  private async change(e: SubmitEvent): Promise<void> {
    const { form, said } = sent(e);
    const done = "Your password is changed. Wherever else you were signed in, you are not any more.";
    if (await this.deed(done, () => this.password(said("old"), said("new")))) form.reset();
  }
}

function sent(e: SubmitEvent): { form: HTMLFormElement; said: (name: string) => string } {
  e.preventDefault();
  const form = e.target as HTMLFormElement;
  const all = new FormData(form);
  return { form, said: (name) => String(all.get(name) ?? "") };
}
