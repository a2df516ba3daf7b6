/** What console and admin pages share: addresses, requests, live hints, times, safe HTML, shortcuts. */
import { allPages, api, errorText, setCsrfToken } from "@staff/api";
import { ago, dayNumber, duration, humanize, initials } from "@staff/format";
import { coalesce, retryDelay } from "@staff/live";
import { href, parseRoute } from "@staff/router";
import { SafeHtml } from "@staff/safe-html";
import { startShortcuts } from "@staff/shortcuts";
import { render } from "preact";
import { afterEach, describe, expect, test, vi } from "vitest";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function answer(status: number, body: unknown): Response {
  return new Response(status === 204 ? null : JSON.stringify(body), { status });
}

describe("requests", () => {
  test("the token goes with changes only", async () => {
    const sent = vi.fn(async (_url: string, _init: RequestInit) => answer(200, {}));
    vi.stubGlobal("fetch", sent);
    setCsrfToken("secret");
    await api.get("/queues");
    await api.post("/tickets/1/claim");
    const [read, write] = sent.mock.calls.map((call) => new Headers(call[1]?.headers).get("x-csrf-token"));
    expect(read).toBeNull();
    expect(write).toBe("secret");
  });

  test("a token that another tab replaced is fetched, and the change repeated once", async () => {
    const replies = [
      answer(403, { code: "csrf" }),
      answer(200, { csrf_token: "new" }),
      answer(200, { done: true }),
    ];
    const sent = vi.fn(async () => replies.shift() as Response);
    vi.stubGlobal("fetch", sent);
    expect(await api.post("/tickets/1/claim")).toEqual({ done: true });
    expect(sent).toHaveBeenCalledTimes(3);
  });

  test("no answer at all is told as such", async () => {
    vi.stubGlobal(
      "fetch",
      vi.fn(async () => {
        throw new TypeError("failed");
      }),
    );
    const error = await api.get("/queues").catch((problem: unknown) => problem);
    expect(errorText(error)).toMatch(/^No connection/);
  });

  test("pages are read until there are no more, and not for ever", async () => {
    const load = vi.fn(async (cursor: string | null) => ({
      items: [cursor ?? "0"],
      next_cursor: cursor === "2" ? null : String(Number(cursor ?? 0) + 1),
    }));
    expect(await allPages(load, 10)).toEqual(["0", "1", "2"]);
    expect(await allPages(load, 2)).toEqual(["0", "1"]);
  });
});

describe("addresses", () => {
  test("what is written is read", () => {
    const hash = href(["t", "a b/c"], { view: "mine", q: "ção & #1", level: "" });
    expect(parseRoute(hash)).toEqual({ path: ["t", "a b/c"], query: { view: "mine", q: "ção & #1" } });
  });

  test("no address is the start", () => {
    expect(parseRoute("")).toEqual({ path: [], query: {} });
    expect(href([])).toBe("#/");
  });
});

describe("live hints", () => {
  test("a burst becomes one read, and one more for what came meanwhile", async () => {
    vi.useFakeTimers();
    let finish: () => void = () => undefined;
    const work = vi.fn(() => new Promise<void>((resolve) => (finish = resolve)));
    const hint = coalesce(work);
    hint();
    hint();
    hint();
    await vi.advanceTimersByTimeAsync(100);
    expect(work).toHaveBeenCalledTimes(1);
    hint();
    hint();
    await vi.advanceTimersByTimeAsync(1000);
    expect(work).toHaveBeenCalledTimes(1);
    finish();
    await vi.advanceTimersByTimeAsync(100);
    expect(work).toHaveBeenCalledTimes(2);
  });

  test("retries wait longer each time, with a limit, and not all at once", () => {
    expect([0, 1, 2].map((attempt) => retryDelay(attempt, () => 0))).toEqual([1000, 2000, 4000]);
    expect(retryDelay(50, () => 0)).toBe(30_000);
    expect(retryDelay(0, () => 1)).toBe(750);
  });
});

describe("times", () => {
  test.each([
    [0, "0:00"],
    [67, "1:07"],
    [3599, "59:59"],
    [3600, "1 h"],
    [4320, "1 h 12 min"],
    [90_000, "1 d 1 h"],
    [-5, "0:00"],
  ])("%d seconds: %s", (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });

  test("ago", () => {
    const at = Date.parse("2026-03-02T12:00:00Z");
    expect(ago("2026-03-02T11:59:30Z", at)).toBe("just now");
    expect(ago("2026-03-02T11:55:00Z", at)).toBe("5 min. ago");
    expect(ago("2026-02-01T12:00:00Z", at)).toContain("2026");
  });

  test("days change at local midnight", () => {
    expect(dayNumber(new Date(2026, 2, 2, 23, 59)) + 1).toBe(dayNumber(new Date(2026, 2, 3, 0, 1)));
  });

  test("names without words of their own", () => {
    expect(humanize("action_tell_order_status")).toBe("Tell order status");
    expect(initials("João Pedro Nascimento")).toBe("JN");
    expect(initials("")).toBe("?");
  });
});

test("HTML of an answer is read into harmless elements", () => {
  const root = document.createElement("div");
  const html =
    '<p class="x" onclick="a()">one <strong>two</strong><script>bad()</script></p><style>p { color: red }</style>' +
    '<a href="https://example.com/">ok</a><a href="java\nscript:bad()">bad</a><img src="x" onerror="bad()">';
  render(<SafeHtml html={html} />, root);
  expect(root.querySelector(".prose")?.innerHTML).toBe(
    '<p>one <strong>two</strong></p><a href="https://example.com/" target="_blank" rel="noopener noreferrer">ok</a>bad',
  );
});

describe("shortcuts", () => {
  function press(key: string, target: EventTarget = document.body, more: KeyboardEventInit = {}): void {
    target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
  }

  test("they rest while somebody types and leave the browser's own alone", () => {
    const act = vi.fn();
    const stop = startShortcuts(() => ({ n: act }));
    const field = document.body.appendChild(document.createElement("textarea"));
    press("n", field);
    press("n", document.body, { ctrlKey: true });
    expect(act).not.toHaveBeenCalled();
    press("n");
    expect(act).toHaveBeenCalledTimes(1);
    stop();
    press("n");
    expect(act).toHaveBeenCalledTimes(1);
    field.remove();
  });
});
