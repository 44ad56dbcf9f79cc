// The live socket. It comes back by itself; a ping is answered in the very handler that hears it, because a hidden page
// gets timers once a minute, but its messages at once.
import type { Heard } from "./facts";

export type LinkState = "connecting" | "connected" | "lost" | "refused";

const first = 500; // ms until the first try to come back
const most = 10_000;
const silence = 12_000; // ms: four pings were missed, the socket is dead though it does not say so

export class Link {
  state: LinkState = "connecting";
  private socket: WebSocket | null = null;
  private wait = first;
  private again: number | undefined;
  private heardAt = 0;
  private watch: number | undefined;
  private ended = false;

  constructor(
    private readonly url: string,
    private readonly hear: (m: Heard) => void,
    private readonly changed: (s: LinkState) => void,
  ) {
    addEventListener("online", this.hurry);
    document.addEventListener("visibilitychange", this.hurry);
    this.watch = setInterval(this.look, 3000);
    this.open();
  }

  say(message: Record<string, unknown>): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  close(): void {
    this.ended = true;
    clearTimeout(this.again);
    clearInterval(this.watch);
    removeEventListener("online", this.hurry);
    document.removeEventListener("visibilitychange", this.hurry);
    this.socket?.close(1000);
  }

  // retry is for a socket that was refused and would not be now.
  retry(): void {
    this.become("lost");
    this.comeBack();
  }

  private comeBack(): void {
    clearTimeout(this.again);
    this.again = setTimeout(() => this.open(), this.wait * (0.75 + Math.random() / 2));
    this.wait = Math.min(this.wait * 2, most);
  }

  private open(): void {
    if (this.ended) return;
    clearTimeout(this.again);
    const socket = new WebSocket(this.url, "ringback.v1");
    this.socket = socket;
    this.heardAt = Date.now();
    socket.onmessage = (e: MessageEvent<string>) => {
      this.heardAt = Date.now();
      const m = JSON.parse(e.data) as Heard;
      if (m.type === "ping") this.say({ type: "pong", n: m.n });
      if (m.type === "hello") {
        this.wait = first;
        this.become("connected");
      }
      this.hear(m);
    };
    socket.onclose = (e) => {
      if (socket !== this.socket || this.ended) return;
      // 1008: whoever sits here may not listen any more.
      this.become(e.code === 1008 ? "refused" : "lost");
      if (e.code !== 1008) this.comeBack();
    };
  }

  private readonly hurry = (): void => {
    if (this.state === "lost" && navigator.onLine) this.open();
  };

  private readonly look = (): void => {
    if (this.state !== "connected" || Date.now() - this.heardAt < silence) return;
    const dead = this.socket;
    this.become("lost");
    this.open();
    dead?.close();
  };

  private become(s: LinkState): void {
    if (s === this.state) return;
    this.state = s;
    this.changed(s);
  }
}
