// How a call makes itself known: sound, the tab's title and icon, a notification when the page is not in front.
import { Bell, Outlet } from "./sound";

const patience = 5000; // ms that a browser may take to open its output

export class Attention {
  readonly context = new AudioContext();
  private readonly outlet = new Outlet(this.context);
  private readonly bell = new Bell(this.context, this.outlet.in);
  private readonly icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  private readonly calm = this.icon?.getAttribute("href") ?? "";
  private note: Notification | null = null;
  private title = document.title;
  private about = "";

  // mayRing is false while the browser keeps the page silent, which it does until somebody has pressed something.
  get mayRing(): boolean {
    return this.context.state === "running";
  }

  // wake begins the sound, and says whether there is any: with nothing to hear with, Firefox never begins.
  async wake(): Promise<boolean> {
    await Promise.race([this.context.resume(), new Promise((done) => setTimeout(done, patience))]);
    return this.mayRing;
  }

  ringsThrough(output: string): Promise<void> {
    return this.outlet.through(output);
  }

  // call says that a call is there; quiet leaves the sound away.
  call(leg: string, business: string, who: string, quiet: boolean): void {
    if (quiet) this.bell.stop();
    else this.bell.ring();
    if (leg === this.about) return;
    this.about = leg;
    document.title = `☎ ${business} · ${this.title}`;
    if (this.icon) this.icon.href = this.icon.dataset.ring ?? this.calm;
    if (document.hidden && "Notification" in window && Notification.permission === "granted") {
      this.note = new Notification(`${business}: a call`, { body: who, tag: leg, requireInteraction: true, silent: true });
      this.note.onclick = () => window.focus();
    }
  }

  // rest ends all of it.
  rest(): void {
    if (!this.about) return;
    this.about = "";
    this.bell.stop();
    this.note?.close();
    this.note = null;
    document.title = this.title;
    if (this.icon) this.icon.href = this.calm;
  }

  // sample lets the ring be heard once.
  sample(): void {
    this.bell.stop();
    this.bell.ring(2);
  }

  close(): void {
    this.rest();
    this.bell.stop();
    this.outlet.close();
    void this.context.close();
  }
}
