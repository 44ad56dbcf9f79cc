// Visitor and agent at a telephone, an Internet telephone or a browser, in both orders: every pair that has a browser in
// it. Each hears the other's tone, and not the own. Usage: node pairs.mjs PLACE CHROMIUM. Prints a line of JSON for each.
import { Bench, launch } from "./bench.mjs";
import { atPage, atTelephone, hearEachOther, look, Place } from "./place.mjs";

const place = new Place(JSON.parse(process.argv[2]));
const browser = await launch(process.argv[3], "--use-fake-device-for-media-stream", "--autoplay-policy=no-user-gesture-required");
const bench = new Bench(browser, (u) => u.startsWith(place.url), (text) => /status of (401|403|409)/.test(text));

const tones = { desk: 700, room: 940, visitor: 1150, agent: 820 }; // none is of a tone that the network or we play (440, 480, 620)
await place.person("+13125550180", tones.agent, { press: "1", press_after: "1500ms" }); // a telephone number is no proof of a person
await place.person("ann0180", tones.agent);
const desk = await (await browser.newContext(look)).newPage();
if (bench.only === "" || bench.only.startsWith("agent web")) await place.desk(desk, tones.desk);

let n = 0;
for (const agent of ["web", "tel", "sip"]) {
  for (const visitor of agent === "web" ? ["web", "tel", "sip"] : ["web"]) {
    for (const order of ["agent-first", "visitor-first"]) {
      await bench.check(`agent ${agent}, visitor ${visitor}, ${order}`, (page) => talk(page, agent, visitor, order), look);
    }
  }
}

async function talk(page, agent, visitor, order) {
  await place.ready(`ann-${agent}`);
  const since = Date.now();
  const at = agent === "web" ? atPage(desk, tones.desk, since) : atTelephone(place, { tel: "+13125550180", sip: "ann0180" }[agent], tones.agent, since);
  const [callback, other] = await asks(page, visitor, `${agent}-${order}`, order, since);
  if (agent === "web") {
    await desk.getByText("Rings for").waitFor();
    await desk.keyboard.press("Control+Enter");
  }
  await place.connected(callback);
  await hearEachOther(at, other);
  await place.over(callback);
}

// asks is the visitor's wish; it returns the callback, and where she hears.
async function asks(page, visitor, button, order, since) {
  if (visitor === "web") return [await place.talkHere(page, button, tones.room), atPage(page, tones.room, since)];
  const to = visitor === "tel" ? `+1202555${2000 + n++}` : `joe${n++}`;
  await place.person(to, tones.visitor, order === "visitor-first" ? { press: "1", press_after: "2s" } : {});
  const where = visitor === "tel" ? { number: to } : { endpoint: `sip:${to}@${place.net}`, limits: "skip" };
  const made = await place.ask("POST", "/callbacks", { button, ...where });
  return [made.id, atTelephone(place, to, tones.visitor, since)];
}

await bench.close();
