// The microphone, or in words why there is none, and what to do.

export class Trouble extends Error {
  constructor(
    readonly what: string,
    readonly todo: string,
  ) {
    super(`${what} ${todo}`);
  }
}

// listen opens the microphone: that of the name, where there is one, else the usual.
export async function listen(id = ""): Promise<MediaStream> {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new Trouble("This browser gives no microphone to a page that comes over plain http.", "Open the page by its https address.");
  }
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: { ...(id ? { deviceId: { ideal: id } } : {}), echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
  } catch (e) {
    throw deaf((e as DOMException).name);
  }
}

function deaf(name: string): Trouble {
  switch (name) {
    case "NotAllowedError":
      return new Trouble("The microphone is not allowed.", "Press the sign at the left of the address, allow the microphone for this page, and try again.");
    case "NotFoundError":
      return new Trouble("No microphone was found.", "Plug in a headset, or turn its microphone on, and try again.");
    case "NotReadableError":
      return new Trouble("The microphone is there but gives no sound.", "Another program may hold it. Close that program, and try again.");
    default:
      return new Trouble("The microphone could not be opened.", "Unplug the headset, plug it in again, and try again.");
  }
}
