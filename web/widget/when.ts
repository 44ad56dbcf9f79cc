// The question when to call: now, in a while, or at one of the times on offer.

import { el } from "./parts.js";
import type { Config, When } from "./service.js";

export interface WhenField {
  node: HTMLElement;
  value(): When;
  offer(at: string[]): void; // other times, when one was not to be had
  wrong: HTMLElement;
}

const whiles = ["10m", "30m", "1h", "2h", "4h", "1d"];

export function when(c: Config): WhenField {
  const words = c.texts;
  const wrong = el("p", { class: "wrong", id: "when-wrong", hidden: true });
  const after = el("select", { "aria-label": words["after_how_long"]! }, ...whiles.map((w) => el("option", { value: w }, words[`after_${w}`] ?? w)));
  const at = el("select", { "aria-label": words["at_when"]! });
  const own = el("input", { type: "datetime-local", "aria-label": words["at_when"]!, hidden: true });
  const radio = (value: string, label: string, checked: boolean) =>
    el("label", { class: "choice" }, el("input", { type: "radio", name: "when", value, checked }), el("span", {}, label));
  const node = el("fieldset", { "aria-describedby": "when-wrong" }, el("legend", {}, words["when"]!), wrong,
    radio("now", words["now"]!, true), radio("after", words["after"]!, false), after, radio("at", words["at"]!, false), at, own);
  const chosen = () => node.querySelector<HTMLInputElement>("input:checked")!.value;
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const label = new Intl.DateTimeFormat(c.language, { weekday: "long", month: "long", day: "numeric", hour: "2-digit", minute: "2-digit", timeZone: here });
  const shown = () => {
    after.hidden = chosen() !== "after";
    at.hidden = chosen() !== "at" || at.options.length === 0;
    own.hidden = chosen() !== "at" || at.options.length > 0;
  };
  const offer = (times: string[]) => {
    at.replaceChildren(...times.map((t) => el("option", { value: t }, label.format(new Date(t)))));
    shown();
  };
  node.addEventListener("change", shown);
  offer(c.slots);
  return {
    node, wrong, offer,
    value() {
      switch (chosen()) {
        case "after":
          return { after: after.value };
        case "at":
          return { at: at.options.length > 0 ? at.value : own.value, zone: here };
      }
      return { now: true };
    },
  };
}
