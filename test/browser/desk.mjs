// The desk in Chromium, against a service that is played. Usage: node desk.mjs URL CHROMIUM [IMAGES]. Prints one line of
// JSON for each check: {"name", "ok", "detail"}. With IMAGES, a folder, it leaves a picture of each state there.
import { mkdir } from "node:fs/promises";
import { Bench, clean, launch, looks, must, quick } from "./bench.mjs";
import { card, leg, me, Played, says, soon, supervisor } from "./played.mjs";

const [url, executablePath, images] = process.argv.slice(2);
const ours = (u) => u.startsWith(url) || u === "about:blank";
// A wrong password and a mishap that a check makes are errors to the browser's console, and are meant to be.
const expected = (text) => /status of (401|409|503)/.test(text);
const browser = await launch(executablePath, "--use-fake-device-for-media-stream", "--autoplay-policy=no-user-gesture-required");
const bench = new Bench(browser, ours, expected);
const wide = { viewport: { width: 1000, height: 780 }, permissions: ["microphone", "notifications"] };
const checks = [];
const check = (name, run) => checks.push(() => bench.check(name, run, wide));
if (images) await mkdir(images, { recursive: true });

const button = (page, name) => page.getByRole("button", { name, exact: true });
const presence = (page) => page.locator(".own .presence");
const until = async (fact, what) => {
  for (const end = Date.now() + 30_000; Date.now() < end; ) if (await fact()) return;
    else await new Promise((r) => setTimeout(r, 50));
  throw new Error(what);
};

// press is what a keyboard does: the control takes the focus, then Enter.
const press = (page, name) => button(page, name).press("Enter");
const asks = (service, what) => until(() => service.asked.includes(what), `not asked: ${what}\nbut ${service.asked.join("\n")}`);

// leave puts a picture into the folder of the guide's.
const { picture } = images ? await import("./picture.mjs") : {};
const leave = async (page, service, name) => images && picture(page, await service.far, `${images}/${name}.png`);

// sit brings an agent to her desk, with sound that this tab has tried before.
async function sit(page, service, presence = "ready") {
  service.presence = presence;
  await service.install(page.context(), url);
  await page.addInitScript(() => sessionStorage.setItem("ringback-desk-sound", "checked"));
  await page.goto(`${url}/desk/`);
  await page.getByText("Connected", { exact: true }).waitFor();
}

// Every state, in light and dark, narrow and wide; the wide light ones are the pictures of the guide.
check("axe: every state, narrow and wide, light and dark", states);

check("sign in, wrong password, hear yourself, to the desk", async (page) => {
  const service = new Played(me(), false);
  await service.install(page.context(), url);
  await page.goto(`${url}/desk/`);
  await page.getByLabel("Name").fill("ann");
  await page.getByLabel("Password").fill("rose");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").getByText("The name or the password is wrong.").waitFor();
  await page.getByLabel("Password").fill("tulip");
  await page.keyboard.press("Enter");
  await button(page, "Use the microphone").click();
  await page.getByText("You are heard.").waitFor();
  await button(page, "Hear the ring").click();
  await button(page, "Hear yourself").click();
  await button(page, "That is you…").waitFor();
  await button(page, "Hear yourself").waitFor();
  await button(page, "To the desk").click();
  await button(page, "Ready").click();
  await presence(page).getByText("Ready").waitFor();
  must(service.asked.includes('POST /agents/agt_1/presence {"presence":"ready"}'), `asked ${service.asked}`);
});

check("a call by keyboard: answer, mute, hold, transfer, hang up, disposition, follow-up", async (page) => {
  const service = new Played();
  await sit(page, service);
  service.tell(says.offer());
  await page.getByRole("heading", { name: "Acme Plumbing" }).waitFor();
  must((await page.title()).startsWith("☎ Acme Plumbing"), `the title is ${await page.title()}`);
  must((await page.locator("link[rel=icon]").getAttribute("href")).includes("icon-ring"), "the icon does not ring");
  await page.keyboard.press("Control+Enter");
  await asks(service, 'POST /callbacks/cb_1/accept {"leg":"leg_agent"}');
  service.tell(says.offerOver("accepted"), says.presence("talking"), says.call());
  await page.getByText("Agent: Bridged").waitFor();
  must((await page.title()) === "Desk", "the title still rings");
  await until(async () => await service.farHears(), "the microphone is not open");
  await page.keyboard.press("Control+m");
  await page.getByText("You are muted").waitFor();
  await until(async () => !(await service.farHears()), "the microphone is open while she is muted");
  await page.keyboard.press("Control+m");
  await press(page, "Hold");
  await asks(service, 'POST /callbacks/cb_1/hold {"on":true}');
  service.tell(says.call({ legs: [leg("agent", "bridged"), leg("visitor", "held", { held: true })] }));
  await press(page, "Take off hold");
  await asks(service, 'POST /callbacks/cb_1/hold {"on":false}');
  service.tell(says.call());
  await press(page, "Pause recording");
  await asks(service, 'POST /callbacks/cb_1/record {"action":"pause"}');
  await page.locator("summary", { hasText: "Keypad" }).press("Enter");
  await press(page, "5");
  await asks(service, 'POST /callbacks/cb_1/keys {"digits":"5"}');
  await page.locator("summary", { hasText: "Transfer" }).press("Enter");
  await page.getByLabel("To whom").press("+");
  await page.keyboard.type("1 202 555 0102");
  await press(page, "Ask first");
  await asks(service, 'POST /callbacks/cb_1/transfer {"to":"tel:+12025550102","kind":"warm"}');
  service.tell(says.call({ legs: [leg("agent", "bridged"), leg("visitor", "held", { held: true }), leg("agent", "bridged", { id: "leg_third", kind: "tel", role: "consulted" })] }));
  await press(page, "Take the call back");
  await asks(service, "POST /callbacks/cb_1/transfer/cancel {}");
  await page.keyboard.press("Control+.");
  await asks(service, "POST /callbacks/cb_1/hang_up {}");
  service.tell(says.callOver(), says.presence("wrap_up", { until: soon(20) }));
  await page.getByText("Time for notes").waitFor();
  await page.getByRole("radio", { name: "Call back" }).press("Space");
  await page.getByRole("textbox", { name: "Note" }).press("F");
  await page.keyboard.type("or Tuesday");
  await press(page, "Keep");
  await asks(service, 'POST /callbacks/cb_1/disposition {"code":"call back","note":"For Tuesday"}');
  await page.locator("summary", { hasText: "Call again" }).press("Enter");
  await page.getByLabel("When").fill("2026-12-01T10:00");
  await press(page, "Promise");
  await until(() => service.asked.some((a) => a.startsWith("POST /callbacks/cb_1/follow_up") && a.includes('"at":"2026-12-01T10:00"') && a.includes('"who":"me"')), `asked ${service.asked}`);
});

check("each call has the name and greeting of its business", async (page) => {
  const service = new Played();
  await sit(page, service);
  service.tell(says.call());
  await page.getByText("Acme Plumbing, Ann speaking. What").waitFor();
  service.tell(says.callOver(), says.offer({ callback: "cb_2", subscriber: { slug: "bell", name: "Bell Bakery" }, greeting: "Bell Bakery, good morning", script_fields: [] }));
  await page.getByRole("heading", { name: "Bell Bakery" }).waitFor();
  const shown = await page.locator("main").innerText();
  must(shown.includes("Bell Bakery, good morning") && !shown.includes("Acme Plumbing, Ann"), `shown ${shown}`);
  must((await page.locator(".business").evaluate((e) => getComputedStyle(e).fontSize)) === "32px", "the name is not 32 px high");
});

check("what a visitor typed never becomes markup or a script's link", async (page) => {
  const evil = `<img src=x onerror="window.pwned=1">`;
  const service = new Played();
  await sit(page, service);
  service.tell(says.call({}, { topic: evil, page: "javascript:window.pwned=1", visitor: { ...card().visitor, name: evil }, screen_pop: "javascript:window.pwned=1" }));
  await page.getByText(evil).first().waitFor();
  must(!(await page.evaluate(() => window.pwned)), "a script ran");
  must((await page.locator('a[href^="javascript"]').count()) === 0, "a link runs a script");
});

check("two tabs: one rings and talks, the other can take over", async (page, context) => {
  const service = new Played();
  await sit(page, service);
  await until(() => service.offers === 1, "the browser's leg is not offered");
  const other = await context.newPage();
  await other.addInitScript(() => sessionStorage.setItem("ringback-desk-sound", "checked"));
  await other.goto(`${url}/desk/`);
  await other.getByText("another tab").waitFor();
  service.tell(says.offer());
  await other.getByRole("heading", { name: "Acme Plumbing" }).waitFor();
  must((await page.title()).startsWith("☎") && !(await other.title()).startsWith("☎"), "not just one tab rings");
  must(service.offers === 1, `${service.offers} legs`);
  await button(other, "Use this tab").click();
  await until(() => service.offers === 2, "the other tab offers no leg");
  await page.getByText("another tab").waitFor();
  must((await other.title()).startsWith("☎") && !(await page.title()).startsWith("☎"), "the ring has not moved");
  await other.close();
  await until(() => service.offers === 3, "the first tab does not take over from one that is gone");
});

check("not connected is said, and the desk comes back", async (page) => {
  const service = new Played();
  await sit(page, service);
  service.tell(says.offer());
  await button(page, "Answer").waitFor();
  service.down = true;
  await service.cut();
  await page.getByText("Not connected.").waitFor();
  service.down = false;
  await page.getByText("Connected", { exact: true }).waitFor();
  await page.getByText("Waiting for a call").waitFor(); // what the hello does not tell again is over
  service.tell({ type: "ping", n: 7 });
  await until(() => service.said.some((m) => m.type === "pong" && m.n === 7), "a ping is not answered");
});

check("reload in a call: the leg is offered again without a question", async (page) => {
  const service = new Played();
  await sit(page, service);
  service.tell(says.call());
  await page.getByText("Agent: Bridged").waitFor();
  await page.locator("[data-voice=on]").waitFor();
  const [before, offers] = [Date.now(), service.offers];
  await page.reload();
  await until(() => service.offers > offers, "the leg is not offered again");
  await page.locator("[data-voice=on]").waitFor();
  quick(Date.now() - before, 3000, "the sound is back");
});

const deaf = {
  "the microphone is refused": ["NotAllowedError", "The microphone is not allowed.", "allow the microphone"],
  "there is no microphone": ["NotFoundError", "No microphone was found.", "Plug in a headset"],
  "the microphone gives nothing": ["NotReadableError", "gives no sound", "Another program"],
};
for (const [name, [error, what, todo]] of Object.entries(deaf)) {
  check(`${name}: said, with what to do, and nobody is made available`, async (page) => {
    await page.addInitScript((error) => (navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", error))), error);
    await unheard(page, what, todo, name === "the microphone is refused" ? "desk-refused" : "");
  });
}

check("nothing to hear with: said, with what to do, and nobody is made available", async (page) => {
  await page.addInitScript(() => {
    const all = navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices);
    navigator.mediaDevices.enumerateDevices = async () => (await all()).filter((d) => d.kind !== "audiooutput");
  });
  await unheard(page, "No loudspeaker or headset was found.", "Plug in a headset", "");
});

async function unheard(page, what, todo, shot) {
  const service = new Played(me({ agent: { ...me().agent, devices: [{ to: "web" }] } }));
  await service.install(page.context(), url);
  await page.goto(`${url}/desk/`);
  await button(page, "Use the microphone").click();
  const alert = page.getByRole("alert");
  await alert.getByText(what).waitFor();
  await alert.getByText(todo).waitFor();
  await clean(page, what);
  if (shot) await leave(page, service, shot);
  must((await button(page, "Ready").count()) + (await button(page, "To the desk").count()) === 0, "she may be ready");
  must(!service.asked.some((a) => a.includes("/presence") || a.includes("/browser")), `asked ${service.asked}`);
}

check("sign out asks about promised calls, then hands them over", async (page) => {
  const service = new Played();
  service.promised = [{ id: "cb_5", subscriber: "sub_1", state: "scheduled", number: "+12025550105", name: "Paul", topic: null, due_at: soon(7200), arrived_at: null, kept_for: "agt_1" }, { id: "cb_6", state: "scheduled", name: "Not hers", number: null, due_at: soon(60), kept_for: null }];
  await sit(page, service);
  await button(page, "Sign out").click();
  await page.getByRole("heading", { name: "You have promised calls" }).waitFor();
  await clean(page, "promises");
  await leave(page, service, "desk-promises");
  must((await page.getByText("Not hers").count()) === 0, "the promise of somebody else is shown");
  await button(page, "Give them to anyone, sign out").click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  const at = (a) => service.asked.indexOf(a);
  must(at('POST /callbacks/cb_5/reassign {"agent":null}') >= 0 && at('POST /callbacks/cb_5/reassign {"agent":null}') < at("DELETE /session"), `asked ${service.asked}`);
});

check("place a call for a business; a refusal is said", async (page) => {
  const service = new Played();
  await sit(page, service);
  await page.getByRole("combobox", { name: "For" }).selectOption("bell");
  await page.getByLabel("Number").fill("+1 202 555 0100");
  await button(page, "Call").click();
  await until(() => service.asked.some((a) => a.startsWith("POST /callbacks ") && a.includes('"subscriber":"bell"') && a.includes('"number":"+12025550100"') && a.includes('"agent":"me"')), `asked ${service.asked}`);
  await until(async () => (await page.getByLabel("Number").inputValue()) === "", "the form is not emptied");
  service.tell(says.offer());
  await asks(service, 'POST /callbacks/cb_1/accept {"leg":"leg_agent"}'); // by itself: she has asked for it
  must(!(await page.title()).startsWith("☎"), "her own call rings");
  service.tell(says.offerOver("cancelled"));
  service.refuses["/callbacks"] = { status: 409, code: "number_busy", detail: "This number is being called already." };
  await page.getByLabel("Number").fill("+1 202 555 0100");
  await button(page, "Call").click();
  await page.getByText("This number is being called already.").waitFor();
});

check("keys: the list, and turned off", async (page) => {
  const service = new Played();
  await sit(page, service);
  await page.keyboard.press("?");
  await page.getByRole("heading", { name: "Keys" }).waitFor();
  await clean(page, "keys");
  await page.getByLabel("The keys work").uncheck();
  await page.keyboard.press("Escape");
  service.tell(says.offer());
  await button(page, "Answer").waitFor();
  await page.keyboard.press("Control+Enter");
  await page.keyboard.press("?");
  must(!(await page.getByRole("heading", { name: "Keys" }).isVisible()), "the list is shown though keys are off");
  must(!service.asked.some((a) => a.includes("accept")), "a key answers though keys are off");
});

check("the board: move to the front, reassign, listen, force a state", async (page) => {
  const service = new Played(supervisor);
  await sit(page, service);
  service.tell(says.board({ agents: says.agents() }));
  await button(page, "Board").click();
  await button(page, "To the front: Walt").click();
  await asks(service, 'POST /callbacks/cb_7/move {"to":"front"}');
  await page.getByLabel("Give Walt to").selectOption("agt_3");
  await asks(service, 'POST /callbacks/cb_7/reassign {"agent":"agt_3"}');
  await button(page, "Listen: Bob").click();
  await asks(service, 'POST /agents/agt_1/monitor {"agent":"agt_2","mode":"listen"}');
  must(!(await service.farHears()), "who listens is heard");
  await button(page, "Join in: Bob").click();
  await until(async () => await service.farHears(), "who joins in is not heard");
  await button(page, "Make ready: Eve").click();
  await asks(service, 'POST /agents/agt_3/presence {"presence":"ready"}');
});

async function states(page) {
  const service = new Played(supervisor, false);
  const look = async (name) => {
    await looks(page, name);
    await leave(page, service, name);
  };
  await service.install(page.context(), url);
  await page.goto(`${url}/desk/`);
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await looks(page, "desk-sign-in"); // its picture is made at the real service, where there are passkeys
  await page.getByLabel("Name").fill("ann");
  await page.getByLabel("Password").fill("tulip");
  await page.keyboard.press("Enter");
  await button(page, "Use the microphone").waitFor();
  await look("desk-microphone");
  await button(page, "Use the microphone").click();
  await page.getByText("You are heard.").waitFor();
  await look("desk-sound");
  await button(page, "To the desk").click();
  await page.locator("[data-voice=on]").waitFor();
  const steps = [
    ["desk-signed-out", [says.presence("signed_out")], "Not taking calls"],
    ["desk-ready", [says.presence("ready")], "Waiting for a call"],
    ["desk-paused", [says.presence("paused", { reason: "away" })], "did not answer for a while"],
    ["desk-finishing", [says.presence("finishing")], "No new calls come"],
    ["desk-offer", [says.presence("reserved"), says.offer()], "Rings for"],
    ["desk-ringing", [says.offerOver("accepted"), says.presence("talking"), says.call({ state: "ringing_visitor", since: null, recording: null, quality: null, legs: [leg("agent", "confirmed"), leg("visitor", "ringing")] })], "Calling the visitor"],
    ["desk-call", [says.call()], "Recording"],
    ["desk-held", [says.call({ legs: [leg("agent", "bridged"), leg("visitor", "held", { held: true })], recording: "paused" })], "on hold"],
    ["desk-third", [says.call({ legs: [leg("agent", "bridged"), leg("visitor", "bridged", { quiet: true }), leg("agent", "ringing", { id: "leg_third", role: "consulted" })] })], "Take the call back"],
    ["desk-wrap-up", [says.callOver(), says.presence("wrap_up", { until: soon(20) })], "Time for notes"],
  ];
  for (const [name, messages, text] of steps) {
    service.tell(...messages);
    await page.getByText(text).first().waitFor();
    await page.locator("details").evaluateAll((all) => all.forEach((d) => (d.open = true)));
    await look(name);
  }
  service.tell(says.presence("ready"), says.board({ agents: says.agents() }));
  await button(page, "Board").click();
  await page.getByText("Walt").first().waitFor();
  await look("desk-board");
  service.down = true;
  await service.cut();
  await page.getByText("Not connected.").waitFor();
  await look("desk-not-connected");
}

await bench.lanes(2, checks);
await bench.close();
