// Where the call is, and what can still be done about it.

import type { Host } from "./panel.js";
import { el } from "./parts.js";
import type { Problem, View } from "./service.js";
import { when } from "./when.js";

type Act = (what: string, body: unknown) => Promise<Problem | undefined>;

export interface Status {
  node: HTMLElement;
  show(v: View): void;
}

export function status(h: Host, act: Act, again: () => void): Status {
  const words = h.config.texts;
  const message = el("p", { class: "message", role: "status" });
  const number = el("bdi");
  const from = el("p", {}, `${words["from"]} `, el("bdi", {}, h.config.subscriber.caller_id ?? ""));
  from.hidden = !h.config.subscriber.caller_id;
  const wrong = el("p", { class: "wrong", role: "alert", hidden: true });
  const buttons = new Map<string, HTMLElement>();
  const actions = el("div", { class: "actions" });
  const below = el("div");

  const say = (p: Problem | undefined) => {
    wrong.textContent = p?.detail ?? "";
    wrong.hidden = !p;
    if (!p) below.replaceChildren();
    return p;
  };
  const button = (can: string, label: string, plain: boolean, press: () => unknown) => {
    const b = el("button", { type: "button", part: "button", class: plain ? "plain" : "", hidden: true }, label);
    b.addEventListener("click", () => void press());
    buttons.set(can, b);
    actions.append(b);
  };
  // lay opens a question below the buttons.
  const lay = (send: string, ask: HTMLElement, go: () => Promise<Problem | undefined>) => {
    const f = el("form", { novalidate: true }, ask, el("div", { class: "actions" }, el("button", { type: "submit", part: "button" }, send)));
    f.addEventListener("submit", (e) => {
      e.preventDefault();
      void go().then(say);
    });
    below.replaceChildren(f);
    f.querySelector("input")?.focus();
  };

  button("now", words["call_now"]!, false, async () => say(await act("now", {})));
  button("number", words["number"]!, true, () => {
    const input = el("input", { id: "new-number", type: "tel", autocomplete: "tel", part: "field", required: true });
    lay(words["this_number"]!, el("div", { class: "field" }, el("label", { for: "new-number" }, words["new_number"]!), input), () => act("number", { number: input.value }));
  });
  button("reschedule", words["reschedule"]!, true, () => {
    const time = when(h.config);
    lay(words["this_time"]!, time.node, async () => {
      const p = await act("reschedule", { when: time.value() });
      if (p?.alternatives?.length) time.offer(p.alternatives);
      return p;
    });
  });
  button("cancel", words["cancel"]!, true, async () => say(await act("cancel", {})));
  button("opt_out", words["never"]!, true, () => lay(words["never"]!, el("p", {}, words["never_sure"]!), () => act("opt_out", {})));
  button("again", words["again"]!, false, again);

  const node = el("div", {}, message, el("p", {}, `${words["your_number"]} `, number), from, wrong, actions, below);
  return {
    node,
    show(v) {
      if (message.textContent !== v.message) message.textContent = v.message;
      number.textContent = v.number;
      for (const [can, b] of buttons) b.hidden = can === "again" ? v.state !== "ended" : !v.can.includes(can);
      if (v.state === "ended") below.replaceChildren();
    },
  };
}
