// The room: a visitor talks in the browser. The connection is made at once and kept for the whole call; loaded again, or
// with another network, the page connects anew, and the call goes on. The status beside it is status.ts.
import "./status";

const root = document.querySelector<HTMLElement>("[data-browser]");
if (root?.dataset.browser) void enter(root, root.dataset.browser);

const first = 300; // ms until a broken way is tried again, doubled each time
const most = 5000;
const patience = 2500; // ms that a way may be broken before another is looked for

async function enter(page: HTMLElement, url: string): Promise<void> {
  const ear = page.querySelector("audio");
  const mute = page.querySelector<HTMLButtonElement>("[data-mute]");
  let mic: MediaStream;
  try {
    mic = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true } });
  } catch (e) {
    const none = (e as DOMException).name === "NotFoundError";
    say(page, none ? "No microphone was found. Plug one in and load this page again, or have us call your telephone." : "The microphone is not allowed. Allow it beside the address of this page and load it again, or have us call your telephone.");
    return;
  }
  let pc: RTCPeerConnection | undefined;
  let servers: RTCIceServer[] = [];
  let turn = 0; // of the connections: one that is overtaken while it asks for servers is not made
  let wait = first;
  let timer: number | undefined;

  const over = (): boolean => page.dataset.state === "ended";
  const again = (after: number): void => {
    clearTimeout(timer);
    if (!over()) timer = setTimeout(() => void connect(), after);
  };

  async function connect(): Promise<void> {
    clearTimeout(timer);
    pc?.close();
    const my = ++turn;
    servers = (await ways(url)) ?? servers;
    if (my !== turn || over()) return;
    const mine = (pc = new RTCPeerConnection({ iceServers: servers }));
    for (const t of mic.getTracks()) mine.addTrack(t, mic);
    mine.createDataChannel("room");
    mine.ontrack = (e) => {
      if (ear) ear.srcObject = e.streams[0] ?? new MediaStream([e.track]);
    };
    mine.onconnectionstatechange = () => {
      if (mine !== pc) return;
      switch (mine.connectionState) {
        case "connected":
          wait = first;
          clearTimeout(timer);
          say(page, "");
          break;
        case "disconnected":
          say(page, "The connection is weak. One moment…");
          again(patience);
          break;
        case "failed":
          say(page, "The connection was lost. It is made again…");
          again(wait);
          wait = Math.min(wait * 2, most);
      }
    };
    try {
      await mine.setLocalDescription();
      const r = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ offer: mine.localDescription?.sdp }) });
      const said = (await r.json()) as { answer?: string; detail?: string };
      if (mine !== pc) return;
      if (!r.ok || !said.answer) throw new Error(said.detail ?? r.statusText);
      await mine.setRemoteDescription({ type: "answer", sdp: said.answer });
    } catch (e) {
      if (mine !== pc || over()) return;
      say(page, (e as Error).message);
      again(wait);
      wait = Math.min(wait * 2, most);
    }
  }

  mute?.addEventListener("click", () => {
    const off = mute.getAttribute("aria-pressed") !== "true";
    mute.setAttribute("aria-pressed", String(off));
    for (const t of mic.getTracks()) t.enabled = !off;
  });
  if (mute) mute.hidden = false;
  addEventListener("online", () => again(0));
  new MutationObserver(() => {
    if (!over()) return;
    clearTimeout(timer);
    pc?.close();
    for (const t of mic.getTracks()) t.stop();
    if (mute) mute.hidden = true;
  }).observe(page, { attributes: true, attributeFilter: ["data-state"] });
  await connect();
}

// ways are the servers that help through walls; their credentials live for a while only. Without an answer the last ones
// may still do, and on most networks none are needed.
async function ways(url: string): Promise<RTCIceServer[] | undefined> {
  try {
    const r = await fetch(url, { cache: "no-store", signal: AbortSignal.timeout(patience) });
    const { ice } = (await r.json()) as { ice?: { urls: string[]; username: string | null; credential: string | null }[] };
    return ice?.map((s) => ({ urls: s.urls, ...(s.username ? { username: s.username, credential: s.credential ?? "" } : {}) }));
  } catch {
    return undefined;
  }
}

// say tells of the connection; the call's own status stands above it.
function say(page: HTMLElement, text: string): void {
  const at = page.querySelector<HTMLElement>("[data-connection]");
  if (at) {
    at.textContent = text;
    at.hidden = text === "";
  }
}
