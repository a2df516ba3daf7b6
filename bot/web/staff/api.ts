/**
 * Calls of the staff API: session cookie, `X-CSRF-Token` on everything that changes something, a time limit.
 * An expired session leads to the log-in page and back here.
 */
import { Api, ApiError } from "@shared/api";
import { t } from "./i18n";

export { ApiError };

const LIMIT_MS = 20_000;

let csrfToken = "";
export function setCsrfToken(token: string): void {
  csrfToken = token;
}

export type Query = Readonly<Record<string, string | number | boolean | null | undefined>>;
type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

const server = new Api({
  base: "/api/v1",
  headers: (method): Record<string, string> => (method === "GET" ? {} : { "x-csrf-token": csrfToken }),
});

let leaving = false;
// A page that the browser brings back by "Back" is where it was, this flag included.
addEventListener("pageshow", () => {
  leaving = false;
});

/** Once, however many requests were refused: a second navigation would cut off the first. */
export function goToLogin(): void {
  if (leaving) return;
  leaving = true;
  const here = location.pathname + location.search + location.hash;
  location.assign(`/login?next=${encodeURIComponent(here)}`);
}

/** Our own time limit shows as no answer, like a lost network: the person can do the same about both. */
async function once<T>(method: Method, path: string, body: unknown, query: Query): Promise<T> {
  const signal = AbortSignal.timeout(LIMIT_MS);
  try {
    return await server.request<T>(path, { method, body, query, signal });
  } catch (error) {
    throw error instanceof ApiError ? error : new ApiError({ status: 0, code: "offline" });
  }
}

async function send<T>(method: Method, path: string, body: unknown, query: Query = {}): Promise<T> {
  try {
    return await once<T>(method, path, body, query);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 401) goToLogin();
    if (error.code !== "csrf") throw error;
    // another tab logged in again: take its token and repeat once
    csrfToken = (await once<{ csrf_token: string }>("GET", "/me", undefined, {})).csrf_token;
    return once<T>(method, path, body, query);
  }
}

export const api = {
  get: <T>(path: string, query?: Query) => send<T>("GET", path, undefined, query),
  post: <T>(path: string, body: unknown = {}) => send<T>("POST", path, body),
  patch: <T>(path: string, body: unknown) => send<T>("PATCH", path, body),
  put: <T>(path: string, body: unknown) => send<T>("PUT", path, body),
  delete: <T = null>(path: string) => send<T>("DELETE", path, undefined),
};

/** Posts a file as it is and hands out the answer line by line, however long it takes. Throws an Error to be shown. */
export async function upload(
  path: string,
  query: Query,
  file: Blob,
  onLine: (line: string) => void,
): Promise<void> {
  const search = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}?${search}`, {
      method: "POST",
      body: file,
      headers: { "x-csrf-token": csrfToken, "content-type": "application/octet-stream" },
    });
  } catch {
    throw new ApiError({ status: 0, code: "offline" });
  }
  if (!response.ok || !response.body) {
    if (response.status === 401) goToLogin();
    const problem = (await response.json().catch(() => ({}))) as { code?: string };
    throw new ApiError({ ...problem, status: response.status, code: problem.code ?? "unknown" });
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    const lines = (rest + (value ?? "")).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line) onLine(line);
    if (done) break;
  }
  if (rest) onLine(rest);
}

/** What to tell the person about a failure; never a code alone. */
export function errorText(error: unknown): string {
  if (!(error instanceof ApiError)) return t("Something went wrong. Please try again.");
  switch (error.code) {
    case "offline":
      return t("No connection to the server. Check your network and try again.");
    case "unauthenticated":
      return t("Your session has ended. Please log in again.");
    case "forbidden":
      return t("You are not allowed to do this.");
    case "csrf":
      return t("This page is out of date. Reload it and try again.");
    case "stale":
      return t("Somebody changed this in the meantime. What you see now is up to date.");
    case "review_required":
      return t("Only reviewers and administrators publish. Hand the article in for review instead.");
    case "scheduled":
      return t("The article is scheduled. Cancel the schedule before you change it.");
    case "nothing_new":
      return t("Customers see this very text already.");
    case "in_use":
      return t("Something is still in it. Move that elsewhere first.");
    case "unknown_ticket":
      return t("There is no ticket with this number that you may see.");
    case "same_ticket":
      return t("That is the ticket itself. Name another one.");
    case "other_customer":
      return t("Only tickets of the same customer can be merged. Link them instead.");
    case "not_open":
      return t("That ticket is not open. Merge into an open one.");
    case "linked_already":
      return t("The two tickets are linked already. Remove that link first.");
    case "invalid_tag":
      return t("A tag has at most 40 characters, with no commas or semicolons.");
    case "too_many_tags":
      return t("A ticket has at most 20 tags.");
    case "too_long":
      return t("This text is too long.");
    case "invalid_category":
      return t("Use a key of small letters, a name in every language, and topics without spaces.");
    case "key_taken":
      return t("There is a category with this key already.");
    case "already_claimed":
      return t("Somebody else took this ticket first.");
    case "no_people":
      return t("Nobody works at {level}. Choose another level, or escalate to a supervisor.", {
        level: String((error.problem as { level?: string }).level ?? ""),
      });
    case "level_not_allowed":
      return t("{level} does not escalate there. Choose another level, or escalate to a supervisor.", {
        level: String((error.problem as { level?: string }).level ?? ""),
      });
  }
  if (error.status === 404) return t("Not found, or not visible to you.");
  if (error.status === 429) return t("Too many requests. Wait a moment and try again.");
  if (error.status >= 500) return t("The server could not do this right now. Please try again.");
  return error.problem.detail || t("Something went wrong. Please try again.");
}

interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

/** Items of one page after another, at most `limit` pages. */
export async function allPages<T>(
  load: (cursor: string | null) => Promise<Page<T>>,
  limit: number,
): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < limit; page++) {
    const got: Page<T> = await load(cursor);
    items.push(...got.items);
    cursor = got.next_cursor;
    if (!cursor) break;
  }
  return items;
}
