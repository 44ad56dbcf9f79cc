// One tab of a desk rings and talks. Which one, the browser's locks decide: they are free as soon as a tab is gone.

const name = "ringback-desk";

export class Leader {
  leads = false;
  private release: (() => void) | null = null;
  private waiting = new AbortController();

  constructor(private readonly changed: (leads: boolean) => void) {
    this.ask({ signal: this.waiting.signal });
  }

  // take makes this tab the one; the other lets go.
  take(): void {
    this.waiting.abort();
    this.ask({ steal: true });
  }

  close(): void {
    this.waiting.abort();
    this.release?.();
  }

  private ask(options: LockOptions): void {
    if (!("locks" in navigator)) {
      queueMicrotask(() => this.become(true)); // no other tab can be told from this one
      return;
    }
    const held = new Promise<void>((done) => (this.release = done));
    navigator.locks
      .request(name, options, () => {
        this.become(true);
        return held;
      })
      .catch(() => this.robbed(options));
  }

  // robbed: another tab took the lock, or this one gave up its place in the line to take it.
  private robbed(options: LockOptions): void {
    if (options.signal?.aborted) return;
    this.become(false);
    this.waiting = new AbortController();
    this.ask({ signal: this.waiting.signal });
  }

  private become(leads: boolean): void {
    if (leads === this.leads) return;
    this.leads = leads;
    this.changed(leads);
  }
}
