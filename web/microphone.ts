// The microphone, or why there is none. What is said to people about it is each page's.

export type Deafness = "insecure" | "denied" | "missing" | "silent" | "broken";

export class Deaf extends Error {
  constructor(readonly kind: Deafness) {
    super(kind);
  }
}

// listen opens the microphone: that of the name, where there is one, else the usual.
export async function listen(id = ""): Promise<MediaStream> {
  if (!navigator.mediaDevices?.getUserMedia) throw new Deaf("insecure");
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: { ...(id ? { deviceId: { ideal: id } } : {}), echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
  } catch (e) {
    throw new Deaf(({ NotAllowedError: "denied", NotFoundError: "missing", NotReadableError: "silent" } as const)[(e as DOMException).name] ?? "broken");
  }
}
