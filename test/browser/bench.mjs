// What the scripts of this folder share: a browser, checks that are printed as JSON, and what every page must keep to.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const usual = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

// CHROMIUM_FLAGS are of a test whose network is none as any other.
const flags = process.env.CHROMIUM_FLAGS?.split(" ") ?? [];

export const launch = (executablePath, ...more) => chromium.launch({ executablePath, args: [...usual, ...flags, ...more] });

export function must(holds, what) {
  if (!holds) throw new Error(what);
}

// quick holds a time against what is promised, where nothing else keeps the machine busy.
export function quick(took, most, what) {
  must(!process.env.RINGBACK_TEST_LONG || took < most, `${what} after ${took} ms`);
}

// Bench runs checks, each in a context of its own, and keeps what the browser complains of.
export class Bench {
  complaints = [];
  after; // what a check leaves to be done when it is over

  constructor(browser, ours, expected = () => false) {
    Object.assign(this, { browser, ours, expected });
    this.only = process.env.ONLY ?? ""; // part of the name of the checks to run
  }

  // check opens a page and runs; one line of JSON says how it went.
  async check(name, run, options = {}) {
    if (!name.includes(this.only)) return;
    const context = await this.browser.newContext({ viewport: { width: 360, height: 780 }, reducedMotion: "reduce", ...options });
    context.setDefaultTimeout(30_000);
    context.on("page", (page) => this.watch(name, page));
    const page = await context.newPage();
    let [detail, told] = ["", undefined];
    try {
      told = await run(page, context); // a figure, where there is one
    } catch (e) {
      detail = `${e.message}\n${await page.locator("body").innerText().catch(() => "")}`;
    }
    console.log(JSON.stringify({ name, ok: detail === "", detail, told }));
    await this.after?.();
    this.after = undefined;
    await context.close();
  }

  watch(name, page) {
    page.on("console", (m) => m.type() === "error" && !this.expected(m.text(), m.location().url) && this.complaints.push(`${name}: ${m.text()}`));
    page.on("pageerror", (e) => this.complaints.push(`${name}: ${e.message}`));
    page.on("request", (r) => this.ours(r.url()) || this.complaints.push(`${name}: a request to ${r.url()}`));
  }

  // lanes runs checks beside each other, so many at a time: they wait most of the time.
  async lanes(many, checks) {
    const left = [...checks];
    await Promise.all(Array.from({ length: many }, async () => {
      for (let next; (next = left.shift()); ) await next();
    }));
  }

  async close() {
    console.log(JSON.stringify({ name: "the browser complains of nothing, and asks nobody else", ok: this.complaints.length === 0, detail: this.complaints.join("\n") }));
    await this.browser.close();
  }
}

// looks: a state of a page is clean, narrow and wide, light and dark. It is left as it is wide and light.
export async function looks(page, where) {
  // axe does not judge the contrast of Arabic letters: a page without a field then has nothing for it. The colours are those
  // of the other languages.
  const least = (await page.locator("html").getAttribute("lang")) === "ar" ? 0 : 1;
  for (const width of [360, 1000]) {
    await page.setViewportSize({ width, height: 780 });
    await clean(page, `${where}, ${width} px`);
    await page.emulateMedia({ colorScheme: "dark" });
    await sound(page, `${where}, ${width} px, dark`, { type: "rule", values: ofColour }, least);
    await page.emulateMedia({ colorScheme: "light" });
  }
}

// What axe looks at: everything, and what another set of colours may change.
const all = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const ofColour = ["color-contrast", "link-in-text-block"];

async function sound(page, where, runOnly, least) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe); // through the debugger: the page's own policy would not let it in
  const found = await page.evaluate((runOnly) => window.axe.run(document, { resultTypes: ["violations"], runOnly }), runOnly);
  must(found.violations.length === 0, `${where}: ${JSON.stringify(found.violations.map((v) => [v.id, v.nodes.map((n) => n.html)]))}`);
  must(found.passes.length >= least, `${where}: axe looked at nothing`);
}

// clean: axe finds nothing, nothing scrolls sideways, what one presses is 44 px high.
export async function clean(page, where) {
  await sound(page, where, all, 11);
  must(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), `${where}: it scrolls sideways`);
  const small = await page.evaluate(() =>
    [...document.querySelectorAll("button, .button, .choice, summary, select, input:not([type=hidden], [type=radio], [type=checkbox])")]
      .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 44)
      .map((e) => e.outerHTML));
  must(small.length === 0, `${where}: smaller than 44 px: ${small}`);
}
