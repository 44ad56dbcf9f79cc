// What a test of Firefox finds in each page: looking for words and controls as people do, and how the sound is.
const connections = [];
const Real = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Real {
  constructor(...args) {
    super(...args);
    connections.push(this);
  }
};

const shown = (e) => e.checkVisibility();
const named = (e) => (e.getAttribute("aria-label") ?? e.textContent).trim();
const wordsOf = (l) => [...l.childNodes].filter((n) => n.nodeType === Node.TEXT_NODE).map((n) => n.data).join("").trim();
const fieldOf = (label) => [...document.querySelectorAll("label")].find((l) => shown(l) && wordsOf(l) === label)?.querySelector("input, select, textarea");

// A tone that never ends is noise to a noise suppressor: it is off here.
const open = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
if (open) navigator.mediaDevices.getUserMedia = () => open({ audio: { noiseSuppression: false, echoCancellation: false, autoGainControl: false } });

// When a bell last began, and when a timer of one second had its turn.
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...args) {
  window.test.bell = Date.now();
  return start.apply(this, args);
};
setInterval(() => window.test.turns.push(Date.now()), 1000);

window.test = {
  connections,
  bell: 0,
  turns: [],
  sees: (text) => document.body.innerText.includes(text),
  press(name) {
    const b = [...document.querySelectorAll("button")].find((b) => shown(b) && !b.disabled && named(b) === name);
    b?.click();
    return Boolean(b);
  },
  fill(label, value) {
    const f = fieldOf(label);
    if (!f) return false;
    f.value = value;
    f.dispatchEvent(new Event("input", { bubbles: true }));
    f.dispatchEvent(new Event("change", { bubbles: true }));
    return true;
  },

  // heard is what the page has heard of the other side: energy that only sound has.
  async heard() {
    const report = await connections.at(-1)?.getStats();
    return [...(report?.values() ?? [])].find((s) => s.type === "inbound-rtp")?.totalAudioEnergy ?? 0;
  },

  // tone is the frequency, in Hz, that is loudest in what is heard now.
  async tone() {
    const track = connections.at(-1).getReceivers()[0].track;
    const context = new AudioContext();
    const read = new AnalyserNode(context, { fftSize: 8192 });
    context.createMediaStreamSource(new MediaStream([track])).connect(read);
    await new Promise((r) => setTimeout(r, 500));
    const bins = new Float32Array(read.frequencyBinCount);
    read.getFloatFrequencyData(bins);
    let best = 0;
    for (let i = 1; i < bins.length; i++) if (bins[i] > bins[best]) best = i;
    const hz = (best * context.sampleRate) / read.fftSize;
    await context.close();
    return Number.isFinite(bins[best]) ? hz : 0;
  },
};
