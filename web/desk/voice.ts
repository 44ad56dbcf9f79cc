// The browser's leg: a connection to the switch that is kept open while the agent is ready, so that a call needs only to
// be put through.
import { patience, Way, type WayState } from "../way";
import { ask } from "./api";
import type { ICEServer } from "./facts";

export type VoiceState = WayState;

export class Voice {
  readonly player = new Audio();
  private readonly way: Way;
  private mic: MediaStreamTrack | null = null;
  private open = false;

  constructor(
    private readonly agent: string,
    changed: () => void,
  ) {
    this.player.autoplay = true;
    this.way = new Way((offer) => this.asks(offer), this.player, changed);
  }

  get state(): VoiceState {
    return this.way.state;
  }

  get why(): string {
    return this.way.why;
  }

  // start keeps a connection that speaks with the microphone.
  start(mic: MediaStreamTrack): void {
    this.mic?.stop();
    this.mic = mic;
    this.mic.enabled = this.open;
    this.way.open(mic);
  }

  // speak opens the microphone towards the call, or shuts it.
  speak(on: boolean): void {
    this.open = on;
    if (this.mic) this.mic.enabled = on;
  }

  // hears says whether a call is heard now: what then falls silent is looked after at once.
  hears(call: boolean): void {
    this.way.inCall = call;
  }

  async listenThrough(output: string): Promise<void> {
    const chooses = this.player as HTMLAudioElement & { setSinkId?: (id: string) => Promise<void> };
    await chooses.setSinkId?.(output).catch(() => undefined);
  }

  // stop lets the connection go, and says so.
  stop(): void {
    const was = this.mic !== null;
    this.drop();
    if (was) void ask("DELETE", this.path()).catch(() => undefined); // it ends by itself too
  }

  // drop lets go without a word: another tab has the connection now.
  drop(): void {
    this.way.close();
    this.mic?.stop();
    this.mic = null;
  }

  private path(): string {
    return `/agents/${encodeURIComponent(this.agent)}/browser`;
  }

  private asks(offer?: string): Promise<{ answer?: string; ice?: ICEServer[] }> {
    return offer === undefined ? ask("GET", this.path(), undefined, patience) : ask("POST", this.path(), { offer }, 2 * patience);
  }
}
