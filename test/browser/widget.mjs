// The widget on a business's page, in Chromium. Usage: [ONLY="part of a name"] node widget.mjs URL SHOP CHROMIUM. Prints
// one line of JSON for each check.
import { Bench, clean, launch, looks, must } from "./bench.mjs";

const [url, shop, executablePath] = process.argv.slice(2);
const expected = (text, where) => /status of (409|422|429)/.test(text) || /status of 404/.test(text) && where.includes("/buttons/nobody") || where === `${shop}/favicon.ico` || /Refused to load the script|violates the following Content Security Policy/.test(text) && where.startsWith(`${shop}/blocked`);
// Pages that a test makes up come from nowhere, and Chromium would not let those ask a service on this machine.
const browser = await launch(executablePath, "--disable-features=LocalNetworkAccessChecks");
const bench = new Bench(browser, (u) => u.startsWith(url) || u.startsWith(shop), expected);

const embed = `<call-back button="acme-main"><a href="${url}/b/acme-main">Call me back</a></call-back>
<script type="module" async src="${url}/w/1/cb.js"></script>`;

// host is a page of the shop's with headers of its own.
async function host(page, path = "/host", headers = {}, body = embed, lang = "en") {
  await page.route(shop + path, (route) =>
    route.fulfill({ contentType: "text/html; charset=utf-8", headers, body: `<!doctype html><html lang="${lang}"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>Shop</title><main><h1>Shop</h1>${body}</main></html>` }));
  await page.goto(shop + path);
}

const launcher = (page) => page.locator("call-back").getByRole("button", { name: "Call me back" });
const press = (page, name) => page.getByRole("button", { name, exact: true }).click();

async function fill(page, number, more = async () => {}) {
  await launcher(page).click();
  await page.getByLabel("Your name").fill("Vera");
  await page.getByLabel("Your telephone number").fill(number);
  await more();
  await page.getByRole("checkbox").check();
  await press(page, "Call me");
}

const later = (page) => async () => {
  await page.getByLabel("In a while").check();
  await page.getByLabel("How long from now").selectOption("4h");
};

const policy = `default-src 'none'; script-src ${url}; connect-src ${url}; style-src 'none'; require-trusted-types-for 'script'; trusted-types 'none'`;

// What the walk presses and waits for, in its languages.
const said = {
  en: { submit: "Call me", after: "In a while", howLong: "How long from now", planned: /^We will call you on/, cancel: "Cancel the call", again: "Ask for another call" },
  ar: { submit: "اتصلوا بي", after: "بعد قليل", howLong: "بعد كم من الوقت", planned: /^سنتصل بك يوم/, cancel: "إلغاء المكالمة", again: "طلب مكالمة أخرى" },
};

const checks = [
  ["on the shop's page: asked, talking, another page, cancelled", async (page) => {
    await host(page);
    const events = await page.evaluateHandle(() => {
      const seen = [];
      for (const name of ["callback-open", "callback-state", "callback-end"]) document.addEventListener(name, (e) => seen.push(e.detail?.state ? `${name} ${e.detail.state}` : name));
      return seen;
    });
    await fill(page, "+1 202 555 0100");
    await page.locator("dialog").getByText(/^You are talking with (Ann|Bob) at Acme\.$/).waitFor({ timeout: 60_000 });
    const seen = await events.jsonValue();
    must(seen[0] === "callback-open" && seen.includes("callback-state connected"), `the page was told ${seen}`);
    await host(page, "/other");
    await page.locator("call-back .note").getByText(/^You are talking with/).waitFor(); // beside the launcher
    await launcher(page).click();
    await press(page, "Cancel the call");
    await page.getByRole("button", { name: "Ask for another call" }).waitFor();
    await host(page, "/third");
    await launcher(page).click();
    await page.getByLabel("Your telephone number").waitFor(); // what is over is forgotten
  }],
  ["a host that allows next to nothing", async (page) => {
    await host(page, "/strict", { "content-security-policy": policy, "permissions-policy": "microphone=()", "cross-origin-opener-policy": "same-origin" });
    await fill(page, "+1 202 555 0103", later(page));
    await page.locator("dialog").getByText(/^We will call you on/).waitFor();
    must((await page.locator("dialog").evaluate((d) => getComputedStyle(d).borderRadius)) === "8px", "it has no style");
    await press(page, "Cancel the call");
    await page.locator("dialog").getByText("You cancelled the call.").waitFor();
  }],
  ["a script that is blocked leaves the link", async (page) => {
    await host(page, "/blocked", { "content-security-policy": "script-src 'none'" });
    await page.getByRole("link", { name: "Call me back" }).click();
    await page.waitForURL(`${url}/b/acme-main`);
  }],
  ["nothing is asked for before somebody presses but the loader and the button", async (page) => {
    const asked = [];
    page.on("request", (r) => r.url().startsWith(url) && asked.push(r.url().slice(url.length)));
    await host(page);
    await launcher(page).waitFor();
    await page.waitForLoadState("networkidle");
    must(asked.join() === "/w/1/cb.js,/api/v1/public/buttons/acme-main?lang=en", `it asked for ${asked}`);
  }],
  ["a button that is closed, or none, leaves the link", async (page) => {
    const known = page.waitForResponse((r) => r.url().includes("/public/buttons/"));
    await host(page, "/none", {}, embed.replace('button="acme-main"', 'button="nobody"'));
    must((await known).status() === 404, "there is such a button");
    await page.getByRole("link", { name: "Call me back" }).waitFor();
  }],
  ["a wrong number is said beside it, and nothing that was typed is lost", async (page) => {
    await host(page);
    await fill(page, "12");
    const number = page.getByLabel("Your telephone number");
    await page.locator("#number-wrong").waitFor();
    must((await number.getAttribute("aria-invalid")) === "true", "the number is not marked");
    must(await number.evaluate((e) => e.getRootNode().activeElement === e), "the number has no focus");
    must((await page.getByLabel("Your name").inputValue()) === "Vera" && (await number.inputValue()) === "12", "what was typed is gone");
    await number.fill("+1 202 555 0104");
    await later(page)();
    await press(page, "Call me");
    await page.locator("dialog").getByText(/^We will call you on/).waitFor();
    await press(page, "Change my number");
    await page.getByLabel("Your telephone number").fill("911");
    await press(page, "Call this number");
    await page.getByRole("alert").filter({ hasText: /./ }).waitFor();
    await page.getByLabel("Your telephone number").fill("202 555 0101");
    await press(page, "Call this number");
    await page.locator("dialog").getByText("+12•••••0101").waitFor();
    await press(page, "Another time");
    await page.getByLabel("In a while").check();
    await page.getByLabel("How long from now").selectOption("1d");
    await press(page, "Call me then");
    await page.getByRole("button", { name: "Call me then" }).waitFor({ state: "detached" });
    await press(page, "Cancel the call");
    await page.locator("dialog").getByText("You cancelled the call.").waitFor();
  }],
  ["by keyboard only", async (page) => {
    await host(page);
    await launcher(page).waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByLabel("Your name").waitFor();
    const at = () => page.evaluate(() => {
      const e = document.activeElement?.shadowRoot?.activeElement;
      return e?.id || e?.value || e?.textContent || document.activeElement?.localName;
    });
    const seen = [];
    for (let i = 0; i < 20 && (await at()) !== "Call me"; i++) {
      const where = await at();
      seen.push(where);
      if (where === "name") await page.keyboard.type("Vera");
      if (where === "number") await page.keyboard.type("2025550105");
      if (where === "now") await page.keyboard.press("ArrowDown"); // in a while
      if (where === "consent") await page.keyboard.press("Space");
      await page.keyboard.press("Tab");
    }
    must((await at()) === "Call me", `the button is not reached: ${seen}`);
    await page.keyboard.press("Enter");
    await page.locator("dialog").getByText(/^We will call you on/).waitFor();
    await page.keyboard.press("Escape");
    await page.locator("dialog").waitFor({ state: "hidden" });
    must((await at()) === "Call me back", `the focus is at ${await at()}`);
    await page.keyboard.press("Enter");
    await press(page, "Cancel the call");
  }],
  ["it opens by itself only where the page says so, once", async (page) => {
    const attribute = (a) => embed.replace('button="acme-main"', `button="acme-main" ${a}`);
    await host(page, "/prices", {}, attribute('open-after="0.1" on-pages="/prices"'));
    await page.getByLabel("Your name").waitFor();
    must(!(await page.locator("dialog").evaluate((d) => d.matches(":modal"))), "it is in the way of the page");
    await host(page, "/about", {}, attribute('open-after="0.1" on-pages="/prices"'));
    await launcher(page).waitFor();
    await host(page, "/inline", {}, attribute("inline"));
    await page.locator("section").getByLabel("Your name").waitFor();
  }],
  ...[["en", "ltr", "+1 202 555 0107"], ["ar", "rtl", "+1 202 555 0108"]].map(([lang, direction, number]) => [`axe: form, refused, asked, ended, light and dark, narrow and wide, ${direction}`, async (page) => {
    const say = said[lang];
    await host(page, `/${direction}`, {}, embed, lang);
    await launcher(page).waitFor();
    await clean(page, "launcher");
    await launcher(page).click();
    await page.locator("#number").fill("12");
    await page.locator("#consent").check();
    await press(page, say.submit);
    await page.locator("#number-wrong").waitFor();
    const box = page.locator("dialog");
    must((await box.getAttribute("lang")) === lang && (await box.evaluate((d) => getComputedStyle(d).direction)) === direction, "the language is another one");
    await looks(page, "refused");
    await page.locator("#number").fill(number);
    await page.getByLabel(say.after, { exact: true }).check();
    await page.getByLabel(say.howLong).selectOption("4h");
    await press(page, say.submit);
    await box.getByText(say.planned).waitFor();
    await looks(page, "asked");
    await press(page, say.cancel);
    await page.getByRole("button", { name: say.again }).waitFor();
    await looks(page, "ended");
    await press(page, say.again);
    await page.locator("#name").waitFor();
    await looks(page, "form");
  }]),
];

await bench.lanes(3, checks.map((c) => () => bench.check(...c)));
await bench.close();
