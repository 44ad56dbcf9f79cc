// The way of speech between a page and the switch. It is kept open for as long as the page wants it, and made anew when the
// network is another one or nothing comes any more; the switch keeps the call for 20 s meanwhile.

export type WayState = "off" | "connecting" | "on" | "lost";

// ICEServer helps through walls; its credentials live for a while only.
export interface ICEServer {
  urls: string[];
  username?: string | null;
  credential?: string | null;
}

// Asks brings an offer to the service, which answers it. Without one it asks for the servers alone.
export type Asks = (offer?: string) => Promise<{ answer?: string; ice?: ICEServer[] | null }>;

export const patience = 2500; // ms that a way may be broken before another is looked for
const first = 300; // ms until the next try, doubled each time
const most = 5000;
const mostInCall = 1500;
// In mid call packets come all the time. Browsers themselves call a way broken only 5 to 15 s after the last one.
const deafAfter = 900; // ms
const looksEach = 250;

export class Way {
  state: WayState = "off";
  why = ""; // it is lost, where something is known
  inCall = false;
  private pc: RTCPeerConnection | null = null;
  private mic: MediaStreamTrack | null = null;
  private servers: ICEServer[] = [];
  private turn = 0; // of the connections: one that is overtaken while it asks for servers is not made
  private wait = first;
  private timer: number | undefined;
  private watch: number | undefined;
  private packets = 0;
  private heardAt = 0; // 0 = nothing has come over this connection yet

  constructor(
    private readonly asks: Asks,
    private readonly ear: HTMLAudioElement,
    private readonly changed: () => void,
  ) {}

  // open keeps a connection that speaks with the microphone. The track stays the caller's.
  open(mic: MediaStreamTrack): void {
    this.mic = mic;
    if (this.watch === undefined) {
      addEventListener("online", this.afresh);
      this.watch = setInterval(() => void this.listen(), looksEach);
    }
    void this.connect();
  }

  close(): void {
    this.mic = null;
    removeEventListener("online", this.afresh);
    clearInterval(this.watch);
    this.watch = undefined;
    clearTimeout(this.timer);
    this.shut();
    this.become("off", "");
  }

  private readonly afresh = (): void => void this.connect();

  private async connect(): Promise<void> {
    clearTimeout(this.timer);
    this.shut();
    if (!this.mic) return;
    this.become(this.state === "off" ? "connecting" : this.state === "on" ? "lost" : this.state, this.why);
    const turn = ++this.turn;
    const iceServers = await this.ice();
    if (turn !== this.turn || !this.mic) return;
    const pc = (this.pc = new RTCPeerConnection({ iceServers, bundlePolicy: "max-bundle" }));
    this.packets = this.heardAt = 0;
    try {
      pc.ontrack = (e) => (this.ear.srcObject = e.streams[0] ?? new MediaStream([e.track]));
      pc.oniceconnectionstatechange = () => this.ways(pc);
      pc.addTrack(this.mic, new MediaStream([this.mic]));
      pc.createDataChannel("awake"); // an open channel keeps a hidden page awake
      await pc.setLocalDescription(); // no address of ours need be in it: we look for the switch, not it for us
      const said = await this.asks(pc.localDescription!.sdp);
      if (pc !== this.pc) return;
      if (said.ice) this.servers = said.ice;
      await pc.setRemoteDescription({ type: "answer", sdp: said.answer ?? "" });
    } catch (e) {
      if (pc === this.pc) this.retry((e as Error).message);
    }
  }

  private async ice(): Promise<RTCIceServer[]> {
    try {
      this.servers = (await this.asks()).ice ?? [];
    } catch {
      // The last ones may still do, and on most networks none are needed.
    }
    return this.servers.map((s) => ({ urls: s.urls, ...(s.username ? { username: s.username, credential: s.credential ?? "" } : {}) }));
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
        this.timer = setTimeout(this.afresh, patience);
        break;
      case "failed":
      case "closed":
        this.retry("");
    }
  }

  // listen looks whether packets still come.
  private async listen(): Promise<void> {
    const pc = this.pc;
    if (!pc || this.state !== "on") return;
    let packets = 0;
    for (const s of (await pc.getReceivers()[0]?.getStats())?.values() ?? []) if (s.type === "inbound-rtp") packets = s.packetsReceived ?? 0;
    if (pc !== this.pc) return;
    const now = performance.now();
    if (packets > this.packets || !this.inCall) {
      this.heardAt = packets > this.packets ? now : 0;
      this.packets = packets;
    } else if (this.heardAt && now - this.heardAt > deafAfter) {
      void this.connect();
    }
  }

  private retry(why: string): void {
    this.become("lost", why);
    clearTimeout(this.timer);
    this.timer = setTimeout(this.afresh, this.wait);
    this.wait = Math.min(this.wait * 2, this.inCall ? mostInCall : most);
  }

  private shut(): void {
    const pc = this.pc;
    this.pc = null;
    pc?.close();
  }

  private become(s: WayState, why: string): void {
    if (s === this.state && why === this.why) return;
    this.state = s;
    this.why = why;
    this.changed();
  }
}
