// Sound of the microphone as a telephone plays it: 8000 samples a second, one channel, 16 bits, in a WAV file.

const rate = 8000; // Hz

// wav reads what the browser has recorded, in whatever form, and writes it anew.
export async function wav(recorded: Blob): Promise<Blob> {
  const decoder = new OfflineAudioContext(1, 1, rate);
  const sound = await decoder.decodeAudioData(await recorded.arrayBuffer());
  const line = new OfflineAudioContext(1, Math.max(1, Math.ceil(sound.duration * rate)), rate);
  const from = line.createBufferSource();
  from.buffer = sound;
  from.connect(line.destination);
  from.start();
  return file((await line.startRendering()).getChannelData(0));
}

function file(samples: Float32Array): Blob {
  const out = new DataView(new ArrayBuffer(44 + samples.length * 2));
  const text = (at: number, s: string): void => [...s].forEach((c, i) => out.setUint8(at + i, c.charCodeAt(0)));
  text(0, "RIFF");
  out.setUint32(4, 36 + samples.length * 2, true);
  text(8, "WAVEfmt ");
  out.setUint32(16, 16, true);
  out.setUint16(20, 1, true); // PCM
  out.setUint16(22, 1, true); // channels
  out.setUint32(24, rate, true);
  out.setUint32(28, rate * 2, true); // bytes a second
  out.setUint16(32, 2, true); // bytes a sample
  out.setUint16(34, 16, true);
  text(36, "data");
  out.setUint32(40, samples.length * 2, true);
  samples.forEach((s, i) => out.setInt16(44 + i * 2, Math.round(Math.max(-1, Math.min(1, s)) * 32767), true));
  return new Blob([out], { type: "audio/wav" });
}
