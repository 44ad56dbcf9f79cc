// The form's second button: to talk here, in the browser. Nothing is asked for before it is certain that the microphone is
// there, so that nobody answers a visitor who cannot speak.
import { Deaf, listen } from "./microphone";

const button = document.querySelector<HTMLButtonElement>("button[data-talk]");
if (button && navigator.mediaDevices && "RTCPeerConnection" in window) offer(button);

function offer(button: HTMLButtonElement): void {
  const trouble = document.querySelector<HTMLElement>("[data-trouble]");
  let certain = false;
  button.hidden = false;
  button.addEventListener("click", (e) => {
    if (certain) return;
    e.preventDefault();
    void microphone(JSON.parse(button.dataset["words"] ?? "{}") as Record<string, string>).then((wrong) => {
      if (trouble) {
        trouble.textContent = wrong;
        trouble.hidden = wrong === "";
      }
      if (wrong !== "") return;
      certain = true;
      button.form?.requestSubmit(button);
      certain = false;
    });
  });
}

// microphone asks for it once; "" = it is there, else why not and what to do.
async function microphone(words: Record<string, string>): Promise<string> {
  try {
    for (const t of (await listen()).getTracks()) t.stop();
    return "";
  } catch (e) {
    return `${words[e instanceof Deaf ? e.kind : "broken"]} ${words["instead"]}`;
  }
}
