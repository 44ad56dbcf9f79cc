// The pages in Chromium. Usage: node pages.mjs URL SHOP CHROMIUM. Prints one line of JSON for each check:
// {"name", "ok", "detail"}. browser_test.go makes a test of each.
import { Bench, launch, looks, must } from "./bench.mjs";

const [url, shop, executablePath] = process.argv.slice(2);
const underWay = 60_000; // ms: an agent writes notes for 20 s after the call before

// A form that is refused is an error to the browser's console, and is meant to be; the demo's shop has no icon.
const expected = (text, where) => /status of (409|422|429)/.test(text) || where === `${shop}/favicon.ico`;
const ours = (u) => u.startsWith(url) || u.startsWith(shop);
const bench = new Bench(await launch(executablePath), ours, expected);
const checks = []; // each with numbers of its own: one number has one live call
const check = (...c) => checks.push(() => bench.check(...c));

async function ask(page, number, more = async () => {}) {
  await page.goto(`${url}/b/acme-main`);
  await page.getByLabel("Your name").fill("Vera");
  await page.getByLabel("Your telephone number").fill(number);
  await more();
  await page.getByRole("checkbox").check();
  await page.getByRole("button", { name: "Call me" }).click();
  await page.waitForURL(/\/c\/t_/);
}

const later = async (page) => {
  await page.getByLabel("In a while").check();
  await page.getByLabel("How long from now").selectOption("4h");
};
const talking = (page) => page.getByText(/^You are talking with (Ann|Bob) at Acme\.$/).waitFor({ timeout: underWay });
const cancel = (page) => page.getByRole("button", { name: "Cancel the call" }).click();

check(
  "without script: link, wrong number, form, talking, cancel",
  async (shopPage) => {
    await shopPage.goto(shop);
    const opened = shopPage.waitForEvent("popup"); // the shop stays open beside it
    await shopPage.locator('a[href*="/b/"]').first().click();
    const page = await opened;
    await page.waitForURL(/\/b\//);
    await page.getByLabel("Your name").fill("Vera");
    await page.getByLabel("Your telephone number").fill("12");
    await page.getByRole("checkbox").check();
    await page.getByRole("button", { name: "Call me" }).click();
    await page.getByRole("alert").waitFor();
    must((await page.getByLabel("Your telephone number").inputValue()) === "12", "the number that was typed is gone");
    must((await page.getByLabel("Your name").inputValue()) === "Vera", "the name that was typed is gone");
    must(await page.getByRole("checkbox").isChecked(), "the tick is gone");
    await page.getByLabel("Your telephone number").fill("202-555-0100");
    await page.getByRole("button", { name: "Call me" }).click();
    await page.waitForURL(/\/c\/t_/);
    await talking(page); // only a page that loads itself again gets there
    await cancel(page);
    await page.getByText("Ask for another call").waitFor();
  },
  { javaScriptEnabled: false },
);

check("with script: live to talking without a load, cancel", async (page) => {
  await ask(page, "+1 212 555 0100");
  let loads = 0;
  page.on("framenavigated", () => loads++);
  await talking(page);
  must(loads === 0, `the page was loaded ${loads} times`);
  must((await page.title()).startsWith("You are talking"), `the title is ${await page.title()}`);
  must((await page.locator('[aria-current="step"]').innerText()) === "Talking", "the step is not marked");
  await cancel(page);
  await page.getByRole("link", { name: "Ask for another call" }).waitFor();
});

check("a double click is one call", async (page) => {
  await page.goto(`${url}/b/acme-main`);
  await page.getByLabel("Your telephone number").fill("+1 212 555 0102");
  await later(page);
  await page.getByRole("checkbox").check();
  const answers = [];
  page.on("response", (r) => r.request().method() === "POST" && answers.push(r.status()));
  await page.getByRole("button", { name: "Call me" }).dblclick();
  await page.getByRole("button", { name: "Cancel the call" }).waitFor(); // the second click may end the first one's load
  must(answers.every((s) => s === 303), `the answers were ${answers}`);
  await cancel(page);
  await page.getByRole("link", { name: "Ask for another call" }).waitFor();
});

check("change the number, another time", async (page) => {
  await ask(page, "+1 202 555 0102", () => later(page));
  await page.getByRole("link", { name: "Change my number" }).click();
  await page.getByLabel("Your telephone number").fill("911");
  await page.getByRole("button", { name: "Call this number" }).click();
  await page.getByRole("alert").waitFor();
  await page.getByLabel("Your telephone number").fill("202 555 0101");
  await page.getByRole("button", { name: "Call this number" }).click();
  await page.getByText("+12•••••0101").waitFor();
  await page.getByRole("link", { name: "Another time" }).click();
  await page.getByLabel("In a while").check();
  await page.getByLabel("How long from now").selectOption("1d");
  await page.getByRole("button", { name: "Call me then" }).click();
  await page.waitForURL(/\/c\/t_[^/]*$/);
  await cancel(page);
  await page.getByText("You cancelled the call.").waitFor();
});

check("by keyboard only", async (page) => {
  await page.goto(`${url}/b/acme-main`);
  const at = () => page.evaluate(() => document.activeElement?.id || document.activeElement?.getAttribute("value") || document.activeElement?.textContent);
  const seen = [];
  for (let i = 0; i < 30 && (await at()) !== "Call me"; i++) {
    const where = await at();
    seen.push(where);
    if (where === "name") await page.keyboard.type("Vera");
    if (where === "number") await page.keyboard.type("2025550104");
    if (where === "now") await page.keyboard.press("ArrowDown"); // in a while
    if (where === "consent") await page.keyboard.press("Space");
    await page.keyboard.press("Tab");
  }
  must((await at()) === "Call me", `the button is not reached: ${seen.join(" ")}`);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/c\/t_/);
  await cancel(page);
});

check("what was typed never becomes markup", async (page) => {
  await page.goto(`${url}/b/acme-main`);
  const evil = `"><img src=x onerror="window.pwned=1"><script>window.pwned=1</script>`;
  await page.getByLabel("Your name").fill(evil);
  await page.getByLabel("What is it about?").fill(evil);
  await page.getByLabel("Your telephone number").fill(evil);
  await page.getByRole("button", { name: "Call me" }).click();
  await page.getByRole("alert").waitFor();
  must((await page.getByLabel("Your name").inputValue()) === evil, "what was typed is gone");
  must(!(await page.evaluate(() => window.pwned)), "a script ran");
});

check(
  "in German and Arabic without script: chosen by the browser, changed by a link, kept to the end",
  async (page) => {
    const in_ = async (lang, dir) => {
      const html = page.locator("html");
      must((await html.getAttribute("lang")) === lang && (await html.getAttribute("dir")) === dir, `the page is not in ${lang}`);
    };
    await page.goto(`${url}/b/acme-main`);
    await in_("de", "ltr");
    await page.getByLabel("Ihre Telefonnummer").waitFor();
    await page.getByRole("link", { name: "العربية" }).click();
    await in_("ar", "rtl");
    await page.getByLabel("رقم هاتفك").fill("12");
    await page.getByLabel("بعد قليل", { exact: true }).check();
    await page.getByLabel("بعد كم من الوقت").selectOption("4h");
    await page.getByRole("checkbox").check();
    await page.getByRole("button", { name: "اتصلوا بي" }).click();
    await page.getByRole("alert").getByText("لا يمكننا الاتصال برقم الهاتف هذا").first().waitFor();
    await in_("ar", "rtl");
    await page.getByLabel("رقم هاتفك").fill("+1 415 555 0100");
    await page.getByRole("button", { name: "اتصلوا بي" }).click();
    await page.waitForURL(/\/c\/t_/);
    await in_("ar", "rtl"); // that of the form, not of the browser
    await page.getByText(/^سنتصل بك يوم/).waitFor();
    await page.getByRole("link", { name: "Deutsch" }).click();
    await in_("de", "ltr");
    await page.getByRole("button", { name: "Anruf absagen" }).click();
    await page.getByText("Sie haben den Anruf abgesagt.").waitFor();
    await in_("de", "ltr");
  },
  { javaScriptEnabled: false, locale: "de-AT" },
);

// What a walk presses, in its languages.
const said = {
  en: { submit: "Call me", back: "Back", change: "Change my number", time: "Another time", cancel: "Cancel the call", again: "Ask for another call", never: "Never call this number again" },
  ar: { submit: "اتصلوا بي", back: "رجوع", change: "تغيير رقمي", time: "وقت آخر", cancel: "إلغاء المكالمة", again: "طلب مكالمة أخرى", never: "عدم الاتصال بهذا الرقم مرة أخرى" },
};

for (const [lang, number] of [["en", "+1 312 555 0102"], ["ar", "+1 312 555 0103"]]) {
  check(`axe: form, refused form, status and what is asked there, narrow and wide, light and dark, ${lang}`, (page) => accessible(page, lang, number), { locale: lang });
}

async function accessible(page, lang, number) {
  const say = said[lang];
  const follow = (name) => page.getByRole("link", { name, exact: true }).click();
  await page.goto(`${url}/b/acme-main`);
  must((await page.locator("html").getAttribute("lang")) === lang, "the page is in another language");
  await looks(page, "form");
  await page.locator("#number").fill("12");
  await page.getByRole("button", { name: say.submit, exact: true }).click();
  await page.getByRole("alert").waitFor();
  await looks(page, "refused form");
  await page.locator("#number").fill(number);
  await page.locator('input[value="after"]').check();
  await page.locator("#after").selectOption("4h");
  await page.locator("#consent").check();
  await page.getByRole("button", { name: say.submit, exact: true }).click();
  await page.waitForURL(/\/c\/t_/);
  await looks(page, "status");
  await follow(say.change);
  await looks(page, "number");
  await follow(say.back);
  await follow(say.time);
  await looks(page, "another time");
  await follow(say.back);
  await follow(say.never);
  await looks(page, "never again");
  await follow(say.back);
  await page.getByRole("button", { name: say.cancel, exact: true }).click();
  await page.getByRole("link", { name: say.again, exact: true }).waitFor();
  await looks(page, "ended");
}

await bench.lanes(3, checks);
await bench.close();
