// Passkeys: the two ceremonies of Web Authentication, between the service, which asks, and the device, which answers.
import { ask, post } from "./api";

export interface Passkey {
  id: string;
  name: string;
  created_at: string;
  used_at: string;
}

// In JSON all bytes are base64url.
interface Known {
  type: "public-key";
  id: string;
  transports?: AuthenticatorTransport[];
}
type Creation = Omit<PublicKeyCredentialCreationOptions, "challenge" | "user" | "excludeCredentials"> & {
  challenge: string;
  user: { id: string; name: string; displayName: string };
  excludeCredentials?: Known[];
};
type Request = Omit<PublicKeyCredentialRequestOptions, "challenge" | "allowCredentials"> & { challenge: string; allowCredentials?: Known[] };
interface Ceremony<O> {
  ceremony: string;
  options: { publicKey: O };
}

// possible says whether this page can have any: they are bound to a name, and an address is none.
export const possible = (): boolean => "PublicKeyCredential" in window && !/^[\d.]+$|^\[/.test(location.hostname);

export const all = async (): Promise<Passkey[]> => (await ask<{ data: Passkey[] }>("GET", "/passkeys")).data;
export const remove = (p: Passkey): Promise<void> => ask("DELETE", `/passkeys/${encodeURIComponent(p.id)}`);

// add makes one on this device.
export async function add(name: string): Promise<void> {
  const { ceremony, options } = await post<Ceremony<Creation>>("/passkeys/register");
  const o = options.publicKey;
  const made = await on("add", () =>
    navigator.credentials.create({
      publicKey: { ...o, challenge: bytes(o.challenge), user: { ...o.user, id: bytes(o.user.id) }, excludeCredentials: known(o.excludeCredentials) },
    }),
  );
  const { clientDataJSON, attestationObject } = made.response as AuthenticatorAttestationResponse;
  await post("/passkeys", { ceremony, name, credential: told(made, { clientDataJSON, attestationObject }) });
}

// signIn opens a session with the one that the device offers: nobody types who she is.
export async function signIn(): Promise<void> {
  const { ceremony, options } = await post<Ceremony<Request>>("/session/passkey");
  const o = options.publicKey;
  const used = await on("use", () => navigator.credentials.get({ publicKey: { ...o, challenge: bytes(o.challenge), allowCredentials: known(o.allowCredentials) } }));
  const { clientDataJSON, authenticatorData, signature, userHandle } = used.response as AuthenticatorAssertionResponse;
  await post("/session", { ceremony, credential: told(used, { clientDataJSON, authenticatorData, signature, userHandle }) });
}

// on lets the device answer, or says in words why it does not.
async function on(what: "add" | "use", answer: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  try {
    const c = await answer();
    if (c) return c as PublicKeyCredential;
  } catch (e) {
    const name = (e as DOMException).name;
    if (name === "InvalidStateError") throw new Error("This device has a passkey of yours already.");
    if (name === "SecurityError") throw new Error("Passkeys work only at the service's own address. Open the desk by that.");
    if (name === "NotSupportedError" || name === "ConstraintError") throw new Error("This device has no passkeys that ask for a finger, a face or a PIN. Use another device.");
  }
  throw new Error(what === "add" ? "Nothing was added: it was cancelled, or took too long. Try again." : "No passkey was used: it was cancelled, there is none here, or it took too long. Try again, or sign in with your password.");
}

const known = (some: Known[] | undefined): PublicKeyCredentialDescriptor[] => (some ?? []).map((k) => ({ ...k, id: bytes(k.id) }));

// told is a credential as the service reads it.
function told(c: PublicKeyCredential, response: Record<string, ArrayBuffer | null>): unknown {
  const said = Object.entries(response).flatMap(([k, v]) => (v ? [[k, text(v)]] : []));
  return { id: c.id, rawId: text(c.rawId), type: c.type, response: Object.fromEntries(said), clientExtensionResults: {} };
}

function bytes(s: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(s.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
}

function text(b: ArrayBuffer): string {
  return btoa(String.fromCharCode(...new Uint8Array(b))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
