// The form: the button's own questions, when to call, and what the visitor agrees to.

import { prove } from "../proof.js";
import type { Host } from "./panel.js";
import { el } from "./parts.js";
import { send, type Field, type Problem } from "./service.js";
import { when } from "./when.js";

interface Question {
  field: Field;
  input: HTMLInputElement;
  wrong: HTMLElement;
  node: HTMLElement;
}

function question(field: Field, needed: string): Question {
  const id = (field.own ? "own-" : "") + field.name;
  const wrong = el("p", { class: "wrong", id: `${id}-wrong`, hidden: true });
  const box = field.type === "checkbox";
  const complete = field.own ? false : { name: "name", number: "tel" }[field.name] ?? false;
  const input = el("input", { id, part: "field", type: field.type, required: field.required, autocomplete: complete, "aria-describedby": `${id}-wrong` });
  const label = box
    ? el("label", { class: "choice" }, input, el("span", {}, field.label))
    : el("label", { for: id }, field.required ? `${field.label} ${needed}` : field.label);
  return { field, input, wrong, node: el("div", { class: "field" }, ...(box ? [wrong, label] : [label, wrong, input])) };
}

// form makes it; asked is told the token of the callback that came of it.
export function form(h: Host, asked: (token: string) => void): HTMLElement {
  const { config, server } = h;
  const words = config.texts;
  const time = when(config);
  const questions: Question[] = [];
  const alert = el("p", { class: "wrong", role: "alert", tabindex: "-1", hidden: true });
  const submit = el("button", { type: "submit", part: "button" }, words["submit"]!);
  const node = el("form", { novalidate: true }, alert);
  for (const f of config.form.fields) {
    if (f.type === "when") node.append(time.node);
    else {
      const q = question(f.name === "consent" && !f.own ? { ...f, label: config.consent.text } : f, words["needed"]!);
      questions.push(q);
      node.append(q.node);
    }
  }
  const actions = el("div", { class: "actions" }, submit);
  node.append(actions);
  if (config.open && config.channels.some((c) => c.name === "web" && c.available)) actions.append(talk());
  if (config.subscriber.caller_id) node.append(el("p", {}, `${words["from"]} `, el("bdi", {}, config.subscriber.caller_id)));

  const typed = (name: string) => questions.find((q) => !q.field.own && q.field.name === name)?.input.value ?? "";
  const nonce = Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");

  // Talking needs a page of the service's own: it may hear where this page may not, and the call outlives this page.
  function talk(): HTMLElement {
    const b = el("button", { type: "button", class: "plain" }, words["talk"]!);
    b.addEventListener("click", () => {
      const q = new URLSearchParams({ name: typed("name"), topic: typed("topic"), page: location.href });
      window.open(`${server}/b/${encodeURIComponent(config.id)}?${q}`, "_blank", "noopener");
    });
    return b;
  }

  // What is dear is begun as soon as the number is there.
  let work = { number: "", since: 0, proof: Promise.resolve("") };
  const proof = () => {
    const number = typed("number");
    if (config.proof.required && (work.number !== number || performance.now() - work.since > 8 * 60_000)) {
      work = { number, since: performance.now(), proof: prove(`${server}/api/v1/public/challenge?button=${encodeURIComponent(config.id)}`, number) };
    }
    return work.proof;
  };
  questions.find((q) => q.field.name === "number")?.input.addEventListener("change", () => void proof());

  const body = async () => {
    const fields: Record<string, string> = {};
    for (const { field, input } of questions) if (field.own && input.value) fields[field.name] = input.value;
    return {
      number: typed("number"), name: typed("name"), topic: typed("topic"), fields, page: location.href.slice(0, 1000), when: time.value(),
      language: config.language, consent: !!questions.find((q) => q.field.name === "consent")?.input.checked, nonce, proof: await proof(),
    };
  };

  // Nothing that was typed is lost: what is wrong is said beside the question it belongs to.
  const refused = (p: Problem) => {
    let first: HTMLElement = alert;
    const mark = (wrong: HTMLElement, input: HTMLElement, text: string | undefined) => {
      wrong.hidden = !text;
      wrong.textContent = text ?? "";
      input.setAttribute("aria-invalid", String(!!text));
      if (text && first === alert) first = input;
    };
    const said = (name: string) => p.errors.find((e) => e.field === name || (name === "number" && e.field === "endpoint"))?.message;
    for (const q of questions) mark(q.wrong, q.input, said(q.field.own ? `fields.${q.field.name}` : q.field.name) ?? (q.field.own ? said(q.field.name) : undefined));
    if (p.alternatives?.length) time.offer(p.alternatives);
    mark(time.wrong, time.node, said("when"));
    alert.textContent = p.detail;
    alert.hidden = first !== alert && p.errors.length === 1;
    (first === time.node ? time.node.querySelector("input")! : first).focus();
    work.since = -Infinity; // a proof is good once
  };

  node.addEventListener("submit", (e) => {
    e.preventDefault();
    if (submit.getAttribute("aria-disabled") === "true") return;
    submit.setAttribute("aria-disabled", "true");
    void body()
      .then((b) => send<{ token: string }>(server, ["buttons", config.id, "callbacks"], b, words["unreached"]!))
      .then((made) => asked(made.token), refused)
      .finally(() => submit.removeAttribute("aria-disabled"));
  });
  return node;
}
