// A service, its network of telephones and the pages of its people, as the scripts of this folder use them.
import { must } from "./bench.mjs";
import { heard, voice } from "./ears.mjs";

export const until = async (fact, what, within = 60_000) => {
  for (const end = Date.now() + within; Date.now() < end; await new Promise((r) => setTimeout(r, 50))) {
    const found = await fact();
    if (found) return found;
  }
  throw new Error(what);
};
export const button = (page, name) => page.getByRole("button", { name, exact: true });
export const look = { viewport: { width: 1000, height: 780 }, permissions: ["microphone", "notifications"] };

export class Place {
  constructor(where) {
    Object.assign(this, where); // url, key, carrier, net, rtc, inside
  }

  async ask(method, path, body) {
    const answer = await fetch(`${this.url}/api/v1${path}`, { method, headers: { Authorization: `Bearer ${this.key}`, "Content-Type": "application/json" }, body: body && JSON.stringify(body) });
    const said = await answer.json().catch(() => ({}));
    must(answer.ok, `${method} ${path}: ${answer.status} ${JSON.stringify(said)}`);
    return said;
  }

  // person says how somebody in the network takes calls, and what her voice is.
  async person(who, tone, more = {}) {
    const answer = await fetch(`${this.carrier}/people/${encodeURIComponent(who)}`, { method: "PUT", body: JSON.stringify({ does: "answers", after: "200ms", talk: "10m", tone, ...more }) });
    must(answer.ok, `a person: ${answer.status} ${await answer.text()}`);
  }

  // ledger is what the network knows of the newest call at a telephone.
  async ledger(to, since = 0) {
    const all = await (await fetch(`${this.carrier}/ledger`)).json();
    return all.filter((e) => e.to === to && Date.parse(e.invite_at) >= since).at(-1);
  }

  // desk brings Ann to her desk, with a voice.
  async desk(page, hz) {
    await page.addInitScript(voice, hz);
    await page.goto(`${this.url}/desk/`);
    await page.getByLabel("Name").fill("ann-web");
    await page.getByLabel("Password").fill("tulip-field");
    await page.keyboard.press("Enter");
    await button(page, "Use the microphone").click();
    await page.getByText("You are heard.").waitFor();
    await button(page, "To the desk").click();
    await page.locator("[data-voice=on]").waitFor();
    await this.ready("ann-web");
    await page.getByText("Waiting for a call").waitFor();
  }

  async ready(agent) {
    await until(async () => {
      await this.ask("POST", `/agents/${agent}/presence`, { presence: "ready" }).catch(() => {});
      return (await this.ask("GET", `/agents/${agent}`)).presence === "ready";
    }, `${agent} does not become ready`);
  }

  // talkHere is a visitor who presses "Talk here" on the form; her page is the room then.
  async talkHere(page, name, hz) {
    await page.addInitScript(voice, hz);
    await page.goto(`${this.url}/b/${name}`);
    await page.getByLabel("Your name").fill("Vera");
    await page.getByRole("checkbox").check();
    await button(page, "Talk here, in the browser").click();
    await page.waitForURL(/\/r\/t_/);
    return this.newest();
  }

  async newest() {
    return (await this.ask("GET", "/callbacks?limit=1")).data[0].id;
  }

  state = async (id) => (await this.ask("GET", `/callbacks/${id}`)).state;

  async connected(id) {
    let c;
    await until(async () => ["connected", "ended"].includes((c = await this.ask("GET", `/callbacks/${id}`)).state), "they are not connected");
    must(c.state === "connected", `it ended: ${JSON.stringify(c.attempts)}`);
  }

  async over(id) {
    await this.ask("POST", `/callbacks/${id}/cancel`, {});
    await until(async () => (await this.ask("GET", `/callbacks/${id}`)).attempts.every((a) => a.legs.every((l) => l.ended_at)), "the legs do not end");
  }
}

// An end of a call hears for so many seconds.
export const atPage = (page, hz, since) => ({ hz, hears: (tone) => heard(page, tone, since) });
export const atTelephone = (place, to, hz, since) => ({
  hz,
  hears: async (tone) => ((await place.ledger(to, since))?.tones_heard ?? []).filter((t) => Math.abs(t.hz - tone) < 15).reduce((s, t) => s + t.seconds, 0),
});

// hearEachOther wants a second of the other's tone at both ends, and nothing of the own.
export async function hearEachOther(agent, visitor) {
  for (const [who, here, there] of [["the agent", agent, visitor], ["the visitor", visitor, agent]]) {
    await until(async () => (await here.hears(there.hz)) >= 1, `${who} does not hear ${there.hz} Hz`, 20_000);
    const own = await here.hears(here.hz);
    must(own === 0, `${who} hears the own ${here.hz} Hz for ${own} s`);
  }
}
