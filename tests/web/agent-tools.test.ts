/** The rules of the agents' tools that need no page: canned replies found and filled in. */
import { describe, expect, test } from "vitest";
import { filled, matching, typedShortcut, wordingFor } from "../../handoff/console/app/canned";

const reply = (shortcut: string, title: string, texts: Record<string, string>) => ({
  id: shortcut,
  shortcut,
  title,
  texts,
  shared: true,
  editable: false,
  version: 1,
});
const REPLIES = [
  reply("devolver", "Como devolver", { "pt-BR": "Olá {customer}" }),
  reply("hello", "Greeting", { en: "Hello", "pt-BR": "Olá" }),
  reply("hold", "Espera", { en: "Please hold the line" }),
];

describe("canned replies", () => {
  test("a shortcut is what follows a slash at the beginning of a word", () => {
    expect(typedShortcut("/he", 3)).toEqual({ query: "he", start: 0 });
    expect(typedShortcut("Hi /", 4)).toEqual({ query: "", start: 3 });
    expect(typedShortcut("Hi /he you", 6)).toEqual({ query: "he", start: 3 });
    for (const text of ["and/or", "https://x", "/he now", "he"]) {
      expect(typedShortcut(text, text.length)).toBeNull();
    }
  });

  test("shortcuts come first, then titles, then texts; accents do not matter", () => {
    expect(matching(REPLIES, "h").map((one) => one.shortcut)).toEqual(["hello", "hold"]);
    expect(matching(REPLIES, "ESPERÁ").map((one) => one.shortcut)).toEqual(["hold"]);
    expect(matching(REPLIES, "ola").map((one) => one.shortcut)).toEqual(["devolver", "hello"]);
    expect(matching(REPLIES, "nothing")).toEqual([]);
  });

  test("another language is named", () => {
    expect(wordingFor(REPLIES[1] as (typeof REPLIES)[0], "pt-BR")).toEqual({ text: "Olá", fallback: null });
    expect(wordingFor(REPLIES[2] as (typeof REPLIES)[0], "es")).toEqual({
      text: "Please hold the line",
      fallback: "en",
    });
  });

  test("variables without a value leave no gap, unknown ones stay", () => {
    const values = { customer: "", agent: "Ana", number: "FL-1" };
    expect(filled("Hello {customer}, {agent} here ({number}).", values)).toBe("Hello, Ana here (FL-1).");
    expect(filled("{agent}{x}", values)).toBe("Ana{x}");
    expect(filled("One\n\nTwo", values)).toBe("One\n\nTwo");
  });
});
