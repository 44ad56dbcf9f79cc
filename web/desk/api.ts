// The API of the service. The desk has no other: what it does, a program with a key can do.

// Problem is an answer that says what is wrong, in words for people.
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
  ) {
    super(detail);
  }
}

// ask sends a request and returns the answer's JSON; nothing that is in it is trusted as markup anywhere.
export async function ask<T>(method: string, path: string, body?: unknown, wait = 15_000): Promise<T> {
  let answer: Response;
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  // Sent again by a browser that lost the answer, it is still one deed.
  if (method === "POST" && path !== "/session") headers["Idempotency-Key"] = unique();
  try {
    answer = await fetch(`/api/v1${path}`, {
      method,
      headers,
      credentials: "same-origin",
      signal: AbortSignal.timeout(wait),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    throw new Problem(0, "not_connected", "The service does not answer. Look at the network, then try again.");
  }
  if (answer.status === 204) return undefined as T;
  const said = (await answer.json().catch(() => ({}))) as { code?: string; title?: string; detail?: string };
  if (!answer.ok) throw new Problem(answer.status, said.code ?? "", said.detail || said.title || `The service answered ${answer.status}.`);
  return said as T;
}

// unique needs no secure context, as randomUUID would.
function unique(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join("-");
}

export const post = <T>(path: string, body: unknown = {}): Promise<T> => ask<T>("POST", path, body);

// ofCallback is the path of an order about a callback.
export const ofCallback = (id: string, order: string): string => `/callbacks/${encodeURIComponent(id)}/${order}`;
