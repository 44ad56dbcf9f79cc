// The desk against the real service: an agent answers in Chromium, and talks with a telephone of the demo's network.
// Usage: [ONLY="part of a name"] node answer.mjs URL CARRIER CHROMIUM NAME PASSWORD. Prints one line of JSON for each check.
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Bench, launch, must, quick } from "./bench.mjs";

const [url, carrier, executablePath, name, password] = process.argv.slice(2);
const voice = 700; // Hz: the agent's, from a file instead of a microphone
const folder = await mkdtemp(join(tmpdir(), "desk-"));
await writeFile(join(folder, "voice.wav"), tone(voice));
const browser = await launch(executablePath, "--use-fake-device-for-media-stream", `--use-file-for-fake-audio-capture=${join(folder, "voice.wav")}`, "--autoplay-policy=no-user-gesture-required");
const bench = new Bench(browser, (u) => u.startsWith(url), (text) => /status of (401|403)/.test(text));
const look = { viewport: { width: 1000, height: 780 }, permissions: ["microphone", "notifications"] };
const button = (page, name) => page.getByRole("button", { name, exact: true });
const until = async (fact, what, within = 60_000) => {
  for (const end = Date.now() + within; Date.now() < end; await new Promise((r) => setTimeout(r, 100))) {
    const found = await fact();
    if (found) return found;
  }
  throw new Error(what);
};

// tone is a WAV of a second, 16-bit, 48 kHz; the browser plays it again and again.
function tone(hz, rate = 48_000) {
  const b = Buffer.alloc(44 + rate * 2);
  b.write("RIFF", 0);
  b.writeUInt32LE(b.length - 8, 4);
  b.write("WAVEfmt ", 8);
  b.writeUInt32LE(16, 16);
  b.writeUInt16LE(1, 20);
  b.writeUInt16LE(1, 22);
  b.writeUInt32LE(rate, 24);
  b.writeUInt32LE(rate * 2, 28);
  b.writeUInt16LE(2, 32);
  b.writeUInt16LE(16, 34);
  b.write("data", 36);
  b.writeUInt32LE(rate * 2, 40);
  for (let i = 0; i < rate; i++) b.writeInt16LE(Math.round(12_000 * Math.sin((2 * Math.PI * hz * i) / rate)), 44 + i * 2);
  return b;
}

// The page keeps its connections where a check finds them. A tone that never ends is noise to a noise suppressor: it is
// off here.
const watched = () => {
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = () => open({ audio: { noiseSuppression: false, echoCancellation: false, autoGainControl: false } });
  window.connections = [];
  const Real = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Real {
    constructor(...args) {
      super(...args);
      window.connections.push(this);
    }
  };
};

// hears is how much of the visitor's tone the page has heard: energy that only sound has.
const hears = (page) =>
  page.evaluate(async () => {
    const report = await window.connections.at(-1).getStats();
    return [...report.values()].find((s) => s.type === "inbound-rtp")?.totalAudioEnergy ?? 0;
  });

// listens waits until the page has heard the visitor for so many seconds.
async function listens(page, seconds, what) {
  let [last, loud] = [await hears(page), 0];
  await until(async () => {
    const now = await hears(page);
    if (now > last + 1e-5) loud += 0.1;
    last = now;
    return loud >= seconds;
  }, what);
}

async function sit(page) {
  await page.addInitScript(watched);
  await page.goto(`${url}/desk/`);
  await page.getByRole("heading", { level: 1 }).waitFor();
  if (await page.getByLabel("Password").isVisible()) {
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Password").fill(password);
    await page.keyboard.press("Enter");
  }
  await button(page, "Use the microphone").click();
  await page.getByText("You are heard.").waitFor();
  await button(page, "To the desk").click();
  await page.locator("[data-voice=on]").waitFor();
  await page.getByText("Connected", { exact: true }).waitFor();
  if (await button(page, "Ready").isVisible()) await button(page, "Ready").click(); // who was away is ready when she is back
  await page.getByText("Waiting for a call").waitFor();
}

const sha256 = (text) => createHash("sha256").update(text).digest("hex");

// prove does the work that a button wants first.
async function prove(buttonName, number) {
  const p = await (await fetch(`${url}/api/v1/public/challenge?button=${buttonName}&for=${sha256(number)}`)).json();
  if (!p.required) return undefined;
  let n = 0;
  while (sha256(p.salt + n) !== p.challenge) n++;
  return btoa(JSON.stringify({ algorithm: p.algorithm, challenge: p.challenge, number: n, salt: p.salt, signature: p.signature }));
}

// ask presses a business's button as a visitor does.
async function ask(buttonName, number) {
  const proof = await prove(buttonName, number);
  const answer = await fetch(`${url}/api/v1/public/buttons/${buttonName}/callbacks`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ number, proof, name: "Vera", topic: "boiler", consent: true, page: "https://shop.example/boilers" }),
  });
  const made = await answer.json();
  must(answer.status === 201, JSON.stringify(made));
  return made;
}

const cancel = (made) => fetch(`${url}/api/v1/public/callbacks/${made.token}/cancel`, { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" });
const ended = async (made) => until(async () => (await (await fetch(`${url}/api/v1/public/callbacks/${made.token}`)).json()).state === "ended", "the call does not end");
const visitorOf = async (made) => (await (await fetch(`${carrier}/ledger`)).json()).find((e) => e.callback === made.id);

await bench.check("two businesses, one desk: answered by key, each side hears the other, reload in mid call, notes", async (page) => {
  await sit(page);
  const made = await ask("acme-main", "+12025550100");
  await page.getByRole("heading", { name: "Acme Plumbing" }).waitFor();
  await page.getByText("Acme Plumbing, Dana speaking").waitFor();
  await page.keyboard.press("Control+Enter");
  await page.getByText(/^Talking/).waitFor();
  await listens(page, 1.5, "she does not hear the visitor");

  const at = Date.now();
  await page.reload();
  await page.getByText(/^Talking/).waitFor();
  await until(async () => (await hears(page).catch(() => 0)) > 1e-3, "she does not hear the visitor after a reload");
  quick(Date.now() - at, 3000, "the sound is back");
  await listens(page, 2, "they do not go on talking");

  await page.evaluate(() => window.dispatchEvent(new Event("online"))); // another network: another way is looked for
  await until(() => page.evaluate(() => window.connections.length > 1), "no other way is looked for");
  await page.locator("[data-voice=on]").waitFor();
  await listens(page, 0.5, "she does not hear the visitor on the other way");

  await button(page, "Hold").click();
  await page.getByText("Visitor: on hold").waitFor();
  await button(page, "Take off hold").click();
  await page.getByText("Visitor: Bridged").waitFor();
  await page.keyboard.press("Control+.");
  await page.getByText("Time for notes").waitFor();
  await ended(made);
  await page.getByRole("radio", { name: "Done" }).check();
  await page.getByRole("textbox", { name: "Note" }).fill("Boiler of 2009");
  await button(page, "Keep").click();
  await page.getByText("It is kept.").first().waitFor();
  const { tones_heard } = await until(async () => (await visitorOf(made))?.bye_at && (await visitorOf(made)), "the network has no ledger of the call");
  must(tones_heard.some((t) => Math.abs(t.hz - voice) <= 10 && t.seconds > 1), `the visitor heard ${JSON.stringify(tones_heard)}`);

  await button(page, "Done, ready").first().click();
  await page.getByText("Waiting for a call").waitFor();
  const next = await ask("bell-main", "+12025550105");
  await page.getByRole("heading", { name: "Bell Bakery" }).waitFor();
  await page.getByText("Bell Bakery, good morning!").first().waitFor();
  await button(page, "Decline").click();
  await page.getByText("Rings for").waitFor({ state: "detached" });
  await cancel(next);
}, look);

await bench.check("she places a call, asks a colleague, hands over, and promises another call", async (page) => {
  await sit(page);
  await page.getByRole("combobox", { name: "For" }).selectOption("bell");
  await page.getByLabel("Number").fill("+1 202 555 0100");
  await button(page, "Call").click();
  await page.getByRole("heading", { name: "Bell Bakery" }).waitFor();
  await page.getByText(/^Talking · 0:(0[4-9]|1)/).waitFor(); // both have heard that it is recorded
  await page.locator("summary", { hasText: "Keypad" }).click();
  await button(page, "5").click();
  await page.locator("summary", { hasText: "Transfer" }).click();
  await page.getByLabel("To whom").fill("bob");
  await button(page, "Ask first").click();
  await button(page, "Hand over now").click();
  await page.getByText("Time for notes").waitFor();
  const all = async (state) => (await (await page.request.get(`${url}/api/v1/callbacks?state=${state}`)).json()).data;
  for (const c of await all("connected")) await page.request.post(`${url}/api/v1/callbacks/${c.id}/cancel`, { data: {} }); // as a supervisor
  await until(async () => (await all("connected")).length === 0, "the call that was handed over does not end");
  await page.locator("summary", { hasText: "Call again" }).click();
  await page.getByLabel("When").fill("2027-03-01T10:00");
  await button(page, "Promise").click();
  await page.getByText("The call is promised.").waitFor();
  // Who leaves gives up what she has promised.
  await button(page, "Sign out").click();
  await page.getByRole("heading", { name: "You have promised calls" }).waitFor();
  await button(page, "Give them to anyone, sign out").click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
}, look);

await bench.check("a tab that is closed while it rings: somebody else is rung within 10 s", async (page, context) => {
  await sit(page);
  const made = await ask("bell-main", "+12125550100");
  await page.getByText("Rings for").waitFor();
  const at = Date.now();
  await page.close();
  const other = await until(async () => (await (await fetch(`${carrier}/ledger`)).json()).find((e) => e.callback === made.id && /^(ann|bob)/.test(e.to)), "nobody else is rung");
  quick(Date.now() - at, 10_000, "somebody else is rung");
  // Once that one talks, a supervisor may listen: the visitor was told that the talk is recorded.
  const second = await context.newPage();
  await sit(second);
  await button(second, "Board").click();
  await second.getByText("In a call").waitFor({ timeout: 30_000 });
  await until(async () => (await (await fetch(`${url}/api/v1/public/callbacks/${made.token}`)).json()).state === "connected", "they do not talk", 40_000);
  const who = other.to.startsWith("bob") ? "Bob" : "Ann";
  const listening = second.getByRole("heading", { name: `You listen to ${who} for Bell Bakery` });
  await until(async () => {
    if (await listening.isVisible()) return true;
    await button(second, `Listen: ${who}`).click({ timeout: 1000 }).catch(() => {}); // refused until both have heard the notice
    return listening.waitFor({ timeout: 4000 }).then(() => true, () => false);
  }, "she may not listen");
  await listens(second, 1, "the supervisor hears nothing");
  await button(second, "Leave the talk").click();
  await listening.waitFor({ state: "detached" });
  await cancel(made);
}, look);

await bench.close();
await rm(folder, { recursive: true });
