// The pages of a business, as its people use them on a telephone and at a desk. Usage: node owner.mjs PLACE CHROMIUM [IMAGES].
// Prints one line of JSON for each check. With IMAGES, a folder, it leaves pictures of the guide there.
import { Bench, clean, launch, looks, must } from "./bench.mjs";

const [where, executablePath, images] = process.argv.slice(2);
const { url, key } = JSON.parse(where);
const browser = await launch(executablePath, "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream");
const bench = new Bench(browser, (u) => u.startsWith(url) || u.startsWith("blob:") || u === "about:blank", (text) => /status of (401|403|404|409|410|422)/.test(text));
const button = (page, name) => page.getByRole("button", { name, exact: true });
const heading = (page, name) => page.getByRole("heading", { name, exact: true });
const long = Boolean(process.env.RINGBACK_TEST_LONG) || Boolean(images);

const { picture } = images ? await import("./picture.mjs") : {};
const helper = images && (await browser.newPage());
const leave = async (page, name) => images && picture(page, helper, `${images}/${name}.png`);

// see holds a page against what all keep to: both widths, light and dark, where there is time for it.
async function see(page, what) {
  if (long) await looks(page, what);
  else await clean(page, what);
  await page.setViewportSize({ width: 360, height: 780 });
}

async function api(method, path, body) {
  const answer = await fetch(`${url}/api/v1${path}`, { method, headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" }, ...(body && { body: JSON.stringify(body) }) });
  const said = await answer.json();
  must(answer.ok, `${method} ${path}: ${JSON.stringify(said)}`);
  return said;
}

// ends makes a callback and waits until it is over.
async function ends(wish) {
  const { id } = await api("POST", "/callbacks", wish);
  return over(id);
}

// over waits until a callback has ended.
async function over(id) {
  for (const until = Date.now() + 30_000; Date.now() < until; await new Promise((done) => setTimeout(done, 100))) {
    const c = await api("GET", `/callbacks/${id}`);
    if (c.state === "ended") return c;
  }
  throw new Error(`${id} does not end: ${JSON.stringify(await api("GET", `/callbacks/${id}`))}`);
}

async function signIn(page, name) {
  await page.goto(`${url}/app/`);
  await page.getByLabel("Mail address").fill(name);
  await page.getByLabel("Password").fill("tulip-field");
  await button(page, "Sign in").click();
  await heading(page, "Today").waitFor();
}

await bench.check("who is missed stands first, is called back by one press, and ticked off", async (page) => {
  const missed = await ends({ button: "acme-main", number: "+12025550101", name: "Vera Busy", topic: "A leaking tap" });
  must(missed.outcome === "visitor_busy", `she was not missed: ${missed.outcome}`);
  const talked = await ends({ button: "acme-main", number: "+12025550107", name: "Tom Short" });
  must(talked.outcome === "completed", `he was not reached: ${talked.outcome}`);

  await page.goto(`${url}/app/`);
  await heading(page, "Sign in").waitFor();
  await see(page, "signing in");
  await page.getByLabel("Mail address").fill("olga@acme.example");
  await page.getByLabel("Password").fill("wrong");
  await button(page, "Sign in").click();
  await page.getByRole("alert").getByText("Name or password is wrong.").waitFor();
  await signIn(page, "olga@acme.example");
  await heading(page, "Not reached (1)").waitFor();
  await page.locator("section", { has: heading(page, "Today") }).getByText("Tom Short").waitFor();
  await see(page, "today");
  await leave(page, "app-today");

  await button(page, "Call back now: Vera Busy").click();
  await page.getByText("We are calling Vera Busy: your telephone rings first.").waitFor();
  await page.locator("section", { has: heading(page, "Under way and promised") }).getByText("Vera Busy").waitFor();
  for (const c of (await api("GET", "/callbacks?subscriber=acme")).data) await over(c.id);
  await page.reload();
  await button(page, "Done: Vera Busy").click();
  await page.getByText("Vera Busy is ticked off.").waitFor();
  await page.getByText("Nobody waits for you to call back.").waitFor();
  await page.reload();
  await page.getByText("Nobody waits for you to call back.").waitFor();
});

await bench.check("a call's story in words, its recording, a note; all calls as a table", async (page) => {
  await signIn(page, "olga@acme.example");
  await page.getByRole("link", { name: "Calls" }).click();
  await page.getByRole("link", { name: "Tom Short" }).click();
  await heading(page, "Tom Short: you talked").waitFor();
  await page.locator("audio[aria-label^='Recording of call 1']").waitFor();
  const played = await page.evaluate(async () => {
    const a = document.querySelector("audio");
    await new Promise((done, no) => ((a.onloadedmetadata = done), (a.onerror = () => no(new Error("it cannot be played"))), a.load(), (a.preload = "metadata")));
    return a.duration;
  });
  must(played > 0.5, `the recording lasts ${played} s`);
  await page.getByLabel("Another note").fill("Sold a new tap");
  await button(page, "Keep the note").click();
  await page.getByText("The note is kept.").waitFor();
  await page.getByText("Sold a new tap").waitFor();
  await see(page, "a story");
  await leave(page, "app-story");
  await page.getByRole("button", { name: /^Delete: Recording/ }).click();
  await button(page, "Undo").click();
  await page.locator("audio[aria-label^='Recording of call 1']").waitFor();
  await page.getByRole("link", { name: "All calls" }).click();
  await heading(page, "All calls").waitFor();
  await see(page, "all calls");
  const saved = page.waitForEvent("download");
  await button(page, "Export as CSV").click();
  const text = await (await import("node:fs/promises")).readFile(await (await saved).path(), "utf8");
  must(/^\ufeffid,asked_at,name,/.test(text) && text.includes(",Tom Short,+12025550107,"), `the file says ${text}`);
});

await bench.check("a button is made, asks a question, is seen as visitors see it, calls back, is deleted and taken back", async (page) => {
  await signIn(page, "olga@acme.example");
  await page.getByRole("link", { name: "Buttons" }).click();
  await heading(page, "Buttons").waitFor();
  await page.getByRole("link", { name: "acme-main" }).waitFor();
  await see(page, "buttons");
  await page.getByLabel("Name of a new button").fill("side-door");
  await button(page, "Make a button").click();
  await heading(page, "side-door").waitFor();
  const preview = page.frameLocator("iframe");
  await preview.getByRole("button", { name: "Call me back" }).waitFor();
  await button(page, "Add a question").click();
  await page.getByRole("textbox", { name: "Question" }).fill("Which tap leaks?");
  await page.getByLabel("Pages it may stand on").fill("https://www.acme.example");
  await button(page, "Keep the button").click();
  await page.getByText("The button is kept.").waitFor();
  await preview.getByRole("button", { name: "Call me back" }).click();
  await preview.getByText("Which tap leaks?").waitFor();
  await see(page, "a button");
  await leave(page, "app-button");
  const { data } = await api("GET", "/buttons?subscriber=acme");
  const made = data.find((b) => b.slug === "side-door");
  must(made.fields[0].name === "which_tap_leaks" && made.origins[0] === "https://www.acme.example", `it is kept as ${JSON.stringify(made)}`);
  const text = await page.locator("#widget").inputValue();
  must(text.includes(`<call-back button="${made.id}"><a href="${url}/b/${made.id}">`) && text.includes(`src="${url}/w/1/cb.js"`), `the lines are ${text}`);
  await page.getByLabel("Your telephone").fill("+1 202 555 0107");
  await button(page, "Call me now").click();
  await page.getByRole("link", { name: "See how it goes" }).click();
  await page.getByRole("heading", { name: /^Test call: / }).waitFor();

  await page.getByRole("link", { name: "Buttons" }).click();
  await button(page, "Delete: side-door").click();
  must((await page.getByRole("link", { name: "side-door" }).count()) === 0, "it is still shown");
  await button(page, "Undo").click();
  await page.getByRole("link", { name: "side-door" }).waitFor();
  await button(page, "Delete: side-door").click();
  await button(page, "Sign out").click();
  await heading(page, "Sign in").waitFor();
  const left = (await api("GET", "/buttons?subscriber=acme")).data.map((b) => b.slug);
  must(left.join() === "acme-main", `left are ${left}`);
});

await bench.check("hours, a day off, the own telephone, who answers, and who is never called", async (page) => {
  await signIn(page, "olga@acme.example");
  await page.getByRole("link", { name: "Hours" }).click();
  await page.getByLabel("Always open").uncheck();
  await button(page, "Add hours: Monday").click();
  await page.getByLabel("Monday, from").fill("08:30");
  await button(page, "Add hours: Sunday").click();
  await page.getByLabel("Sunday, to").fill("12:00");
  await button(page, "Keep the hours").click();
  await page.getByText("The hours are kept.").waitFor();
  await see(page, "hours");
  await leave(page, "app-hours");
  let acme = await api("GET", "/subscribers/acme");
  must(JSON.stringify(acme.hours.mon) === '["08:30-17:00"]' && JSON.stringify(acme.hours.sun) === '["09:00-12:00"]', `hours are ${JSON.stringify(acme.hours)}`);
  await button(page, "Remove: Sunday, 09:00 to 12:00").click();
  await button(page, "Keep the hours").click();
  await page.getByText("The hours are kept.").waitFor();
  await page.getByLabel("Day on which you are closed").fill("2031-12-24");
  await button(page, "Add the day").click();
  await page.getByText("On 2031-12-24 you are closed.").waitFor();
  await page.getByLabel("Number, with its country").fill("+53 5 555 5555");
  await button(page, "Keep the number").click();
  await page.getByRole("alert").getByText("an ordinary telephone of your country").waitFor();
  await page.getByLabel("Number, with its country").fill("+1 (312) 555-0177");
  await button(page, "Keep the number").click();
  await page.getByText("Your telephone is kept.").waitFor();
  acme = await api("GET", "/subscribers/acme");
  must(acme.hours.sun === undefined || acme.hours.sun.length === 0, `Sunday is ${JSON.stringify(acme.hours)}`);
  must(acme.destination === "tel:+13125550177" && acme.holidays[0] === "2031-12-24", `kept is ${acme.destination}, ${acme.holidays}`);
  await page.getByLabel("Always open").check();
  await button(page, "Keep the hours").click();
  await page.getByText("The hours are kept.").waitFor();
  must((await api("GET", "/subscribers/acme")).hours === null, "it is not always open");

  await page.getByRole("link", { name: "People" }).click();
  await heading(page, "Cleo").waitFor();
  await page.getByLabel("Greeting, to read aloud").fill("Acme Plumbing, this is Cleo");
  await page.getByLabel("Languages").fill("en, de");
  await button(page, "Keep: Cleo").click();
  await page.getByText("What Cleo says for you is kept.").waitFor();
  await see(page, "people");
  const [cleo] = (await api("GET", "/representations?subscriber=acme")).data;
  must(cleo.greeting === "Acme Plumbing, this is Cleo" && cleo.languages.join() === "en,de" && cleo.display_name === "Cleo at Acme", JSON.stringify(cleo));

  await page.getByRole("link", { name: "Blocked" }).click();
  await page.getByLabel("Number", { exact: true }).fill("202 555 0133");
  await page.getByLabel("Why").fill("rude");
  await button(page, "Block it").click();
  await page.getByText("The telephone is blocked.").waitFor();
  await see(page, "blocked");
  await page.getByRole("button", { name: /^Unblock: / }).click();
  await page.getByText("may be called again.").waitFor();
  await button(page, "Undo").click();
  await page.getByRole("button", { name: /^Unblock: / }).waitFor();

  await api("POST", "/opt_outs", { number: "+12025550104", subscriber: "acme" });
  await page.getByRole("link", { name: "Consent" }).click();
  await page.getByText("+12025550104").waitFor();
  await page.getByText("asked never to be called again").first().waitFor();
  await see(page, "consent");
});

await bench.check("an announcement is spoken, listened to, and kept", async (page) => {
  await signIn(page, "olga@acme.example");
  await page.getByRole("link", { name: "Voice" }).click();
  await button(page, "Record: Your name").click();
  await page.getByText("Recording…").waitFor();
  await page.waitForTimeout(1500);
  await button(page, "Stop: Your name").click();
  await page.locator("audio[aria-label='What you recorded']").waitFor();
  await see(page, "a recording");
  await button(page, "Keep: Your name").click();
  await page.getByText("Your name: visitors hear you from now on.").waitFor();
  await page.getByText("Your own recording is played.").waitFor();
  const { prompts } = await api("GET", "/subscribers/acme");
  must(prompts.spoken_name !== "", `prompts are ${JSON.stringify(prompts)}`);
});

await bench.check("who is invited chooses a password, once; a person of one business sees nothing of another", async (page) => {
  const { invite_url } = await api("POST", "/users", { email: `nina${Date.now()}@acme.example`, name: "Nina", subscribers: ["acme"] });
  await page.goto(invite_url);
  await heading(page, "Welcome").waitFor();
  must(!(await page.evaluate(() => location.href)).includes("i_"), "the link stays in the address bar");
  await see(page, "an invitation");
  await page.getByLabel("New password").fill("crocus and snowdrop");
  await button(page, "Keep it and go in").click();
  await heading(page, "Acme Plumbing").waitFor();
  await heading(page, "Today").waitFor();
  must((await page.getByLabel("Business").count()) === 0, "she may choose another business");
  await button(page, "Sign out").click();
  await heading(page, "Sign in").waitFor();
  await page.goto("about:blank");
  await page.goto(invite_url);
  await page.getByRole("alert").getByText("This invitation is over").waitFor();

  await page.goto("about:blank");
  await signIn(page, "omar@zen.example");
  await heading(page, "Zen Yoga").waitFor();
  await page.getByText("Nobody waits for you to call back.").waitFor();
  must(!(await page.locator("body").innerText()).includes("Tom"), "he sees a call of Acme's");
  await button(page, "Sign out").click();
  await signIn(page, "olga@acme.example");
  await page.getByLabel("Business").selectOption("zen");
  await heading(page, "Zen Yoga").waitFor();
  await page.getByText("Nothing else today.").waitFor();
});

await bench.close();
