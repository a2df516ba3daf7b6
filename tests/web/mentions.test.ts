/** Names completed behind an @, and what is left of the text then. */
import type { Agent } from "@staff/types";
import { describe, expect, it } from "vitest";
import { fitting, nameBefore, withName } from "../../handoff/console/app/mentions";

const people: Agent[] = [
  { id: "1", name: "Ana Souza", level: "N2", role: "agent" },
  { id: "2", name: "Júlia Anjos", level: "N3", role: "agent" },
  { id: "3", name: "Bruno Lima", level: "N2", role: "agent" },
];

describe("mentions", () => {
  it.each([
    ["@", 1, ""],
    ["please @an", 10, "an"],
    ["(@Ana So", 8, "Ana So"],
    ["@Ana Souza now", 14, null],
    ["ana@example.com", 15, null],
    ["@ana later", 4, "ana"],
    ["no name", 7, null],
  ])("in %j at %d stands %j", (text, caret, typed) => {
    expect(nameBefore(text, caret)).toBe(typed);
  });

  it("puts the whole name and goes on behind it", () => {
    expect(withName("ask @an please", 7, "Ana Souza")).toEqual({ text: "ask @Ana Souza please", caret: 15 });
    expect(withName("@", 1, "Ana Souza")).toEqual({ text: "@Ana Souza ", caret: 11 });
  });

  it("finds people by any of their names, without accents, but not oneself", () => {
    expect(fitting("an", people, "9").map((one) => one.id)).toEqual(["1", "2"]);
    expect(fitting("julia", people, "9").map((one) => one.id)).toEqual(["2"]);
    expect(fitting("an", people, "1").map((one) => one.id)).toEqual(["2"]);
    expect(fitting("zoe", people, "9")).toEqual([]);
  });
});
