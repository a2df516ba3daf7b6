/**
 * JSON requests to our own server. Every failure is an `ApiError` with the stable `code` of the problem document
 * (RFC 9457), so that callers decide by code and show their own words.
 */

export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly title?: string;
  readonly detail?: string;
  /** Seconds to wait, from the `Retry-After` header; 0 when there was none. */
  readonly retry_after?: number;
  readonly [extra: string]: unknown;
}

/** `code` is the server's, or `offline` (no answer at all) or `bad_response` (an answer that is not ours). */
export class ApiError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail ?? problem.title ?? problem.code);
    this.name = "ApiError";
    this.problem = problem;
  }

  get status(): number {
    return this.problem.status;
  }

  get code(): string {
    return this.problem.code;
  }
}

export interface RequestOptions {
  readonly method?: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string | number | boolean | null | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** After this long without an answer the request fails as `offline`. */
  readonly timeoutMs?: number;
}

export interface ApiOptions {
  /** Everything before the path: `""`, `/api/v1` or `https://host/api/widget/v1`. */
  readonly base: string;
  /** Headers asked for anew on each request: the bearer token, or the CSRF token of the session. */
  readonly headers?: (method: string) => Readonly<Record<string, string>>;
  readonly credentials?: RequestCredentials;
  readonly fetch?: typeof fetch;
}

export class Api {
  readonly #options: ApiOptions;

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  /** `null` for 204. */
  async request<T>(path: string, options: RequestOptions = {}): Promise<T> {
    const method = options.method ?? "GET";
    const headers: Record<string, string> = {
      accept: "application/json",
      ...this.#options.headers?.(method),
      ...options.headers,
    };
    const init: RequestInit = { method, headers, credentials: this.#options.credentials ?? "same-origin" };
    if (options.body !== undefined) {
      headers["content-type"] = "application/json";
      init.body = JSON.stringify(options.body);
    }
    const limits = [options.signal, options.timeoutMs ? AbortSignal.timeout(options.timeoutMs) : undefined];
    init.signal = AbortSignal.any(limits.filter((limit) => limit !== undefined));
    const send = this.#options.fetch ?? fetch;
    let response: Response;
    try {
      response = await send(`${this.#options.base}${path}${queryString(options.query)}`, init);
    } catch (error) {
      if (options.signal?.aborted) {
        throw error;
      }
      throw new ApiError({ status: 0, code: "offline" });
    }
    if (!response.ok) {
      throw new ApiError(await readProblem(response));
    }
    if (response.status === 204) {
      return null as T;
    }
    try {
      return (await response.json()) as T;
    } catch {
      throw new ApiError({ status: response.status, code: "bad_response" });
    }
  }
}

function queryString(query: RequestOptions["query"]): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined && value !== "") {
      parameters.append(name, String(value));
    }
  }
  const text = parameters.toString();
  return text ? `?${text}` : "";
}

async function readProblem(response: Response): Promise<Problem> {
  const always = { status: response.status, retry_after: Number(response.headers.get("retry-after")) || 0 };
  try {
    const body = (await response.json()) as Partial<Problem>;
    return { ...body, ...always, code: body.code ?? "bad_response" };
  } catch {
    return { ...always, code: "bad_response" };
  }
}
