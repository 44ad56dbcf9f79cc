// The step after signing in: speak, hear yourself, hear the ring. Without sound the desk makes nobody available.
import { html, nothing, type TemplateResult } from "lit";
import type { Attention } from "./attention";
import { listen } from "../microphone";
import { troubleOf, type Trouble } from "./trouble";
import { audible, devices, echo, Meter, Outlet, pick, silent, type Devices, type Ear } from "./sound";

const setting = "ringback-desk-sound";
const heardYou = 0.45; // of the meter: a voice, no hum of a room

interface Choice {
  microphone: string;
  speaker: string;
  ring: string;
}

export interface Sound extends Choice {
  stream: MediaStream;
}

export class Check {
  trouble: Trouble | null = null;
  private found: Devices = { microphones: [], speakers: [], lists: false, hides: false };
  private choice: Choice;
  private stream: MediaStream | null = null;
  private opening = false;
  private context: AudioContext | null = null;
  private outlet: Outlet | null = null;
  private meter: Meter | null = null;
  private spoke = false;
  private echoing: "" | "listening" | "playing" = "";
  private timer: number | undefined;
  private level = 0;

  constructor(
    private readonly attention: Attention,
    private readonly phones: boolean, // she has telephones besides
    private readonly changed: () => void,
    private readonly done: (s: Sound | null) => void,
  ) {
    const kept = JSON.parse(localStorage.getItem(setting) ?? "{}") as Partial<Choice>;
    this.choice = { microphone: "", speaker: "", ring: "", ...kept };
    if (navigator.mediaDevices) navigator.mediaDevices.ondevicechange = () => void this.look();
  }

  // again takes the sound that was checked in this tab before, without asking: after a reload the call goes on.
  async again(): Promise<boolean> {
    if (sessionStorage.getItem(setting) !== "checked") return false;
    if (!(await this.open())) return false;
    await this.finish();
    return true;
  }

  // open asks for the microphone and measures it. Whether there is anything to hear with, sounding tells.
  async open(sounding: Promise<boolean> = Promise.resolve(true)): Promise<boolean> {
    this.release();
    this.opening = true;
    this.changed();
    try {
      this.stream = await listen(this.choice.microphone);
      this.trouble = null;
      await this.look();
      if (!audible(this.found) || !(await sounding)) throw silent;
      this.context = new AudioContext();
      this.outlet = new Outlet(this.context);
      await this.outlet.through(this.choice.speaker);
      this.meter = new Meter(this.context, this.stream);
      this.timer = setInterval(() => this.measure(), 100);
    } catch (e) {
      this.release();
      this.trouble = troubleOf(e);
    }
    this.opening = false;
    this.changed();
    return this.trouble === null;
  }

  close(): void {
    this.release();
    if (navigator.mediaDevices) navigator.mediaDevices.ondevicechange = null;
  }

  private release(): void {
    clearInterval(this.timer);
    this.meter?.close();
    this.meter = null;
    this.outlet?.close();
    void this.context?.close();
    this.context = this.outlet = null;
    for (const t of this.stream?.getTracks() ?? []) t.stop();
    this.stream = null;
    this.spoke = false;
  }

  private async look(): Promise<void> {
    this.found = await devices();
    if (this.stream && !audible(this.found)) {
      this.release();
      this.trouble = silent;
    }
    this.changed();
  }

  private measure(): void {
    this.level = this.meter?.level() ?? 0;
    if (this.level > heardYou) this.spoke = true;
    this.changed();
  }

  private async hearYourself(): Promise<void> {
    if (!this.context || !this.outlet || !this.stream || this.echoing) return;
    await this.context.resume();
    await echo(this.context, this.outlet.in, this.stream, 3, (on) => {
      this.echoing = on ? "listening" : "playing";
      this.changed();
    });
    this.echoing = "";
    this.changed();
  }

  private async hearTheRing(): Promise<void> {
    await this.attention.wake();
    await this.attention.ringsThrough(this.choice.ring);
    this.attention.sample();
  }

  private choose(part: keyof Choice, id: string): void {
    this.choice = { ...this.choice, [part]: id };
    if (part === "microphone") void this.open();
    if (part === "speaker") void this.outlet?.through(id);
  }

  // another is for browsers that list no output before somebody has chosen one.
  private async another(part: "speaker" | "ring"): Promise<void> {
    const id = await pick();
    if (!id) return;
    this.choose(part, id);
    await this.look();
  }

  private async finish(): Promise<void> {
    const stream = this.stream;
    this.stream = null; // it is the desk's now
    localStorage.setItem(setting, JSON.stringify(this.choice));
    sessionStorage.setItem(setting, "checked");
    void this.attention.wake(); // who has lent the microphone may be played to
    await this.attention.ringsThrough(this.choice.ring);
    this.close();
    this.done(stream ? { ...this.choice, stream } : null);
  }

  private skip(): void {
    this.close();
    this.done(null);
  }

  view(): TemplateResult {
    return html`<main class="narrow">
      <h1>Can you hear, and be heard?</h1>
      ${this.trouble
        ? html`<div class="alert" role="alert"><p><strong>${this.trouble.what}</strong></p><p>${this.trouble.todo}</p><p>Until then no call comes to this desk.</p></div>`
        : nothing}
      ${this.opening ? html`<p role="status">One moment…</p>` : this.stream ? this.steps() : this.start()}
      ${this.phones ? html`<p class="soft">You have a telephone as well.</p><div class="row"><button class="plain" @click=${() => this.skip()}>Use only my telephone</button></div>` : nothing}
    </main>`;
  }

  private start(): TemplateResult {
    return html`<p>Calls come to this page. The browser asks you for the microphone; nobody hears it until you answer a call.</p>
      <div class="row"><button @click=${() => this.wakeAndOpen()}>${this.trouble ? "Try again" : "Use the microphone"}</button></div>`;
  }

  private async wakeAndOpen(): Promise<void> {
    const sounding = this.attention.wake(); // begun in the press itself: browsers want that
    if ("Notification" in window && Notification.permission === "default") void Notification.requestPermission();
    await this.open(sounding);
  }

  private steps(): TemplateResult {
    const echo = { "": "Hear yourself", listening: "Speak now…", playing: "That is you…" }[this.echoing];
    return html`<ol class="check">
        <li>
          <h2>Speak</h2>
          ${this.select("microphone", "Microphone", this.found.microphones)}
          <p><label>How loud you are <meter min="0" max="1" low=${heardYou} optimum="0.8" .value=${this.level}></meter></label></p>
          <p role="status">${this.spoke ? "You are heard." : "Say a few words."}</p>
        </li>
        <li>
          <h2>Hear yourself</h2>
          ${this.select("speaker", "You hear callers with", this.found.speakers)}
          <div class="row"><button class="plain" ?disabled=${this.echoing !== ""} @click=${() => this.hearYourself()}>${echo}</button></div>
        </li>
        <li>
          <h2>Hear the ring</h2>
          ${this.select("ring", "It rings at", this.found.speakers)}
          <div class="row"><button class="plain" @click=${() => this.hearTheRing()}>Hear the ring</button></div>
        </li>
      </ol>
      <div class="row"><button ?disabled=${!this.spoke} @click=${() => this.finish()}>To the desk</button></div>`;
  }

  private select(part: keyof Choice, label: string, all: Ear[]): TemplateResult | typeof nothing {
    const hides = this.found.hides && part !== "microphone";
    const choices = hides ? [{ id: "", label: "The usual one" }, ...all] : all;
    const other = hides && html`<div class="row"><button class="plain" @click=${() => this.another(part)}>${label}: another</button></div>`;
    if (choices.length < 2) return other || nothing;
    return html`<label>${label}
      <select @change=${(e: Event) => this.choose(part, (e.target as HTMLSelectElement).value)}>
        ${choices.map((d) => html`<option value=${d.id} ?selected=${d.id === this.choice[part]}>${d.label}</option>`)}
      </select></label>${other || nothing}`;
  }
}
