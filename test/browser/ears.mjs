// Pages that speak and hear: a tone instead of a microphone, and a diary of what comes out of the loudspeaker.

// voice runs in a page before its own scripts: it says hz, and keeps what it hears in window.heard as [time, Hz, dB].
export function voice(hz) {
  const context = new AudioContext();
  navigator.mediaDevices.getUserMedia = async () => {
    const tone = new OscillatorNode(context, { frequency: hz });
    const out = new MediaStreamAudioDestinationNode(context);
    tone.connect(new GainNode(context, { gain: 0.4 })).connect(out);
    tone.start();
    return out.stream;
  };
  window.heard = [];
  window.connections = [];
  const Real = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Real {
    constructor(...args) {
      super(...args);
      window.connections.push(this);
      this.addEventListener("track", (e) => listen(this, e.streams[0] ?? new MediaStream([e.track])));
    }
  };
  const listen = (connection, stream) => {
    const ear = context.createAnalyser();
    ear.fftSize = 4096; // 85 ms
    ear.smoothingTimeConstant = 0;
    context.createMediaStreamSource(stream).connect(ear);
    const power = new Float32Array(ear.frequencyBinCount);
    const look = setInterval(() => {
      if (connection.connectionState === "closed") return clearInterval(look);
      ear.getFloatFrequencyData(power);
      let top = 2;
      for (let i = 2; i < power.length - 1; i++) if (power[i] > power[top]) top = i;
      const [a, b, c] = [power[top - 1], power[top], power[top + 1]];
      const between = a + c === 2 * b ? 0 : (a - c) / (2 * (a - 2 * b + c));
      window.heard.push([Date.now(), ((top + between) * context.sampleRate) / ear.fftSize, b]);
    }, 40);
  };
}

const loud = -60; // dB
const same = (a, b) => Math.abs(a - b) < 15;

// heard is for how many seconds a page has heard a tone since a time.
export async function heard(page, hz, since = 0) {
  const all = await page.evaluate(() => window.heard);
  let s = 0;
  for (let i = 1; i < all.length; i++) {
    const [at, tone, level] = all[i];
    if (at > since && level > loud && same(tone, hz)) s += Math.min(0.2, (at - all[i - 1][0]) / 1000);
  }
  return s;
}

// missing is the longest stretch, in seconds, in which a page has not heard a tone since a time.
export async function missing(page, hz, since) {
  const all = await page.evaluate(() => window.heard);
  let [longest, last] = [0, since];
  for (const [at, tone, level] of all) {
    if (at < since || level <= loud || !same(tone, hz)) continue;
    longest = Math.max(longest, at - last);
    last = at;
  }
  return Math.max(longest, Date.now() - last) / 1000;
}
