// What the keyboard does anywhere on the desk. It can be turned off, for people whose aids use the same keys.

const setting = "ringback-desk-keys";

export interface Deeds {
  answer(): void;
  hangUp(): void;
  mute(): void;
  help(): void;
}

export const shortcuts = [
  { keys: "Ctrl + Enter", does: "answer" },
  { keys: "Ctrl + .", does: "hang up" },
  { keys: "Ctrl + M", does: "mute, and speak again" },
  { keys: "?", does: "show this list" },
];

export const keysOn = (): boolean => localStorage.getItem(setting) !== "off";
export const setKeys = (on: boolean): void => localStorage.setItem(setting, on ? "on" : "off");

export function onKey(e: KeyboardEvent, deeds: Deeds): void {
  const deed = keysOn() && !e.repeat ? meant(e, deeds) : null;
  if (!deed) return;
  e.preventDefault();
  deed();
}

function meant(e: KeyboardEvent, deeds: Deeds): (() => void) | null {
  if (e.altKey || e.metaKey) return null;
  if (!e.ctrlKey) return e.key === "?" && !typing(e.target) ? deeds.help : null;
  switch (e.key) {
    case "Enter":
      return deeds.answer;
    case ".":
      return deeds.hangUp;
    case "m":
    case "M":
      return deeds.mute;
  }
  return null;
}

const typing = (at: EventTarget | null): boolean => at instanceof HTMLElement && at.matches("input, textarea, select, [contenteditable]");
