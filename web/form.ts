// The form: a proof of work goes with it, begun when the number has been typed and ready when the button is pressed. What
// fails here sends the form as a browser without script would.

import { prove } from "./proof.js";
import "./talk.js";

const form = document.querySelector<HTMLFormElement>("form[data-proof]");
if (form) guard(form, form.dataset["proof"]!);

function guard(form: HTMLFormElement, url: string): void {
  const field = (name: string) => form.elements.namedItem(name) as HTMLInputElement;
  const number = field("number");
  let work = { number: "", since: 0, proof: Promise.resolve("") };
  let ready = false;
  const begin = () => {
    const old = performance.now() - work.since > 8 * 60_000; // a puzzle lives ten minutes
    if (old || work.number !== number.value || number.value === "") work = { number: number.value, since: performance.now(), proof: prove(url, number.value) };
    return work;
  };
  number.addEventListener("change", begin);
  form.addEventListener("submit", (e) => {
    if (ready) return;
    e.preventDefault();
    if (form.ariaBusy === "true") return; // pressed twice
    form.ariaBusy = "true";
    void begin().proof.then((proof) => {
      field("proof").value = proof;
      work.since = -Infinity; // it is used up
      ready = true;
      form.requestSubmit((e as SubmitEvent).submitter);
      ready = false;
      form.ariaBusy = null;
    });
  });
}
