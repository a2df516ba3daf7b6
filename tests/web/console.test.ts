/** The rules behind the console: what is listed, who waits too long, how a transcript is put together. */
import { levelLabel, levels } from "@staff/levels";
import type { StaffMessage, TicketEvent, TicketSummary } from "@staff/types";
import { describe, expect, test } from "vitest";
import { loadDraft, saveDraft } from "../../handoff/console/app/drafts";
import { mayAct } from "../../handoff/console/app/rules";
import {
  type Entry,
  mergeMessages,
  type PendingReply,
  readAfter,
  stillPending,
  timeline,
} from "../../handoff/console/app/timeline";
import { belongs, readFilters, toApiQuery, writeFilters } from "../../handoff/console/app/views";
import { snoozeUntil, toLocalInput, waited, waitTone } from "../../handoff/console/app/waiting";

function message(seq: number, more: Partial<StaffMessage> = {}): StaffMessage {
  const minute = String(seq).padStart(2, "0");
  return {
    id: `m${seq}`,
    seq,
    author: "customer",
    text: `text ${seq}`,
    created_at: `2026-03-02T12:${minute}:00Z`,
    ...more,
  };
}

function event(kind: string, at: string, more: Partial<TicketEvent> = {}): TicketEvent {
  return { id: kind, at, kind, actor: null, from: null, to: null, reason: null, text: null, ...more };
}

function reply(text: string, more: Partial<PendingReply> = {}): PendingReply {
  return {
    clientId: text,
    text,
    at: "2026-03-02T13:00:00Z",
    state: "sending",
    afterSeq: 1,
    problem: null,
    ...more,
  };
}

function ticket(more: Partial<TicketSummary>): TicketSummary {
  return { state: "queued", waiting_seconds: 60, unread: true, ...more } as TicketSummary;
}

const kinds = (entries: Entry[]) => entries.map((entry) => entry.kind);

describe("filters", () => {
  test("the address holds only what is not the default", () => {
    const filters = readFilters({ queue: "orders", level: "N2" });
    expect(filters.view).toBe("open");
    expect(writeFilters(filters)).toEqual({ queue: "orders", level: "N2" });
    expect(writeFilters(readFilters({}))).toEqual({});
    expect(writeFilters(readFilters({ view: "mine", q: "ana" }))).toEqual({ view: "mine", q: "ana" });
  });

  test("a view's scope gives way to a chosen filter", () => {
    expect(toApiQuery(readFilters({}), 50)).toMatchObject({ state: "queued", assignee: "" });
    expect(toApiQuery(readFilters({ view: "mine" }), 50)).toMatchObject({ state: "open", assignee: "me" });
    const chosen = readFilters({ view: "mine", state: "snoozed", assignee: "none" });
    expect(toApiQuery(chosen, 50)).toMatchObject({ state: "snoozed", assignee: "none" });
  });

  test("an unknown view is the queue", () => {
    expect(readFilters({ view: "../x" }).view).toBe("queue");
  });

  test("on hold keeps what waits for somebody else", () => {
    const onHold = readFilters({ view: "waiting" });
    expect(belongs(ticket({ state: "claimed" }), onHold)).toBe(false);
    expect(belongs(ticket({ state: "waiting_third_party" }), onHold)).toBe(true);
  });
});

describe("waiting", () => {
  test.each([
    ["urgent", 119, "neutral"],
    ["urgent", 120, "warning"],
    ["urgent", 300, "danger"],
    ["normal", 300, "neutral"],
    ["low", 7200, "danger"],
  ] as const)("%s after %d seconds: %s", (priority, seconds, tone) => {
    expect(waitTone(priority, seconds)).toBe(tone);
  });

  test("in the queue the server's count goes on, whatever this computer's clock says", () => {
    expect(waited(ticket({}), 1_000, 31_000)).toBe(90);
    expect(waited(ticket({}), 31_000, 1_000)).toBe(60);
  });

  test("with an agent too, as long as somebody waits", () => {
    expect(waited(ticket({ state: "claimed" }), 0, 30_000)).toBe(90);
    expect(waited(ticket({ state: "claimed", waiting_seconds: 0 }), 0, 30_000)).toBeNull();
    expect(waited(ticket({ state: "resolved" }), 0, 30_000)).toBeNull();
  });

  test("Monday is never today", () => {
    const monday = new Date(2026, 2, 2, 15, 30);
    expect(toLocalInput(snoozeUntil("monday", monday))).toBe("2026-03-09T09:00");
    expect(toLocalInput(snoozeUntil("monday", new Date(2026, 2, 1, 15, 30)))).toBe("2026-03-02T09:00");
    expect(toLocalInput(snoozeUntil("tomorrow", monday))).toBe("2026-03-03T09:00");
    expect(toLocalInput(snoozeUntil("hour", monday))).toBe("2026-03-02T16:30");
  });
});

describe("transcript", () => {
  test("a message read again takes its old place", () => {
    const known = [message(1), message(2, { delivery: "pending" }), message(3)];
    expect(readAfter(known)).toBe(1);
    const merged = mergeMessages(known, [message(2, { delivery: "sent" }), message(4)]);
    expect(merged.map((one) => one.seq)).toEqual([1, 2, 3, 4]);
    expect(merged[1]?.delivery).toBe("sent");
    expect(readAfter(merged)).toBe(4);
    expect(readAfter([])).toBe(0);
  });

  test("what was said just before one's own reply is still read", () => {
    const known = mergeMessages([message(1), message(2)], [message(4, { author: "agent" })]);
    expect(readAfter(known)).toBe(2);
  });

  test("a reply whose message has arrived is no longer on its way", () => {
    const arrived = message(2, { author: "agent", text: "hello " });
    expect(stillPending([reply("hello")], [message(1), arrived])).toEqual([]);
  });

  test("one arrived message answers for one of two equal replies", () => {
    const two = [reply("ok", { clientId: "a" }), reply("ok", { clientId: "b" })];
    const left = stillPending(two, [message(2, { author: "agent", text: "ok" })]);
    expect(left.map((one) => one.clientId)).toEqual(["b"]);
  });

  test("what an agent wrote before does not count, nor what the customer says", () => {
    const before = message(1, { author: "agent", text: "hello" });
    const parrot = message(2, { text: "hello" });
    expect(stillPending([reply("hello")], [before, parrot])).toHaveLength(1);
  });

  test("messages, notes and events in order, replies on their way last", () => {
    const entries = timeline(
      [message(1), message(5, { author: "bot" })],
      [
        event("note", "2026-03-02T12:03:00Z", { text: "VIP", actor: { id: "a", name: "Ana" } }),
        event("claimed", "2026-03-02T12:04:00Z"),
        event("opened", "2026-03-02T12:02:00Z"),
      ],
      [reply("on its way", { at: "2026-03-02T12:00:30Z" })],
    );
    expect(kinds(entries)).toEqual(["day", "message", "note", "event", "message", "pending"]);
  });

  test("a note that comes as message and as event is shown once", () => {
    const entries = timeline(
      [message(1, { internal: true, text: "VIP" })],
      [event("note", "2026-03-02T12:01:02Z", { text: "VIP" })],
      [],
    );
    expect(kinds(entries)).toEqual(["day", "note"]);
  });

  test("each day has its line, and messages of one author stand together", () => {
    const entries = timeline(
      [
        message(1),
        message(2),
        message(3, { author: "bot" }),
        message(4, { created_at: "2026-03-05T12:00:00Z", author: "bot" }),
      ],
      [],
      [],
    );
    expect(kinds(entries)).toEqual(["day", "message", "message", "message", "day", "message"]);
    expect(entries.flatMap((entry) => (entry.kind === "message" ? [entry.first] : []))).toEqual([
      true,
      false,
      true,
      true,
    ]);
  });
});

describe("what is offered", () => {
  const agent = { id: "ana", level: "N2", permissions: ["tickets.read", "tickets.work"] };
  const supervisor = { ...agent, permissions: [...agent.permissions, "tickets.supervise"] };
  const auditor = { ...agent, permissions: ["tickets.read"] };
  const ana = { id: "ana", name: "Ana" };
  const bruno = { id: "bruno", name: "Bruno" };
  const acts = (me: typeof agent, more: Partial<TicketSummary>) =>
    (["claim", "reply", "pass", "return", "resolve", "reopen", "wait", "note"] as const).filter((act) =>
      mayAct(act, { state: "queued", level: "N2", assignee: null, ...more }, me),
    );

  test.each([
    ["waiting in the own level", agent, {}, ["claim", "pass", "resolve", "note"]],
    ["waiting above the own level", agent, { level: "N3" }, ["note"]],
    ["the own one", agent, { state: "claimed", assignee: ana }, ["reply", "pass", "resolve", "wait", "note"]],
    ["a colleague's", agent, { state: "claimed", assignee: bruno }, ["note"]],
    [
      "a colleague's, for a supervisor",
      supervisor,
      { state: "snoozed", level: "N3", assignee: bruno },
      ["pass", "return", "resolve", "wait", "note"],
    ],
    ["resolved", agent, { state: "resolved", assignee: ana }, ["reopen", "note"]],
    ["closed", supervisor, { state: "closed", assignee: ana }, []],
    ["for who only reads", auditor, { assignee: null }, []],
  ] as [string, typeof agent, Partial<TicketSummary>, string[]][])("%s", (_name, me, more, expected) => {
    expect(acts(me, more)).toEqual(expected);
  });

  test("tickets are returned down to the first level with people", () => {
    const shipped = levels.value;
    const mine = { state: "claimed", assignee: ana } as const;
    expect(acts(agent, mine)).not.toContain("return");
    levels.value = shipped.map((level) => ({ ...level, staffed: true }));
    expect(acts(agent, mine)).toContain("return");
    expect(acts({ ...agent, level: "N1" }, { ...mine, level: "N1" })).not.toContain("return");
    levels.value = shipped.map((level) => (level.key === "N2" ? { ...level, name: "Specialists" } : level));
    expect(levelLabel("N2")).toBe("N2 · Specialists");
    expect(levelLabel("N3")).toBe("N3");
    levels.value = shipped;
  });
});

test("drafts are kept per ticket and kind, and an empty one is forgotten", () => {
  saveDraft("t1", "reply", "half a sentence");
  saveDraft("t1", "note", "a thought");
  expect(loadDraft("t1", "reply")).toBe("half a sentence");
  expect(loadDraft("t2", "reply")).toBe("");
  saveDraft("t1", "reply", "  ");
  expect(loadDraft("t1", "reply")).toBe("");
  expect(loadDraft("t1", "note")).toBe("a thought");
});
