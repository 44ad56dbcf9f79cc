// An agent at work: what the service has told, and what she can do. It draws nothing.
import { Attention } from "./attention";
import { ask, ofCallback, post, Problem } from "./api";
import type { Board, Call, CallOver, Card, Heard, Me, Offer, Presence } from "./facts";
import { Leader } from "./leader";
import { Link } from "./link";
import { Meter } from "./sound";
import { Voice } from "./voice";
import { overWord, webAddress } from "./words";

// After is a call that is over while she still writes about it.
export interface After {
  card: Card;
  over: CallOver;
  disposition: string;
  saved: string; // what has been kept, in words
}

export interface Notice {
  level: string;
  text: string;
}

const loudEnough = 0.55; // of a voice, on the meter's scale
const snoozed = "ringback-desk-snooze";

export class Work {
  presence: Presence = { presence: "signed_out", reason: null, since: null, until: null };
  board: Board = { queues: [], agents: [] };
  offers = new Map<string, Offer>(); // by leg
  calls = new Map<string, Call>(); // by callback
  after: After | null = null;
  notices: Notice[] = [];
  quiet = new Set<string>(); // offers whose ring she has turned off
  answering = new Set<string>(); // offers that she has answered
  muted = false;
  speaksMuted = false; // she talks and nobody hears it
  private placed = new Set<string>(); // callbacks that she asked for: their ring is no news to her
  busy = false; // something she ordered is under way
  watching: { agent: string; mode: string } | null = null;
  snoozeUntil = Number(sessionStorage.getItem(snoozed) ?? 0);
  version = "";

  link: Link | null = null;
  leader: Leader | null = null;
  readonly voice: Voice;
  private meter: Meter | null = null;
  private ear: MediaStream | null = null;
  private steps: number | undefined;
  private renewing: Promise<void> = Promise.resolve(); // a change of her session that is under way

  constructor(
    public me: Me,
    readonly attention: Attention,
    private readonly changed: () => void,
    private readonly refused: () => void,
  ) {
    this.voice = new Voice(me.id, changed);
  }

  // start opens the desk: from now on she may be available. With a microphone its browser is a telephone, in the tab that
  // leads.
  start(stream: MediaStream | null): void {
    if (stream) this.speakWith(stream);
    if (this.link) return;
    const url = `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/api/v1/live`;
    this.link = new Link(url, (m) => this.hear(m), (s) => (s === "refused" ? void this.doubted() : this.changed()));
    this.leader = new Leader((leads) => this.lead(leads));
    this.steps = setInterval(() => this.listenIn(), 250);
  }

  // doubted: the live socket's session is over. Another may have begun: with another password, here or in another tab.
  private async doubted(): Promise<void> {
    try {
      await this.renewing;
      await ask("GET", "/me");
      this.link?.retry();
    } catch {
      this.refused();
    }
  }

  // changePassword ends all her sessions, and begins a new one here.
  async changePassword(old: string, chosen: string): Promise<void> {
    const done = post<void>("/me/password", { old, new: chosen });
    this.renewing = done.catch(() => undefined);
    await done;
  }

  close(): void {
    clearInterval(this.steps);
    this.link?.close();
    this.leader?.close();
    this.voice.drop();
    this.meter?.close();
    for (const t of this.ear?.getTracks() ?? []) t.stop();
    this.attention.close();
  }

  private speakWith(stream: MediaStream): void {
    for (const t of this.ear?.getTracks() ?? []) t.stop();
    this.meter?.close();
    this.ear = stream;
    this.meter = new Meter(this.attention.context, stream);
    if (this.leads) this.voice.start(stream.getAudioTracks()[0]!.clone());
  }

  get leads(): boolean {
    return this.leader?.leads ?? false;
  }

  // level is how loud her microphone is, muted or not.
  level(): number {
    return this.meter?.level() ?? 0;
  }

  // call is the one that she is in.
  get call(): Call | null {
    return [...this.calls.values()].find((c) => !this.watches(c)) ?? null;
  }

  // watched is somebody else's, which she listens to.
  get watched(): Call | null {
    return [...this.calls.values()].find((c) => this.watches(c)) ?? null;
  }

  private watches(c: Call): boolean {
    return !!c.card.agent?.id && c.card.agent.id !== this.me.id && c.legs.some((l) => l.party === "supervisor");
  }

  // offer is the call that rings, but for one that she has asked for herself: that is answered already.
  get offer(): Offer | null {
    return [...this.offers.values()].find((o) => !this.asked(o)) ?? null;
  }

  private asked(o: Offer): boolean {
    return this.placed.has(o.card.callback) || (this.watching !== null && o.card.agent?.id === this.watching.agent);
  }

  // hear takes in a message of the service.
  private hear(m: Heard): void {
    switch (m.type) {
      case "hello":
        this.hello(m.me, m.presence);
        this.version = m.version;
        break;
      case "ping":
        this.wakeUp();
        return;
      case "presence":
        this.presence = m;
        break;
      case "board":
        this.board = m;
        break;
      case "offer":
        this.offers.set(m.leg, m);
        if (this.asked(m) && this.leads) void this.take(m);
        break;
      case "offer_over":
        this.offerOver(m.leg, m.why);
        break;
      case "call":
        this.calls.set(m.card.callback, m);
        if (this.after?.card.callback === m.card.callback) this.after = null;
        if (this.watches(m)) this.watching = { agent: m.card.agent!.id!, mode: m.legs.find((l) => l.party === "supervisor")?.role ?? "listen" };
        break;
      case "call_over":
        this.callOver(m);
        break;
      case "notice":
        this.say(m.level, m.text);
    }
    this.settle();
  }

  // hello is the whole state anew: what it does not tell again is not so any more.
  private hello(me: Me, presence: Presence | null): void {
    this.me = me;
    if (presence) this.presence = presence;
    this.offers.clear();
    this.calls.clear();
    this.link?.say({ type: "lead", on: this.leads });
  }

  private offerOver(leg: string, why: string): void {
    this.offers.delete(leg);
    this.quiet.delete(leg);
    this.answering.delete(leg);
    if (overWord(why)) this.say("info", overWord(why));
  }

  private callOver(over: CallOver): void {
    const call = this.calls.get(over.callback);
    const watched = call && this.watches(call);
    this.calls.delete(over.callback);
    this.muted = false;
    if (watched) this.watching = null;
    else if (call) this.after = { card: call.card, over, disposition: "", saved: "" };
  }

  // settle lets sound and microphone follow what is.
  private settle(): void {
    const offer = this.offer;
    if (offer && this.leads && !this.answering.has(offer.leg)) {
      const v = offer.card.visitor;
      this.attention.call(offer.leg, offer.card.subscriber.name, v.name ?? v.number ?? "", this.quiet.has(offer.leg));
    } else {
      this.attention.rest();
    }
    this.voice.hears(this.calls.size > 0);
    this.voice.speak(!this.muted && (this.call !== null || ["whisper", "barge"].includes(this.watching?.mode ?? "")));
    this.changed();
  }

  private lead(leads: boolean): void {
    this.link?.say({ type: "lead", on: leads });
    const mic = this.ear?.getAudioTracks()[0];
    if (!leads) this.voice.drop();
    else if (mic) this.voice.start(mic.clone());
    this.settle();
  }

  private listenIn(): void {
    const speaks = this.muted && this.call !== null && this.level() > loudEnough;
    if (speaks === this.speaksMuted) return;
    this.speaksMuted = speaks;
    this.changed();
  }

  say(level: string, text: string): void {
    this.notices = [...this.notices.filter((n) => n.text !== text), { level, text }].slice(-3);
    this.changed();
  }

  dismiss(n: Notice): void {
    this.notices = this.notices.filter((o) => o !== n);
    this.changed();
  }

  // deed runs an order and says what went wrong with it.
  async deed(run: () => Promise<unknown>): Promise<boolean> {
    this.busy = true;
    this.changed();
    try {
      await run();
      return true;
    } catch (e) {
      if (e instanceof Problem && e.status === 401) this.refused();
      this.say("wrong", (e as Error).message);
      return false;
    } finally {
      this.busy = false;
      this.settle();
    }
  }

  // order is a deed about the call that she is in.
  order(what: string, body: unknown = {}): Promise<boolean> {
    const call = this.call;
    return call ? this.deed(() => post(ofCallback(call.card.callback, what), body)) : Promise.resolve(false);
  }

  async answer(): Promise<void> {
    const offer = this.offer;
    if (!offer || this.answering.has(offer.leg)) return;
    this.answering.add(offer.leg);
    this.settle(); // the ring stops at once
    const pop = webAddress(offer.card.screen_pop);
    if (pop) window.open(pop, "ringback-pop", "noopener");
    await this.take(offer);
  }

  private async take(offer: Offer): Promise<void> {
    this.answering.add(offer.leg);
    const taken = await this.deed(() => post(ofCallback(offer.card.callback, "accept"), { leg: offer.leg }));
    if (!taken) this.answering.delete(offer.leg);
    this.settle();
  }

  async decline(): Promise<void> {
    const offer = this.offer;
    if (offer) await this.deed(() => post(ofCallback(offer.card.callback, "decline"), { leg: offer.leg }));
  }

  // hush leaves the offer on the screen and turns its ring off.
  hush(): void {
    const offer = this.offer;
    if (offer) this.quiet.add(offer.leg);
    this.settle();
  }

  hangUp(): Promise<boolean> {
    return this.order("hang_up");
  }

  mute(): void {
    if (!this.call) return;
    this.muted = !this.muted;
    this.settle();
  }

  async be(presence: string, reason = ""): Promise<boolean> {
    this.snooze(0);
    const path = `/agents/${encodeURIComponent(this.me.id)}/presence`;
    const done = await this.deed(() => post(path, reason ? { presence, reason } : { presence }));
    if (done && presence === "ready") this.after = null;
    return done;
  }

  // rest pauses for some minutes; the desk is ready again by itself, as long as it is open.
  async rest(minutes: number): Promise<void> {
    if (await this.be("paused", `back in ${minutes} minutes`)) this.snooze(Date.now() + minutes * 60_000);
    this.changed();
  }

  private snooze(at: number): void {
    this.snoozeUntil = at;
    if (at) sessionStorage.setItem(snoozed, String(at));
    else sessionStorage.removeItem(snoozed);
  }

  // wakeUp is called at each ping: a hidden page has no timers that keep time.
  private wakeUp(): void {
    if (!this.snoozeUntil || Date.now() < this.snoozeUntil) return;
    this.snooze(0);
    if (this.presence.presence === "paused") void this.be("ready");
  }

  // place asks for a call that she will lead herself.
  place(body: unknown): Promise<boolean> {
    return this.deed(async () => {
      const made = await post<{ id: string }>("/callbacks", body);
      this.placed.add(made.id);
      const rings = [...this.offers.values()].find((o) => o.card.callback === made.id);
      if (rings && this.leads) await this.take(rings); // it was faster than the answer
    });
  }

  // watch lets a supervisor into an agent's talk; her desk rings for it, and is answered by itself.
  async watch(agent: string, mode: string): Promise<void> {
    const before = this.watching;
    this.watching = mode === "off" ? null : { agent, mode };
    if (!(await this.deed(() => post(`/agents/${encodeURIComponent(this.me.id)}/monitor`, { agent, mode })))) this.watching = before;
    this.settle();
  }

  // signOut leaves nothing behind: no offer finds an empty chair.
  async signOut(): Promise<void> {
    await this.deed(async () => {
      if (this.presence.presence !== "signed_out") await post(`/agents/${encodeURIComponent(this.me.id)}/presence`, { presence: "signed_out" });
      this.voice.stop();
      await ask("DELETE", "/session");
      this.refused();
    });
  }
}
