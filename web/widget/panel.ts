// What the launcher opens: the form, and then where the call is. All text goes in as text; nothing becomes markup.

import { form } from "./form.js";
import { el, sheet } from "./parts.js";
import { events, send, type Config, type Problem, type View } from "./service.js";
import { status } from "./status.js";

// Host is the element, as the panel sees it.
export interface Host {
  root: ShadowRoot;
  server: string;
  config: Config;
  inline: boolean;
  token(): string; // of the call that was asked for; "" = none
  keep(token: string): void;
  note(text: string): void; // beside the launcher
  tell(what: "state" | "end", detail: View): void;
}

export interface Panel {
  open(modal: boolean): void;
  close(): void;
  rest(): void; // nothing is followed any more
}

// mount puts the panel into the host's shadow.
export function mount(h: Host): Panel {
  const { config } = h;
  const words = config.texts;
  h.root.adoptedStyleSheets.push(sheet);
  const title = el("h2", { id: "title" }, words["title"]!);
  const body = el("div", { class: "body" });
  const box = el(h.inline ? "section" : "dialog", { part: "dialog", dir: config.direction, lang: config.language, "aria-labelledby": "title" }) as HTMLDialogElement;
  const close = el("button", { type: "button", class: "close plain", "aria-label": words["close"]! }, "×");
  close.addEventListener("click", () => panel.close());
  box.append(el("div", { class: "head" }, title, ...(h.inline ? [] : [close])), body);
  h.root.append(box);

  let stream: EventSource | undefined;
  let version = -1;

  const ask = () => {
    stream?.close();
    version = -1;
    h.keep("");
    h.note(words["closed"] ?? "");
    title.textContent = words["title"]!;
    body.replaceChildren(form(h, (token) => {
      h.keep(token);
      title.textContent = words["status"]!;
      body.replaceChildren(el("p", { class: "message", role: "status" }, words["asked"]!));
      follow();
    }));
    focus();
  };

  const act = async (what: string, with_: unknown): Promise<Problem | undefined> => {
    try {
      show(await send<View>(h.server, ["callbacks", h.token(), what], with_, words["unreached"]!));
      return undefined;
    } catch (e) {
      return e as Problem;
    }
  };

  const seen = status(h, act, ask);

  const show = (v: View) => {
    if (v.version < version) return;
    version = v.version;
    title.textContent = words["status"]!;
    if (!body.contains(seen.node)) {
      body.replaceChildren(seen.node);
      focus();
    }
    seen.show(v);
    h.note(box.open ? "" : v.message);
    h.tell("state", v);
    if (v.state !== "ended") return;
    stream?.close();
    h.keep("");
    h.tell("end", v);
  };

  // A call is followed while its page is looked at: a browser has few connections, and a page behind others needs none.
  const follow = () => {
    stream?.close();
    const token = h.token();
    if (!token || document.hidden) return;
    const s = (stream = events(h.server, token));
    s.addEventListener("callback", (e) => show(JSON.parse((e as MessageEvent<string>).data) as View));
    s.onerror = () => {
      if (s.readyState !== EventSource.CLOSED || s !== stream || !h.token()) return;
      if (version < 0) ask(); // it is not known any more
      else setTimeout(follow, 5000);
    };
  };
  const turned = () => follow();
  document.addEventListener("visibilitychange", turned);

  const focus = () => {
    if (box.open) body.querySelector<HTMLElement>("input, button")?.focus();
  };

  const panel: Panel = {
    open(modal) {
      if (h.inline || box.open) return;
      h.note("");
      if (modal) box.showModal();
      else box.show();
      focus();
    },
    close() {
      if (!h.inline) box.close();
      if (!h.token() && version >= 0) ask(); // what is over is not shown again
    },
    rest() {
      stream?.close();
      document.removeEventListener("visibilitychange", turned);
    },
  };
  if (h.token()) {
    title.textContent = words["status"]!;
    follow();
  } else ask();
  return panel;
}
