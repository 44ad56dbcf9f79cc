// What the scripts of this folder share: a browser, checks that are printed as JSON, and what every page must keep to.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const usual = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export const launch = (executablePath, ...more) => chromium.launch({ executablePath, args: [...usual, ...more] });

export function must(holds, what) {
  if (!holds) throw new Error(what);
}

// Bench runs checks, each in a context of its own, and keeps what the browser complains of.
export class Bench {
  complaints = [];

  constructor(browser, ours, expected = () => false) {
    Object.assign(this, { browser, ours, expected });
  }

  // check opens a page and runs; one line of JSON says how it went.
  async check(name, run, options = {}) {
    const context = await this.browser.newContext({ viewport: { width: 360, height: 780 }, ...options });
    context.setDefaultTimeout(10_000);
    context.on("page", (page) => this.watch(name, page));
    const page = await context.newPage();
    let detail = "";
    try {
      await run(page, context);
    } catch (e) {
      detail = `${e.message}\n${await page.locator("body").innerText().catch(() => "")}`;
    }
    console.log(JSON.stringify({ name, ok: detail === "", detail }));
    await context.close();
  }

  watch(name, page) {
    page.on("console", (m) => m.type() === "error" && !this.expected(m.text(), m.location().url) && this.complaints.push(`${name}: ${m.text()}`));
    page.on("pageerror", (e) => this.complaints.push(`${name}: ${e.message}`));
    page.on("request", (r) => this.ours(r.url()) || this.complaints.push(`${name}: a request to ${r.url()}`));
  }

  async close() {
    console.log(JSON.stringify({ name: "the browser complains of nothing, and asks nobody else", ok: this.complaints.length === 0, detail: this.complaints.join("\n") }));
    await this.browser.close();
  }
}

// clean: axe finds nothing, nothing scrolls sideways, what one presses is 44 px high.
export async function clean(page, where) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe); // through the debugger: the page's own policy would not let it in
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  must(found.violations.length === 0, `${where}: ${JSON.stringify(found.violations.map((v) => [v.id, v.nodes.map((n) => n.html)]))}`);
  must(found.passes.length > 10, `${where}: axe looked at nothing`);
  must(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), `${where}: it scrolls sideways`);
  const small = await page.evaluate(() =>
    [...document.querySelectorAll("button, .button, .choice, summary, select, input:not([type=hidden], [type=radio], [type=checkbox])")]
      .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 44)
      .map((e) => e.outerHTML));
  must(small.length === 0, `${where}: smaller than 44 px: ${small}`);
}
