// A list of things that can be deleted, and taken back for a while.
import type { Shop } from "./shop";

export class Bin {
  private gone = new Set<string>();

  constructor(private readonly shop: Shop) {}

  kept<T extends { id: string }>(all: T[]): T[] {
    return all.filter((t) => !this.gone.has(t.id));
  }

  drop(said: string, path: string, id: string): void {
    this.gone.add(id);
    this.shop.later(said, () => this.shop.remove(`${path}/${encodeURIComponent(id)}`), () => this.gone.delete(id));
  }
}

// sent reads a form without sending it.
export function sent(e: SubmitEvent): { form: HTMLFormElement; said: (name: string) => string; ticked: (name: string) => boolean; lines: (name: string) => string[] } {
  e.preventDefault();
  const form = e.target as HTMLFormElement;
  const all = new FormData(form);
  const said = (name: string): string => String(all.get(name) ?? "").trim();
  return { form, said, ticked: (name) => all.has(name), lines: (name) => said(name).split("\n").map((l) => l.trim()).filter(Boolean) };
}
