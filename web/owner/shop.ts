// What the pages of a business share: for whom they are, what they ask the service, what they say of it.
import { ask } from "../desk/api";
import type { Business, Me, Named, Page } from "./facts";

// Said is a line above the page. With undo, what it tells has not been done yet.
export interface Said {
  text: string;
  wrong: boolean;
  undo?: () => void;
}

// grace is how long something that is deleted can be taken back, in ms.
const grace = 8000;

export class Shop {
  said: Said[] = [];
  busy = false;
  business: Business | null = null;
  private waiting = new Set<() => Promise<void>>();

  constructor(
    readonly me: Me,
    public at: Named,
    private readonly changed: () => void,
    private readonly gone: () => void,
  ) {
    addEventListener("pagehide", this.settle);
  }

  close(): void {
    void this.settle();
    removeEventListener("pagehide", this.settle);
  }

  // path names the business: a person of several says which one is meant.
  path(path: string): string {
    return `${path}${path.includes("?") ? "&" : "?"}subscriber=${encodeURIComponent(this.at.slug)}`;
  }

  get = <T>(path: string): Promise<T> => ask<T>("GET", this.path(path));
  post = <T>(path: string, body: unknown = {}): Promise<T> => ask<T>("POST", this.path(path), body);
  patch = <T>(path: string, body: unknown): Promise<T> => ask<T>("PATCH", this.path(path), body);
  remove = (path: string): Promise<void> => ask<void>("DELETE", this.path(path));

  // all reads every page of a list, at most so many things.
  async all<T>(path: string, most = 10_000): Promise<T[]> {
    const out: T[] = [];
    for (let after: string | null = ""; after !== null && out.length < most; ) {
      const page: Page<T> = await this.get<Page<T>>(`${path}${path.includes("?") ? "&" : "?"}limit=200${after && `&after=${after}`}`);
      out.push(...page.data);
      after = page.next;
    }
    return out;
  }

  async load(): Promise<void> {
    this.business = await this.get<Business>(`/subscribers/${encodeURIComponent(this.at.slug)}`);
  }

  // set changes something of the business itself.
  async set(what: Partial<Record<string, unknown>>): Promise<void> {
    this.business = await this.patch<Business>(`/subscribers/${encodeURIComponent(this.at.slug)}`, what);
  }

  // deed does something and says what came of it; false = it was not done.
  async deed(done: string, run: () => Promise<unknown>): Promise<boolean> {
    this.busy = true;
    this.said = [];
    this.changed();
    try {
      await run();
      if (done) this.said = [{ text: done, wrong: false }];
      return true;
    } catch (e) {
      this.fail(e);
      return false;
    } finally {
      this.busy = false;
      this.changed();
    }
  }

  fail(e: unknown): void {
    if ((e as { status?: number }).status === 401) return this.gone();
    this.said = [{ text: (e as Error).message, wrong: true }];
    this.changed();
  }

  // later deletes something after a while in which it can be taken back; leaving the page deletes it at once.
  later(text: string, run: () => Promise<unknown>, back: () => void): void {
    const line: Said = { text, wrong: false, undo: () => stop(back) };
    const stop = (then: () => void): void => {
      clearTimeout(timer);
      this.waiting.delete(now);
      this.said = this.said.filter((s) => s !== line);
      then();
      this.changed();
    };
    const now = async (): Promise<void> => {
      stop(() => undefined);
      try {
        await run();
      } catch (e) {
        back();
        this.fail(e);
      }
    };
    const timer = setTimeout(() => void now(), grace);
    this.waiting.add(now);
    this.said = [...this.said, line];
    this.changed();
  }

  // settle deletes at once what waits to be.
  readonly settle = async (): Promise<void> => {
    await Promise.all([...this.waiting].map((now) => now()));
  };

  // clock says an instant by the business's own time.
  clock(at: string | null, day = true): string {
    if (!at) return "";
    const date: Intl.DateTimeFormatOptions = day ? { weekday: "short", day: "numeric", month: "short" } : {};
    return new Date(at).toLocaleString(undefined, { ...date, hour: "2-digit", minute: "2-digit", timeZone: this.business?.time_zone ?? "UTC" });
  }

  // day is the business's calendar day of an instant, 2026-12-01.
  day(at: string | number): string {
    return new Date(at).toLocaleDateString("en-CA", { timeZone: this.business?.time_zone ?? "UTC" });
  }
}
