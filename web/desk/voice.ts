// The browser's leg: a connection to the switch that is kept open while the agent is ready, so that a call needs only to
// be put through. It is offered anew after a reload, and whenever the way through the network breaks; the switch keeps
// the call for 20 s meanwhile.
import { ask } from "./api";
import type { ICEServer } from "./facts";

export type VoiceState = "off" | "connecting" | "on" | "lost";

const patience = 2500; // ms that a way may be broken before another is looked for
const first = 300;
const most = 5000;

export class Voice {
  state: VoiceState = "off";
  why = "";
  private pc: RTCPeerConnection | null = null;
  private mic: MediaStreamTrack | null = null;
  private wanted = false;
  private open = false;
  private wait = first;
  private turn = 0; // of the connections
  private timer: number | undefined;
  private servers: ICEServer[] | null = null;
  readonly player = new Audio();

  constructor(
    private readonly agent: string,
    private readonly changed: () => void,
  ) {
    this.player.autoplay = true;
    addEventListener("online", this.afresh);
  }

  // start keeps a connection that speaks with the microphone.
  start(mic: MediaStreamTrack): void {
    this.mic?.stop();
    this.mic = mic;
    this.mic.enabled = this.open;
    this.wanted = true;
    void this.connect();
  }

  // speak opens the microphone towards the call, or shuts it.
  speak(on: boolean): void {
    this.open = on;
    if (this.mic) this.mic.enabled = on;
  }

  async listenThrough(output: string): Promise<void> {
    const chooses = this.player as HTMLAudioElement & { setSinkId?: (id: string) => Promise<void> };
    await chooses.setSinkId?.(output).catch(() => undefined);
  }

  // stop lets the connection go, and says so.
  stop(): void {
    const was = this.wanted;
    this.drop();
    if (was) void ask("DELETE", this.path()).catch(() => undefined); // it ends by itself too
  }

  // drop lets go without a word: another tab has the connection now.
  drop(): void {
    this.wanted = false;
    clearTimeout(this.timer);
    this.shut();
    this.mic?.stop();
    this.mic = null;
    this.become("off", "");
  }

  close(): void {
    removeEventListener("online", this.afresh);
    this.drop();
  }

  private path(): string {
    return `/agents/${encodeURIComponent(this.agent)}/browser`;
  }

  private readonly afresh = (): void => {
    if (this.wanted) void this.connect();
  };

  private async connect(): Promise<void> {
    clearTimeout(this.timer);
    this.shut();
    if (!this.wanted || !this.mic) return;
    this.become(this.state === "off" ? "connecting" : this.state === "on" ? "lost" : this.state, this.why);
    const turn = ++this.turn;
    const iceServers = await this.ice();
    if (turn !== this.turn || !this.wanted || !this.mic) return; // overtaken meanwhile
    const pc = (this.pc = new RTCPeerConnection({ iceServers, bundlePolicy: "max-bundle" }));
    try {
      pc.ontrack = (e) => (this.player.srcObject = e.streams[0] ?? new MediaStream([e.track]));
      pc.oniceconnectionstatechange = () => this.ways(pc);
      pc.addTrack(this.mic, new MediaStream([this.mic]));
      pc.createDataChannel("desk"); // an open channel keeps a hidden page awake
      await pc.setLocalDescription(); // no address of ours need be in it: we look for the switch, not it for us
      const said = await ask<{ answer: string; ice?: ICEServer[] }>("POST", this.path(), { offer: pc.localDescription!.sdp });
      if (pc !== this.pc) return;
      if (said.ice) this.servers = said.ice;
      await pc.setRemoteDescription({ type: "answer", sdp: said.answer });
    } catch (e) {
      if (pc === this.pc) this.retry((e as Error).message);
    }
  }

  // ice asks which servers help through walls; their credentials live for a while only.
  private async ice(): Promise<RTCIceServer[]> {
    try {
      this.servers = (await ask<{ ice: ICEServer[] }>("GET", this.path(), undefined, patience)).ice;
    } catch {
      // The last ones may still do, and on one network none are needed.
    }
    return (this.servers ?? []).map((s) => ({ urls: s.urls, ...(s.username ? { username: s.username, credential: s.credential ?? "" } : {}) }));
  }

  private ways(pc: RTCPeerConnection): void {
    if (pc !== this.pc) return;
    switch (pc.iceConnectionState) {
      case "connected":
      case "completed":
        clearTimeout(this.timer);
        this.wait = first;
        this.become("on", "");
        break;
      case "disconnected":
        this.become("lost", "");
        this.timer = setTimeout(() => void this.connect(), patience);
        break;
      case "failed":
      case "closed":
        this.retry("");
    }
  }

  private retry(why: string): void {
    this.become("lost", why);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.connect(), this.wait);
    this.wait = Math.min(this.wait * 2, most);
  }

  private shut(): void {
    const pc = this.pc;
    this.pc = null;
    pc?.close();
  }

  private become(s: VoiceState, why: string): void {
    if (s === this.state && why === this.why) return;
    this.state = s;
    this.why = why;
    this.changed();
  }
}
