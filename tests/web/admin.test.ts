/** The rules behind the admin pages: the list, differences, the toolbar, and a draft that saves itself. */
import { ApiError } from "@staff/api";
import type { Article, ArticleSummary } from "@staff/types";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  Autosave,
  type AutosaveOptions,
  changes,
  type SaveState,
  toDraft,
} from "../../knowledge_base/admin/app/autosave";
import { groupArticles, type Narrowing, narrowGroups } from "../../knowledge_base/admin/app/catalogue";
import { asLines, branchOf, categoryName, categoryOptions } from "../../knowledge_base/admin/app/categories";
import { diffLines, foldSame } from "../../knowledge_base/admin/app/diff";
import { applyTool } from "../../knowledge_base/admin/app/markdown-edit";

function summary(key: string, locale: string, more: Partial<ArticleSummary> = {}): ArticleSummary {
  return {
    id: `${key}-${locale}`,
    key,
    locale,
    title: `${key} ${locale}`,
    category: null,
    tags: [],
    state: "published",
    stage: null,
    publish_at: null,
    audience: "public",
    owner: null,
    review_by: null,
    outdated: false,
    has_draft: false,
    revision: 1,
    updated_at: "2026-03-01T00:00:00Z",
    updated_by: null,
    ...more,
  };
}

const EVERYTHING: Narrowing = { locale: "", state: "", category: "", q: "" };

describe("article list", () => {
  const groups = groupArticles(
    [
      summary("returns", "pt-BR", { title: "Devoluções" }),
      summary("returns", "en", { title: "Returns", has_draft: true, tags: ["money"] }),
      summary("gift", "es", { state: "draft", category: "Extras" }),
      summary("old", "en", { state: "archived" }),
    ],
    "en",
  );
  const keys = (narrow: Partial<Narrowing>, found: string[] | null = null) =>
    narrowGroups(groups, { ...EVERYTHING, ...narrow }, found && new Set(found)).map((group) => group.key);

  test("one line per key, titled in the reader's language", () => {
    expect(groups.map((group) => group.title)).toEqual(["gift es", "old en", "Returns"]);
  });

  test("missing languages, but not of what is archived", () => {
    expect(groups.map((group) => group.missing)).toEqual([["pt-BR", "en"], [], ["es"]]);
  });

  test.each([
    [{ state: "changes" }, ["returns"]],
    [{ state: "draft" }, ["gift"]],
    [{ state: "archived" }, ["old"]],
    [{ state: "missing" }, ["gift", "returns"]],
    [{ state: "missing", locale: "es" }, ["returns"]],
    [{ locale: "pt-BR" }, ["returns"]],
    [{ category: "Extras" }, ["gift"]],
    [{ q: "devolu" }, ["returns"]],
    [{ q: "MONEY" }, ["returns"]],
  ] as [Partial<Narrowing>, string[]][])("narrowed by %o", (narrow, expected) => {
    expect(keys(narrow)).toEqual(expected);
  });

  test("the server's search finds what only the answer says", () => {
    expect(keys({ q: "thirty days" })).toEqual([]);
    expect(keys({ q: "thirty days" }, ["returns-en"])).toEqual(["returns"]);
  });
});

describe("difference", () => {
  const signs = (before: string, after: string) =>
    diffLines(before, after).map((line) => ({ same: " ", added: "+", removed: "-" })[line.kind] + line.text);

  test("keeps the longest common part", () => {
    expect(signs("a\nb\nc\nd", "a\nc\nx\nd")).toEqual([" a", "-b", " c", "+x", " d"]);
  });

  test("from nothing and to nothing", () => {
    expect(signs("", "a\nb")).toEqual(["+a", "+b"]);
    expect(signs("a", "")).toEqual(["-a"]);
    expect(signs("", "")).toEqual([]);
  });

  test("applied, it gives both texts back", () => {
    const before = "one\ntwo\n\nthree\nfour\nfive";
    const after = "zero\ntwo\nthree\n\nfour\n5\nsix";
    const lines = diffLines(before, after);
    const without = (kind: string) =>
      lines
        .filter((line) => line.kind !== kind)
        .map((line) => line.text)
        .join("\n");
    expect(without("added")).toBe(before);
    expect(without("removed")).toBe(after);
  });

  test("long unchanged runs become a gap", () => {
    const before = Array.from({ length: 20 }, (_, index) => `line ${index}`).join("\n");
    const folded = foldSame(diffLines(before, before.replace("line 10", "other")));
    expect(folded.map((line) => (line.kind === "gap" ? line.count : line.kind))).toEqual([
      8,
      "same",
      "same",
      "removed",
      "added",
      "same",
      "same",
      7,
    ]);
  });
});

describe("toolbar", () => {
  test("bold is put on and taken off", () => {
    const on = applyTool("bold", { text: "a word b", start: 2, end: 6 });
    expect(on).toEqual({ text: "a **word** b", start: 4, end: 8 });
    expect(applyTool("bold", on)).toEqual({ text: "a word b", start: 2, end: 6 });
  });

  test("lists take whole lines and change kind", () => {
    const list = applyTool("list", { text: "x\none\ntwo", start: 3, end: 7 });
    expect(list.text).toBe("x\n- one\n- two");
    const numbers = applyTool("numbers", list);
    expect(numbers.text).toBe("x\n1. one\n2. two");
    expect(applyTool("numbers", numbers).text).toBe("x\none\ntwo");
  });

  test("a link leaves the address selected", () => {
    const link = applyTool("link", { text: "see here", start: 4, end: 8 });
    expect(link.text).toBe("see [here](https://)");
    expect(link.text.slice(link.start, link.end)).toBe("https://");
  });
});

describe("the tree of categories", () => {
  const category = (key: string, parent: string | null, position: number, names = {}) => ({
    key,
    parent,
    position,
    names,
    version: 1,
    articles: 0,
  });
  const all = [
    category("pay-ment", null, 1),
    category("orders", null, 0, { en: "Orders", es: "Pedidos" }),
    category("late", "orders", 0),
    category("lost", "gone", 0),
  ];

  test("each below its parent, siblings in their order, orphans at the top", () => {
    expect(asLines(all).map((line) => [line.category.key, line.depth])).toEqual([
      ["lost", 0],
      ["orders", 0],
      ["late", 1],
      ["pay-ment", 0],
    ]);
    expect([...branchOf(all, "orders")]).toEqual(["orders", "late"]);
  });

  test("names in the reader's language, another one, or the key made readable", () => {
    expect(categoryName("orders", all, "es")).toBe("Pedidos");
    expect(categoryName("orders", all, "pt-BR")).toBe("Orders");
    expect(categoryName("pay-ment", all, "en")).toBe("Pay ment");
    expect(categoryOptions(all, "en", ["loose"]).at(-1)).toEqual({ value: "loose", label: "Loose" });
  });
});

describe("autosave", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  const article = {
    version: 1,
    title: "Title",
    phrasings: [],
    answer: "old",
    short_answer: "",
    links: [],
    flows: [],
    related: [],
    category: null,
    tags: [],
    audience: "public",
    owner: null,
    review_by: null,
  } as unknown as Article;

  function next(replies: (() => Promise<Article>)[]): Promise<Article> {
    return replies.shift()?.() ?? Promise.reject(new Error("asked once too often"));
  }

  function setUp(save: AutosaveOptions["save"]) {
    const states: SaveState["kind"][] = [];
    const bodies: unknown[] = [];
    const autosave = new Autosave({
      article,
      save: (body) => {
        bodies.push(body);
        return save(body);
      },
      onState: (state) => states.push(state.kind),
      onSaved: () => undefined,
    });
    const write = (answer: string) => autosave.change({ ...toDraft(article), answer });
    return { autosave, states, bodies, write };
  }

  test("a link with half of it still to be typed stays here", async () => {
    const { autosave, bodies } = setUp(async () => ({ ...article, version: 2 }));
    const draft = toDraft(article);
    autosave.change({ ...draft, links: [{ label: "Terms", url: "https://" }] });
    await vi.advanceTimersByTimeAsync(2000);
    expect(bodies).toEqual([]);
    autosave.change({ ...draft, links: [{ label: "Terms", url: "https://a.example" }] });
    await vi.advanceTimersByTimeAsync(2000);
    expect(bodies).toEqual([{ version: 1, links: [{ label: "Terms", url: "https://a.example" }] }]);
  });

  test("nobody, no day and no category are null for the server", () => {
    const draft = { ...toDraft(article), owner: "u1", review_by: "2027-01-01", category: "c" };
    expect(changes(draft, toDraft(article))).toEqual({ owner: null, review_by: null, category: null });
  });

  test("waits for a pause and sends what changed", async () => {
    const { bodies, states, write } = setUp(async () => ({ ...article, version: 2 }));
    write("n");
    await vi.advanceTimersByTimeAsync(500);
    write("new");
    await vi.advanceTimersByTimeAsync(1000);
    expect(bodies).toEqual([{ version: 1, answer: "new" }]);
    expect(states).toEqual(["waiting", "waiting", "saving", "saved"]);
  });

  test("what is typed while saving follows, from the new version", async () => {
    let answer: (article: Article) => void = () => undefined;
    const { bodies, write } = setUp(() => new Promise((resolve) => (answer = resolve)));
    write("one");
    await vi.advanceTimersByTimeAsync(1000);
    write("two");
    await vi.advanceTimersByTimeAsync(5000);
    expect(bodies).toHaveLength(1);
    answer({ ...article, version: 2 });
    await vi.advanceTimersByTimeAsync(1000);
    expect(bodies).toEqual([
      { version: 1, answer: "one" },
      { version: 2, answer: "two" },
    ]);
  });

  test("taking a change back saves nothing", async () => {
    const { bodies, write } = setUp(async () => article);
    write("new");
    write("old");
    await vi.advanceTimersByTimeAsync(5000);
    expect(bodies).toEqual([]);
  });

  test("an empty title is never sent", async () => {
    const { autosave, bodies, states } = setUp(async () => article);
    autosave.change({ ...toDraft(article), title: " " });
    expect(await autosave.flush()).toBe(false);
    expect(bodies).toEqual([]);
    expect(states.at(-1)).toBe("invalid");
  });

  test("a conflict stops it until one text is chosen", async () => {
    const theirs = { ...article, version: 5, answer: "theirs" };
    const replies = [
      () => Promise.reject(new ApiError({ status: 409, code: "stale", current: theirs })),
      () => Promise.resolve({ ...theirs, version: 6 }),
    ];
    const { autosave, bodies, states, write } = setUp(() => next(replies));
    write("mine");
    await vi.advanceTimersByTimeAsync(1000);
    expect(states.at(-1)).toBe("conflict");
    write("mine, more");
    await vi.advanceTimersByTimeAsync(5000);
    expect(bodies).toHaveLength(1);
    await autosave.resolve(theirs, { ...toDraft(article), answer: "mine, more" });
    expect(bodies.at(-1)).toEqual({ version: 5, answer: "mine, more" });
    expect(states.at(-1)).toBe("saved");
  });

  test("a failure keeps the text for the next try", async () => {
    const replies = [
      () => Promise.reject(new ApiError({ status: 503, code: "x" })),
      () => Promise.resolve(article),
    ];
    const { autosave, states, write } = setUp(() => next(replies));
    write("new");
    await vi.advanceTimersByTimeAsync(1000);
    expect(states.at(-1)).toBe("failed");
    expect(await autosave.flush()).toBe(true);
  });

  test("an emptied category is null for the server", () => {
    const from = { ...toDraft(article), category: "A" };
    expect(changes(from, { ...from, category: "" })).toEqual({ category: null });
  });
});
