// A service that is played: it answers the desk's requests, keeps what was asked, and says on the live socket what a
// script tells it to say. Its switch is a page of the same browser, which answers offers and sends a tone.

const acme = { id: "sub_1", slug: "acme", name: "Acme Plumbing" };
const bell = { id: "sub_2", slug: "bell", name: "Bell Bakery" };

export const me = (more = {}) => ({
  id: "agt_1", slug: "ann", name: "Ann", role: "agent",
  agent: { id: "agt_1", slug: "ann", name: "Ann", devices: [{ to: "web" }, { to: "sip:ann" }], telephones: [], presence: "signed_out", reason: null },
  represents: [
    { representation: "rep_1", subscriber: acme, display_name: "Ann at Acme", greeting: "Acme Plumbing, Ann speaking", script: "", caller_id: "+12025550190", paused: false },
    { representation: "rep_2", subscriber: bell, display_name: "Ann at Bell", greeting: "Bell Bakery, good morning", script: "", caller_id: "+12025550191", paused: false },
  ],
  supervises: [],
  ...more,
});

export const supervisor = me({ role: "supervisor", supervises: [acme, bell] });

export const card = (more = {}) => ({
  callback: "cb_1", attempt: 1, subscriber: acme, display_name: "Ann at Acme", greeting: "Acme Plumbing, Ann speaking. What can I do for you?",
  script: "Ask how old the boiler is.\nOffer a visit today before 17:00.", script_fields: [{ name: "age", label: "Age of the boiler", value: "" }], whisper: "",
  visitor: { name: "Vera Miller", number: "+12025550100", country: "US", local_time: "2026-12-01T14:02", zone: "America/New_York", language: "en", since: null },
  page: "https://acme.example/boilers/no-hot-water", topic: "No hot water since this morning", fields: [{ name: "street", label: "Street", value: "12 Elm Street" }],
  earlier: [{ callback: "cb_0", at: "2026-11-20T15:30:00.000Z", outcome: "completed", topic: "Leaking tap", agent: { slug: "bob", name: "Bob" }, disposition: "sold", note: "Prefers mornings.", recordings: [{ id: "rec_0", length_s: 65, audio_url: "http://call.test/api/v1/recordings/rec_0/audio" }] }],
  order: "agent_first", live_call: false, dispositions: ["sold", "call back", "wrong_number", "spam"], screen_pop: null, ...more,
});

const soon = (s) => new Date(Date.now() + s * 1000).toISOString();
const leg = (party, state, more = {}) => ({ id: `leg_${party}`, party, kind: party === "visitor" ? "tel" : "web", state, held: false, quiet: false, ...more });

export const says = {
  presence: (presence, more = {}) => ({ type: "presence", presence, reason: null, since: soon(-75), until: null, ...more }),
  offer: (more = {}) => ({ type: "offer", card: card(more), leg: "leg_agent", ring_s: 15, until: soon(15) }),
  offerOver: (why) => ({ type: "offer_over", callback: "cb_1", leg: "leg_agent", why }),
  call: (more = {}, its = {}) => ({
    type: "call", card: card(its), state: "connected", legs: [leg("agent", "bridged"), leg("visitor", "bridged")],
    recording: "on", quality: { mos: 4.3 }, at: soon(0), since: soon(-42), ...more,
  }),
  callOver: () => ({ type: "call_over", callback: "cb_1", outcome: "completed", reason: null, wrap_up_until: soon(20) }),
  board: (more = {}) => ({
    type: "board",
    queues: [
      { subscriber: acme, waiting: 2, longest_s: 48, ready: 1, talking: 3, service_level: 0.76, target: 0.8, target_s: 20, below_target: true, alarm: true },
      { subscriber: bell, waiting: 0, longest_s: 0, ready: 2, talking: 0, service_level: null, target: 0.8, target_s: 60, below_target: false, alarm: false },
    ],
    agents: [],
    ...more,
  }),
  agents: () => [
    { id: "agt_1", slug: "ann", name: "Ann", presence: "ready", reason: null, since: soon(-30), callback: null },
    { id: "agt_2", slug: "bob", name: "Bob", presence: "talking", reason: null, since: soon(-130), callback: "cb_9" },
    { id: "agt_3", slug: "eve", name: "Eve", presence: "paused", reason: "lunch", since: soon(-900), callback: null },
  ],
};
export { leg, soon };

let services = 0;

export class Played {
  asked = []; // "POST /callbacks/cb_1/accept {…}"
  said = []; // by pages, on their sockets
  sockets = [];
  refuses = {}; // path -> problem
  promised = [];
  presence = "signed_out";
  number = 0; // among the services of a browser

  constructor(who = me(), signedIn = true) {
    this.who = who;
    this.signedIn = signedIn;
    this.number = ++services;
  }

  // install plays the service to all pages of a context.
  async install(context, url) {
    this.far ??= farPage(context.browser());
    context.on("close", async () => (await this.far).evaluate((me) => window.hangUp(me), this.number).catch(() => {}));
    await context.route(`${url}/api/v1/**`, (route) => this.answer(route).catch((e) => /closed/.test(e.message) || Promise.reject(e)));
    await context.routeWebSocket(/\/api\/v1\/live$/, (ws) => this.connected(ws));
  }

  tell(...messages) {
    for (const m of messages) for (const ws of this.sockets) ws.send(JSON.stringify(m));
  }

  // cut breaks all sockets, as a network does.
  async cut() {
    for (const ws of this.sockets.splice(0)) await ws.close({ code: 4000 });
  }

  connected(ws) {
    if (this.down) return void ws.close({ code: 4000 });
    this.sockets.push(ws);
    ws.onMessage((m) => this.said.push(JSON.parse(m)));
    ws.onClose(() => (this.sockets = this.sockets.filter((o) => o !== ws)));
    ws.send(JSON.stringify({ type: "hello", me: this.who, presence: says.presence(this.presence), version: "test" }));
    ws.send(JSON.stringify(says.board()));
  }

  async answer(route) {
    const r = route.request();
    const path = new URL(r.url()).pathname.replace("/api/v1", "") + new URL(r.url()).search;
    const body = r.postData() ? JSON.parse(r.postData()) : null;
    this.asked.push(`${r.method()} ${path}${body && !body.offer ? ` ${JSON.stringify(body)}` : ""}`);
    const problem = this.refuses[path];
    if (problem) return route.fulfill({ status: problem.status, json: problem });
    if (path === "/session") return this.session(route, r, body);
    if (!this.signedIn) return route.fulfill({ status: 401, json: { code: "no_key", detail: "Sign in." } });
    if (path === "/me") return route.fulfill({ json: this.who });
    if (path.endsWith("/browser")) return this.browser(route, r, body);
    if (path.endsWith("/presence")) this.tell(says.presence((this.presence = body.presence), { reason: body.reason ?? null }));
    if (path.startsWith("/callbacks?")) return route.fulfill({ json: { data: path.includes("queued") ? waiting : this.promised, next: null } });
    return route.fulfill({ json: { id: "cb_1" } });
  }

  session(route, r, body) {
    this.signedIn = r.method() === "POST" && body.password === "tulip";
    if (r.method() === "DELETE") return route.fulfill({ status: 204 });
    if (this.signedIn) return route.fulfill({ status: 201, json: { agent: this.who.agent, role: this.who.role } });
    return route.fulfill({ status: 401, json: { code: "bad_login", detail: "The name or the password is wrong." } });
  }

  async browser(route, r, body) {
    if (r.method() === "GET") return route.fulfill({ json: { ice: [] } });
    if (r.method() === "DELETE") return route.fulfill({ status: 204 });
    this.offers = (this.offers ?? 0) + 1;
    return route.fulfill({ json: { answer: await this.switchAnswers(body.offer), ice: [] } });
  }

  // switchAnswers is the far end of a browser's leg: it sends a tone, and hears.
  async switchAnswers(offer) {
    return (await this.far).evaluate(([me, sdp]) => window.answer(me, sdp), [this.number, offer]);
  }

  // farHears says whether the switch hears the desk within a second, and not just the silence of a shut microphone.
  async farHears() {
    return (await this.far).evaluate((me) => window.hears(me), this.number);
  }
}

// farPage is the switch of all services that are played in a browser: a page in a window of its own, because one that
// stands behind another is drawn once a second, and what is pressed there waits.
let far;
const farPage = (browser) =>
  (far ??= browser.newPage().then(async (page) => {
    await page.evaluate(farEnd);
    return page;
  }));

// farEnd runs in that page: legs, each with a tone and an ear.
function farEnd() {
  const legs = {};
  window.hangUp = (who) => {
    legs[who]?.pc.close();
    legs[who]?.context.close();
    delete legs[who];
  };
  window.answer = async (who, sdp) => {
    window.hangUp(who);
    const context = new AudioContext();
    const pc = new RTCPeerConnection();
    const ear = new Audio(); // what nobody plays is not decoded
    legs[who] = { pc, context, ear };
    pc.ontrack = (e) => {
      ear.srcObject = e.streams[0] ?? new MediaStream([e.track]);
      ear.play();
    };
    await pc.setRemoteDescription({ type: "offer", sdp });
    const tone = new OscillatorNode(context, { frequency: 440 });
    const out = new MediaStreamAudioDestinationNode(context);
    tone.connect(out);
    tone.start();
    pc.addTrack(out.stream.getAudioTracks()[0], out.stream);
    await pc.setLocalDescription();
    if (pc.iceGatheringState !== "complete") {
      await new Promise((done) => pc.addEventListener("icegatheringstatechange", () => pc.iceGatheringState === "complete" && done()));
    }
    return pc.localDescription.sdp;
  };
  const energy = async (who) => [...((await legs[who]?.pc.getStats()) ?? new Map()).values()].find((s) => s.type === "inbound-rtp")?.totalAudioEnergy ?? 0;
  window.hears = async (who) => {
    const before = await energy(who);
    for (let i = 0; i < 10; i++) {
      await new Promise((r) => setTimeout(r, 100));
      if ((await energy(who)) - before > 1e-6) return true;
    }
    return false;
  };
}

const waiting = [
  { id: "cb_7", subscriber: "sub_1", state: "queued", number: "+12025550107", name: "Walt", topic: "Blocked drain", due_at: null, arrived_at: soon(-48) },
  { id: "cb_8", subscriber: "sub_1", state: "queued", number: "+12025550108", name: null, topic: null, due_at: null, arrived_at: soon(-12) },
];
