// What visitors hear in the business's own voice, recorded in the page.
import { html, nothing, type TemplateResult } from "lit";
import { Problem } from "../desk/api";
import type { Business } from "./facts";
import type { Shop } from "./shop";
import { wav } from "./wav";

// The prompts by name: what each is, what to say, how long it may be in seconds.
const prompts = [
  { name: "spoken_name", title: "Your name", say: "Say the name of your business, and nothing else.", most: 8 },
  { name: "announcement", title: "Announcement", say: "What a visitor hears first.", most: 60 },
  { name: "wait", title: "While somebody waits", say: "That you will be there in a moment.", most: 60 },
  { name: "sorry", title: "When nobody is free", say: "That you are sorry, and will call again.", most: 60 },
  { name: "closed", title: "When you are closed", say: "When you are open again.", most: 60 },
];

export class Voice {
  private recorder: MediaRecorder | null = null;
  private at = ""; // the prompt that is recorded
  private taken: { name: string; sound: Blob; url: string } | null = null;
  private limit: number | undefined;

  constructor(private readonly shop: Shop, private readonly changed: () => void) {}

  open(): void {
    this.changed();
  }

  close(): void {
    this.stop();
    this.forget();
  }

  view(): TemplateResult {
    return html`<section class="panel" aria-labelledby="voice">
      <h2 id="voice">Your voice</h2>
      <p class="soft">What you do not record is said by the service. Speak in a quiet room, and listen before you keep it.</p>
    </section>
    ${prompts.map((p) => this.prompt(p))}`;
  }

  private prompt(p: (typeof prompts)[number]): TemplateResult {
    const now = this.at === p.name;
    const t = this.taken?.name === p.name ? this.taken : null;
    return html`<section class="panel" aria-labelledby=${p.name}>
      <h2 id=${p.name}>${p.title}</h2>
      <p>${p.say} <span class="soft">${this.shop.business?.prompts[p.name] ? "Your own recording is played." : "The service's own voice is heard."}</span></p>
      <div class="row">
        ${now
          ? html`<button class="stop" aria-label="Stop: ${p.title}" @click=${() => this.stop()}>Stop</button><span role="status">Recording…</span>`
          : html`<button class="plain" aria-label="Record: ${p.title}" ?disabled=${this.shop.busy || this.at !== ""} @click=${() => void this.shop.deed("", () => this.record(p.name, p.most))}>Record</button>`}
        ${t ? html`<button aria-label="Keep: ${p.title}" ?disabled=${this.shop.busy} @click=${() => void this.keep(t, p.title)}>Keep</button>` : nothing}
      </div>
      ${t ? html`<audio controls aria-label="What you recorded" src=${t.url}></audio>` : nothing}
    </section>`;
  }

  private async record(name: string, most: number): Promise<void> {
    this.forget();
    let heard: MediaStream;
    try {
      heard = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
    } catch {
      throw new Error("The microphone is not to be had. Allow it for this page in the browser's address bar, then try again.");
    }
    const parts: Blob[] = [];
    const r = new MediaRecorder(heard);
    r.ondataavailable = (e) => parts.push(e.data);
    r.onstop = () => {
      heard.getTracks().forEach((t) => t.stop());
      if (this.recorder === r) void this.shop.deed("", () => this.take(name, new Blob(parts, { type: r.mimeType })));
    };
    this.recorder = r;
    this.at = name;
    r.start();
    this.limit = setTimeout(() => this.stop(), most * 1000 - 200);
  }

  private stop(): void {
    clearTimeout(this.limit);
    this.at = "";
    if (this.recorder?.state === "recording") this.recorder.stop();
    this.changed();
  }

  private async take(name: string, recorded: Blob): Promise<void> {
    const sound = await wav(recorded);
    this.taken = { name, sound, url: URL.createObjectURL(sound) };
  }

  private forget(): void {
    if (this.taken) URL.revokeObjectURL(this.taken.url);
    this.taken = this.recorder = null;
  }

  private async keep(t: { name: string; sound: Blob }, title: string): Promise<void> {
    const done = await this.shop.deed(`${title}: visitors hear you from now on.`, async () => {
      const path = this.shop.path(`/subscribers/${encodeURIComponent(this.shop.at.slug)}/prompts/${t.name}`);
      const answer = await fetch(`/api/v1${path}`, { method: "POST", headers: { "Content-Type": "audio/wav", Accept: "application/json" }, body: t.sound });
      const said = (await answer.json()) as Business & { code?: string; detail?: string };
      if (!answer.ok) throw new Problem(answer.status, said.code ?? "", said.detail ?? "The recording was not taken. Try again.");
      this.shop.business = said;
    });
    if (done) this.forget();
    this.changed();
  }
}
