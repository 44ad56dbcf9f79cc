// A browser that is away in mid call, or dies while it rings: loaded again, its way through the network lost, its renderer
// stopped or killed. Usage: node away.mjs PLACE CHROMIUM. Prints a line of JSON for each check. What breaks a network is
// tried where PLACE is inside one of its own.
import { execFileSync } from "node:child_process";
import { Bench, launch, must } from "./bench.mjs";
import { heard, missing } from "./ears.mjs";
import { atPage, atTelephone, hearEachOther, look, Place, until } from "./place.mjs";

const place = new Place(JSON.parse(process.argv[2]));
const browser = await launch(process.argv[3], "--use-fake-device-for-media-stream", "--autoplay-policy=no-user-gesture-required");
// What is loaded again or dies breaks what it was just fetching.
const bench = new Bench(browser, (u) => u.startsWith(place.url), (text) => /status of (401|403|409)|net::ERR_|WebSocket/.test(text));
const tones = { desk: 700, room: 940, visitor: 1150, agent: 820 };
const promised = 3000; // ms without sound
let number = 3000;

// atDesk is a call of Ann at her desk and a visitor's telephone, who hear each other.
async function atDesk(page) {
  await place.desk(page, tones.desk);
  const [since, to] = [Date.now(), `+1202555${number++}`];
  await place.person(to, tones.visitor);
  const { id } = await place.ask("POST", "/callbacks", { button: "web-agent-first", number: to });
  await page.getByText("Rings for").waitFor();
  await page.keyboard.press("Control+Enter");
  await place.connected(id);
  const far = atTelephone(place, to, tones.visitor, since);
  await hearEachOther(atPage(page, tones.desk, since), far);
  return { id, page, far, own: tones.desk, silent: async () => (await place.ledger(to, since)).rms_silence_max_s };
}

// inRoom is a call of a visitor in the room and an agent's telephone.
async function inRoom(page) {
  await place.ready("ann-sip");
  const since = Date.now();
  await place.person("ann0180", tones.agent);
  const id = await place.talkHere(page, "sip-agent-first", tones.room);
  await place.connected(id);
  const far = atTelephone(place, "ann0180", tones.agent, since);
  await hearEachOther(atPage(page, tones.room, since), far);
  return { id, page, far, own: tones.room, silent: async () => (await place.ledger("ann0180", since)).rms_silence_max_s };
}

// goesOn wants each end to hear the other's voice again within what is promised after something happens to the page. The
// figures are the longest stretch without it.
async function goesOn(call, happens) {
  const there = missesAt(call.far, call.own);
  const at = (await happens(call.page)) ?? Date.now();
  await until(async () => (await heard(call.page, call.far.hz, at).catch(() => 0)) >= 3, "the page does not go on hearing");
  const [here, other] = [await missing(call.page, call.far.hz, at), await there()];
  must(here * 1000 < promised, `the page does not hear the other for ${here} s`);
  must(other * 1000 < promised, `the other does not hear the page for ${other} s`);
  const silent = await call.silent();
  must(silent * 1000 < promised, `the other hears nothing at all for ${silent} s`);
  await place.over(call.id);
  return `without the other's voice: the page ${here.toFixed(1)} s, the other end ${other.toFixed(1)} s`;
}

// missesAt follows a telephone until it is asked for the longest stretch without a tone, in seconds; then the tone must be
// there again. The ledger tells for how long it was heard, so it is looked at again and again.
function missesAt(far, hz) {
  let [longest, last, was, on] = [0, Date.now(), 0, true];
  const follows = (async () => {
    for (; on; await new Promise((r) => setTimeout(r, 50))) {
      const now = await far.hears(hz);
      if (now <= was) continue;
      longest = Math.max(longest, Date.now() - last);
      [last, was] = [Date.now(), now];
    }
  })();
  return async () => {
    const before = was;
    await until(() => was >= before + 1, "the page is not heard again", 20_000);
    on = false;
    await follows;
    return longest / 1000;
  };
}

// loads returns when it began.
async function loads(page) {
  const at = Date.now();
  await page.reload();
  return at;
}

const ends = { "the desk": atDesk, "the room": inRoom };
for (const [who, begin] of Object.entries(ends)) {
  await bench.check(`${who} is loaded again in mid call`, async (page) => goesOn(await begin(page), loads), look);
}

if (place.inside) {
  for (const [who, begin] of Object.entries(ends)) {
    await bench.check(`${who}: the way of its packets is lost`, async (page) => goesOn(await begin(page), blocks), look);
    await bench.check(`${who}: the address is gone`, async (page) => goesOn(await begin(page), moves), look);
  }
}

// way is the candidate pair that is in use.
function way(page) {
  return page.evaluate(async () => {
    const all = [...(await window.connections.at(-1).getStats()).values()];
    const by = (id) => all.find((s) => s.id === id);
    const { port, address } = by(by(all.find((s) => s.type === "transport").selectedCandidatePairId).localCandidateId);
    return { port, address };
  });
}

// blocks lets nothing through any more between the two ports.
async function blocks(page) {
  const { port } = await way(page);
  for (const side of ["--sport", "--dport"]) execFileSync("iptables", ["-I", "INPUT", "-p", "udp", side, String(port), "-j", "DROP"]);
}

// moves takes the address away that is in use, and gives it back when another is.
async function moves(page) {
  const { address } = await way(page);
  const device = { "10.91.0.1": "a0", "10.92.0.1": "b0" }[address];
  must(device, `the address in use is ${address}`);
  execFileSync("ip", ["addr", "del", `${address}/24`, "dev", device]);
  bench.after = () => execFileSync("ip", ["addr", "add", `${address}/24`, "dev", device]);
}

// renderers are the processes that draw pages.
async function renderers() {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  return processInfo.filter((p) => p.type === "renderer").map((p) => p.id);
}

for (const [what, signal] of [["stopped", "SIGSTOP"], ["killed", "SIGKILL"]]) {
  await bench.check(`its renderer is ${what} while it rings: the offer moves on within 10 s`, async (page) => {
    await place.desk(page, tones.desk);
    const hers = await renderers(); // hers is the only page that is open
    must(hers.length > 0, "her renderer is not found");
    const since = Date.now();
    await place.person("bob0100", tones.agent);
    const { id } = await place.ask("POST", "/callbacks", { button: "two", number: `+1202555${number++}` });
    await page.getByText("Rings for").waitFor();
    const at = Date.now();
    for (const pid of hers) process.kill(pid, signal);
    const bob = await until(() => place.ledger("bob0100", since), "nobody else is rung", 40_000);
    for (const pid of hers) if (signal === "SIGSTOP") process.kill(pid, "SIGCONT");
    const took = Date.parse(bob.invite_at) - at;
    await place.over(id);
    must(took < 10_000, `it moves on after ${took} ms`);
    return `${took} ms`;
  }, look);
}

await bench.close();
