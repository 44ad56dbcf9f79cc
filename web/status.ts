// The status page, live: what the page says anyway is kept up to date while it is open. Text only ever goes into
// textContent, so nothing that somebody typed can become markup.

interface View {
  state: string;
  message: string;
  number: string;
  subscriber: { name: string };
  place: number | null;
  can: string[];
}

const root = document.querySelector<HTMLElement>("[data-events]");
if (root?.dataset.events) follow(root, root.dataset.events);

function follow(page: HTMLElement, url: string): void {
  const events = new EventSource(url);
  events.addEventListener("callback", (e) => {
    const view = JSON.parse((e as MessageEvent<string>).data) as View;
    show(page, view);
    if (view.state === "ended") events.close();
  });
  events.onerror = () => {
    // A browser comes back by itself, unless the answer was no stream: then the page asks anew.
    if (events.readyState === EventSource.CLOSED && page.dataset.state !== "ended") {
      setTimeout(() => location.reload(), 5000);
    }
  };
}

function show(page: HTMLElement, view: View): void {
  page.dataset.state = view.state;
  say(page, "message", view.message);
  say(page, "number", view.number);
  document.title = `${view.message} · ${view.subscriber.name}`;
  for (const part of page.querySelectorAll<HTMLElement>("[data-can]")) {
    part.hidden = !view.can.includes(part.dataset.can ?? "");
  }
  for (const part of page.querySelectorAll<HTMLElement>("[data-when]")) {
    part.hidden = (part.dataset.when === "ended") !== (view.state === "ended");
  }
  for (const step of page.querySelectorAll<HTMLElement>("[data-step]")) {
    if (step.dataset.step === view.state) step.setAttribute("aria-current", "step");
    else step.removeAttribute("aria-current");
  }
}

function say(page: HTMLElement, what: string, text: string): void {
  const at = page.querySelector(`[data-say="${what}"]`);
  if (at && at.textContent !== text) at.textContent = text;
}
