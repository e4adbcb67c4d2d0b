import type { ProblemDocument } from "./types";

/** The API said no: `code` is stable, `action` says what to do. */
export class ApiProblem extends Error {
  readonly code: string;
  readonly status: number;
  readonly action: string;

  constructor(readonly document: ProblemDocument) {
    super(document.detail || document.title);
    this.code = document.code;
    this.status = document.status;
    this.action = document.action;
  }
}

/** Nobody answered, or not in time. */
export class Unreachable extends Error {
  constructor(readonly path: string) {
    super("The exchange does not answer");
  }
}

const PATIENCE_MS = 15_000;

type Method = "GET" | "POST" | "DELETE" | "PUT" | "PATCH";

async function request<T>(method: Method, path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  const limit = AbortSignal.timeout(PATIENCE_MS);
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      credentials: "same-origin",
      headers: { Accept: "application/json", ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...session.headers() },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Unreachable(path);
  }
  if (response.ok) return (response.status === 204 ? undefined : await response.json()) as T;
  throw new ApiProblem(await problemOf(response));
}

async function problemOf(response: Response): Promise<ProblemDocument> {
  try {
    const document = (await response.json()) as Partial<ProblemDocument>;
    if (typeof document.code === "string") return document as ProblemDocument;
  } catch {
    // Not the API's own answer: a proxy's page, for one. Its status is all that is known.
  }
  return {
    type: "about:blank",
    title: response.statusText,
    status: response.status,
    detail: `The server answered ${response.status}`,
    code: "unexplained",
    values: {},
    action: "Try again; look at Operations if it stays.",
  };
}

/** Headers of the signed-in session; set by whoever signs in. */
export const session = {
  token: null as string | null,
  headers(): Record<string, string> {
    return this.token === null ? {} : { Authorization: `Bearer ${this.token}` };
  },
};

export const get = <T>(path: string, signal?: AbortSignal): Promise<T> => request<T>("GET", path, undefined, signal);
export const post = <T>(path: string, body: unknown): Promise<T> => request<T>("POST", path, body);
export const remove = <T>(path: string): Promise<T> => request<T>("DELETE", path, undefined);

/** A route that this server does not have. */
export function isMissing(error: unknown): boolean {
  return error instanceof ApiProblem && (error.code === "path_unknown" || (error.status === 404 && error.code === "unexplained"));
}
