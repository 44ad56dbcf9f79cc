// What a desk hears and says with: microphone, loudspeaker, and a ring made of two tones.
import { Trouble } from "./trouble";

export interface Ear {
  id: string;
  label: string;
}

export interface Devices {
  microphones: Ear[];
  speakers: Ear[]; // empty where the browser does not list them
  lists: boolean; // whether the browser can choose an output at all
  hides: boolean; // whether it lists only the outputs that somebody has chosen for this page (Firefox)
}

const choosesOutput = (): boolean => "setSinkId" in HTMLMediaElement.prototype;

// Of Firefox: it asks which output the page may use.
type Picks = MediaDevices & { selectAudioOutput?: () => Promise<MediaDeviceInfo> };

export async function devices(): Promise<Devices> {
  const all = await navigator.mediaDevices.enumerateDevices();
  const named = (kind: string, word: string): Ear[] =>
    all.filter((d) => d.kind === kind).map((d, i) => ({ id: d.deviceId, label: d.label || `${word} ${i + 1}` }));
  return { microphones: named("audioinput", "Microphone"), speakers: named("audiooutput", "Loudspeaker"), lists: choosesOutput(), hides: "selectAudioOutput" in navigator.mediaDevices };
}

// pick lets the browser ask for an output, and returns its id; "" when none was taken.
export async function pick(): Promise<string> {
  const picked = await (navigator.mediaDevices as Picks).selectAudioOutput?.().catch(() => null);
  return picked?.deviceId ?? "";
}

export const silent = new Trouble("No loudspeaker or headset was found.", "Plug in a headset or turn on a loudspeaker, and try again.");

// audible says whether there is something to hear with, as far as the browser tells.
export const audible = (d: Devices): boolean => !d.lists || d.hides || d.speakers.length > 0;

const block = 512; // samples over which loudness is taken: a syllable is longer

// Meter measures how loud a microphone is.
export class Meter {
  private readonly read: AnalyserNode;
  private readonly from: MediaStreamAudioSourceNode;
  private readonly samples = new Float32Array(16384); // a third of a second: nothing falls between two looks

  constructor(context: AudioContext, stream: MediaStream) {
    this.read = context.createAnalyser();
    this.read.fftSize = this.samples.length;
    this.from = context.createMediaStreamSource(stream);
    this.from.connect(this.read);
  }

  // level is 0 for silence and 1 for as loud as can be, on a scale as people hear: the loudest moment since a while.
  level(): number {
    this.read.getFloatTimeDomainData(this.samples);
    let loudest = 0;
    for (let at = 0; at < this.samples.length; at += block) loudest = Math.max(loudest, this.power(at));
    const db = 10 * Math.log10(loudest + 1e-9);
    return Math.min(1, Math.max(0, (db + 60) / 60));
  }

  private power(at: number): number {
    let sum = 0;
    for (let i = at; i < at + block; i++) sum += this.samples[i]! ** 2;
    return sum / block;
  }

  close(): void {
    this.from.disconnect();
  }
}

// echo lets somebody hear herself: what she says in the next seconds is played afterwards, so that a loudspeaker
// does not howl. It resolves when that is over.
export async function echo(context: AudioContext, to: AudioNode, stream: MediaStream, seconds: number, speaks: (on: boolean) => void): Promise<void> {
  const from = context.createMediaStreamSource(stream);
  const gate = context.createGain();
  const later = context.createDelay(seconds + 1);
  later.delayTime.value = seconds;
  gate.gain.setValueAtTime(1, context.currentTime);
  gate.gain.setValueAtTime(0, context.currentTime + seconds);
  from.connect(gate).connect(later).connect(to);
  speaks(true);
  await after(context, seconds);
  speaks(false);
  await after(context, seconds);
  from.disconnect();
  later.disconnect();
}

// after waits on the clock of the sound itself.
function after(context: AudioContext, seconds: number): Promise<void> {
  return new Promise((done) => {
    const clock = context.createConstantSource();
    clock.onended = () => done();
    clock.start();
    clock.stop(context.currentTime + seconds);
    clock.connect(context.createGain()); // to nowhere
  });
}

// Bell rings: one second of two tones, one of silence, until it is stopped.
export class Bell {
  private tones: OscillatorNode[] = [];
  private loud: GainNode | null = null;

  constructor(
    private readonly context: AudioContext,
    private readonly to: AudioNode,
  ) {}

  get rings(): boolean {
    return this.loud !== null;
  }

  ring(seconds = 120): void {
    if (this.loud) return;
    const loud = (this.loud = this.context.createGain());
    const now = this.context.currentTime;
    loud.gain.setValueAtTime(0, now);
    // The whole pattern is laid down now: a hidden page has no timers to keep it.
    for (let t = 0; t < seconds; t += 2) {
      loud.gain.setTargetAtTime(0.25, now + t, 0.02);
      loud.gain.setTargetAtTime(0, now + t + 1, 0.02);
    }
    loud.connect(this.to);
    this.tones = [660, 880].map((hz) => {
      const tone = this.context.createOscillator();
      tone.frequency.value = hz;
      tone.connect(loud);
      tone.start(now);
      tone.stop(now + seconds);
      return tone;
    });
    this.tones[0]!.onended = () => this.stop();
  }

  stop(): void {
    for (const t of this.tones) {
      t.onended = null;
      t.stop();
    }
    this.tones = [];
    this.loud?.disconnect();
    this.loud = null;
  }
}

// Outlet is where a context is heard: an output that can be chosen, also where only players can choose one (Firefox).
export class Outlet {
  readonly in: AudioNode;
  private player: HTMLAudioElement | null = null;

  constructor(private readonly context: AudioContext) {
    this.in = context.createGain();
    this.in.connect(context.destination);
  }

  async through(id: string): Promise<void> {
    const chooses = this.context as AudioContext & { setSinkId?: (id: string) => Promise<void> };
    if (chooses.setSinkId) await chooses.setSinkId(id).catch(() => undefined); // it is unplugged: the usual one is heard
    else if (choosesOutput() && (id || this.player)) await this.play(id).catch(() => this.direct());
  }

  // play goes the long way, over a player.
  private async play(id: string): Promise<void> {
    this.player ??= new Audio();
    await this.player.setSinkId(id);
    if (this.player.srcObject) return;
    const out = this.context.createMediaStreamDestination();
    this.player.srcObject = out.stream;
    await this.player.play();
    this.in.disconnect();
    this.in.connect(out);
  }

  private direct(): void {
    this.close();
    this.in.disconnect();
    this.in.connect(this.context.destination);
  }

  close(): void {
    this.player?.pause();
    if (this.player) this.player.srcObject = null;
    this.player = null;
  }
}
