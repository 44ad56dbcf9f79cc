// The room: a visitor talks in the browser. The connection is made at once and kept for the whole call; loaded again, or
// with another network, the page connects anew, and the call goes on. The status beside it is status.ts.
import { Deaf, listen } from "./microphone";
import "./status";
import { patience, Way, type ICEServer } from "./way";

const root = document.querySelector<HTMLElement>("[data-browser]");
if (root?.dataset.browser) void enter(root, root.dataset.browser);

async function enter(page: HTMLElement, url: string): Promise<void> {
  const mute = page.querySelector<HTMLButtonElement>("[data-mute]");
  const words = JSON.parse(page.dataset["words"] ?? "{}") as Record<string, string>;
  let mic: MediaStreamTrack;
  try {
    mic = (await listen()).getAudioTracks()[0]!;
  } catch (e) {
    say(page, `${words[e instanceof Deaf ? e.kind : "broken"]} ${words["instead"]}`);
    return;
  }
  const way = new Way((offer) => asks(url, offer), page.querySelector("audio") ?? new Audio(), () => {
    say(page, way.state === "lost" ? way.why || words["lost"]! : "");
  });
  mute?.addEventListener("click", () => {
    const off = mute.getAttribute("aria-pressed") !== "true";
    mute.setAttribute("aria-pressed", String(off));
    mic.enabled = !off;
  });
  if (mute) mute.hidden = false;
  new MutationObserver(() => {
    if (page.dataset.state !== "ended") return;
    way.close();
    mic.stop();
    if (mute) mute.hidden = true;
  }).observe(page, { attributes: true, attributeFilter: ["data-state"] });
  if (page.dataset.state === "ended") return;
  way.inCall = true; // the page is for nothing else
  way.open(mic);
}

async function asks(url: string, offer?: string): Promise<{ answer?: string; ice?: ICEServer[] }> {
  const post = offer === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ offer }) };
  const r = await fetch(url, { cache: "no-store", signal: AbortSignal.timeout(offer === undefined ? patience : 2 * patience), ...post });
  const said = (await r.json()) as { answer?: string; ice?: ICEServer[]; detail?: string };
  if (!r.ok) throw new Error(said.detail ?? r.statusText);
  return said;
}

// say tells of the connection; the call's own status stands above it.
function say(page: HTMLElement, text: string): void {
  const at = page.querySelector<HTMLElement>("[data-connection]");
  if (at) {
    at.textContent = text;
    at.hidden = text === "";
  }
}
