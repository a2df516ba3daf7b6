/** The countdown beside a ticket, and how lengths of working time and shares are written. */
import { now } from "@staff/format";
import type { TicketSummary } from "@staff/types";
import { render } from "preact";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DueBadge } from "../../handoff/console/app/service-level";
import { readFilters, toApiQuery, writeFilters } from "../../handoff/console/app/views";
import { decimalPercent, length, refusal } from "../../handoff/service_level/admin/words";

const READ_AT = Date.parse("2026-11-18T12:00:00Z");

describe("the countdown", () => {
  let root: HTMLElement;
  beforeEach(() => {
    root = document.createElement("div");
    document.body.append(root);
    now.value = READ_AT;
  });
  afterEach(() => {
    render(null, root);
    root.remove();
  });

  function shown(due: TicketSummary["due"], secondsLater = 0): HTMLElement | null {
    now.value = READ_AT + secondsLater * 1000;
    render(<DueBadge ticket={{ due } as TicketSummary} readAt={READ_AT} />, root);
    return root.querySelector(".badge");
  }

  const running = { metric: "first_response", state: "running", at: null, seconds: 600, warn_seconds: 480 };

  test("counts on from the server's own seconds", () => {
    expect(shown(running)?.textContent).toContain("10:00");
    expect(shown(running, 60)?.textContent).toContain("9:00");
  });

  test("says in colour and words that time runs out", () => {
    expect(shown(running)?.className).toContain("tone-neutral");
    expect(shown(running, 480)?.className).toContain("tone-warning");
    const overdue = shown(running, 660);
    expect(overdue?.className).toContain("tone-danger");
    expect(overdue?.textContent).toContain("Overdue 1:00");
  });

  test("stands still while the ticket waits, and is not there when nothing is promised", () => {
    const paused = { ...running, state: "paused", seconds: null, warn_seconds: null };
    expect(shown(paused)?.textContent).toContain("Paused");
    expect(shown(null)).toBeNull();
    expect(shown(undefined)).toBeNull();
  });
});

test("lengths of working time know no days", () => {
  expect(length(45 * 60)).toBe("45 min");
  expect(length(40 * 3600)).toBe("40 h");
  expect(length(5_400)).toBe("1 h 30 min");
  expect(length(-60)).toBe("−1 min");
});

test("of nothing there is no percentage", () => {
  expect(decimalPercent(null)).toBe("No data");
  expect(decimalPercent(66.7)).toBe("66.7%");
});

test("a refusal without words of ours comes in the server's", () => {
  expect(refusal("target_too_short", "x")).toContain("at least 1 minute");
  expect(refusal("brand_new", "Do this instead.")).toBe("Do this instead.");
});

test("the order of the list is kept in the address", () => {
  const filters = readFilters({ view: "open", sort: "due" });
  expect(toApiQuery(filters, 50)).toMatchObject({ sort: "due" });
  expect(writeFilters(filters)).toEqual({ view: "open", sort: "due" });
  expect(toApiQuery(readFilters({ sort: "moon" }), 50)).not.toHaveProperty("sort");
});
