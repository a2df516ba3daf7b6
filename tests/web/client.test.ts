import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ChatClient, subjectOf } from "../../bot/channels/web/widget/client";
import { Memory } from "../../bot/channels/web/widget/memory";
import { FakeServer } from "./fake_server";

const BASE = "https://support.example.com";
let server: FakeServer;
let identity: string | null;
let clients: ChatClient[];

function open(): ChatClient {
  const client = new ChatClient({
    base: BASE,
    locale: () => "en",
    identity: () => identity,
    memory: new Memory(BASE),
  });
  clients.push(client);
  client.start();
  return client;
}

function shown(client: ChatClient): string[] {
  return client.entries.value.map((entry) => `${entry.author}: ${entry.text}`);
}

const pass = (seconds: number): Promise<unknown> => vi.advanceTimersByTimeAsync(seconds * 1000);

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
  server = new FakeServer();
  server.install();
  identity = null;
  clients = [];
});

afterEach(() => {
  for (const client of clients) {
    client.stop();
  }
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("a conversation", () => {
  test("a message is shown at once and once, before and after the server has it", async () => {
    const client = open();
    await pass(1);
    client.send("hello");
    expect(shown(client)).toEqual(["customer: hello"]);
    const key = client.entries.value[0]?.key;
    await pass(1);
    expect(server.texts("customer")).toEqual(["hello"]);
    expect(client.entries.value.map((entry) => entry.draft)).toEqual([null]);
    expect(client.entries.value[0]?.key).toBe(key);
  });

  test("an echo before the acknowledgement doubles nothing", async () => {
    const client = open();
    await pass(1);
    const accept = server.accept.bind(server);
    server.accept = (body) => {
      const ack = accept(body);
      server.push({ type: "message", ...server.messages.at(-1), client_id: undefined });
      return ack;
    };
    client.send("hello");
    await pass(1);
    expect(shown(client)).toEqual(["customer: hello"]);
  });

  test("messages go out in the order they were written", async () => {
    const client = open();
    for (const text of ["one", "two", "three"]) {
      client.send(text);
    }
    await pass(1);
    expect(server.texts("customer")).toEqual(["one", "two", "three"]);
  });

  test("who answers, and who is typing", async () => {
    const client = open();
    await pass(1);
    server.push({ type: "owner", owner: "agent", agent_name: "Ana" });
    server.push({ type: "typing", author: "agent", author_name: "Ana" });
    expect(client.owner.value).toBe("agent");
    expect(client.typing.value).toEqual({ name: "Ana", isAgent: true });
    await pass(9);
    expect(client.typing.value).toBeNull();
  });

  test("a person who answers sees that the customer is writing, now and then", async () => {
    const client = open();
    await pass(1);
    client.noteTyping();
    server.push({ type: "owner", owner: "agent" });
    client.noteTyping();
    client.noteTyping();
    await pass(4);
    client.noteTyping();
    expect(server.typed).toBe(2);
  });

  test("unread counts what others said since the customer looked", async () => {
    const client = open();
    await pass(1);
    server.say("welcome");
    client.send("hi");
    await pass(1);
    expect(client.unread.value).toBe(1);
    client.markRead();
    expect(client.unread.value).toBe(0);
    expect(new Memory(BASE).readSeq).toBe(2);
  });
});

describe("when the connection fails", () => {
  test("it comes back by itself and asks only for what is new", async () => {
    const client = open();
    await pass(1);
    server.say("one");
    server.dropSockets();
    server.store("bot", "two");
    await pass(3);
    expect(shown(client)).toEqual(["bot: one", "bot: two"]);
    expect(server.hellos.map((hello) => hello.last_seq)).toEqual([0, 1]);
  });

  test("a lost acknowledgement: the same message is sent again, and stored once", async () => {
    const client = open();
    await pass(1);
    server.losesAcks = true;
    client.send("only once");
    await pass(1);
    server.losesAcks = false;
    await pass(10);
    expect(server.texts("customer")).toEqual(["only once"]);
    expect(shown(client)).toEqual(["customer: only once"]);
    expect(client.timeline.value.drafts).toEqual([]);
  });

  test("a socket that swallows everything is given up for HTTP", async () => {
    const client = open();
    await pass(1);
    server.isMute = true;
    client.send("anybody there?");
    await pass(9);
    expect(server.texts("customer")).toEqual(["anybody there?"]);
  });

  test("nothing is lost while the server is down, however long", async () => {
    const client = open();
    await pass(1);
    server.isDown = true;
    server.dropSockets();
    client.send("first");
    client.send("second");
    await pass(120);
    expect(client.link.value).toBe("offline");
    expect(shown(client)).toEqual(["customer: first", "customer: second"]);
    server.isDown = false;
    await pass(30);
    expect(client.link.value).toBe("live");
    expect(server.texts("customer")).toEqual(["first", "second"]);
  });

  test("where sockets don't get through, polling carries the conversation", async () => {
    server.hasSockets = false;
    const client = open();
    client.send("by post");
    await pass(5);
    server.store("bot", "by polling");
    await pass(5);
    expect(shown(client)).toEqual(["customer: by post", "bot: by polling"]);
    expect(client.link.value).toBe("live");
    server.hasSockets = true;
    await pass(90);
    expect(server.hellos).toHaveLength(1);
  });

  test("a push that never came is fetched", async () => {
    const client = open();
    await pass(1);
    server.store("bot", "not pushed");
    server.say("pushed");
    expect(shown(client)).toEqual(["bot: pushed"]);
    await pass(2);
    expect(shown(client)).toEqual(["bot: not pushed", "bot: pushed"]);
  });

  test("a socket that died silently is found out", async () => {
    const client = open();
    await pass(1);
    server.store("bot", "never pushed");
    await pass(100);
    expect(shown(client)).toEqual(["bot: never pushed"]);
    expect(server.hellos).toHaveLength(2);
  });
});

describe("refusals", () => {
  test("a refused message is kept, can be tried again or discarded", async () => {
    server.hasSockets = false;
    server.postStatus = 422;
    const client = open();
    client.send("no");
    await pass(3);
    const draft = client.timeline.value.drafts[0];
    expect(draft).toMatchObject({ state: "failed", failure: "refused" });
    server.postStatus = 202;
    if (draft) {
      client.retry(draft);
    }
    await pass(3);
    expect(server.texts("customer")).toEqual(["no"]);
    expect(client.timeline.value.drafts).toEqual([]);
  });

  test("a busy server is asked again with the same id", async () => {
    server.hasSockets = false;
    server.postStatus = 429;
    const client = open();
    client.send("later");
    await pass(5);
    expect(client.timeline.value.drafts[0]?.state).not.toBe("failed");
    server.postStatus = 202;
    await pass(10);
    expect(server.texts("customer")).toEqual(["later"]);
  });

  test("a session that ended is replaced, and the message goes into the new one", async () => {
    const client = open();
    await pass(1);
    server.validTokens.clear();
    server.messages = [];
    server.dropSockets();
    client.send("still here");
    await pass(10);
    expect(server.sessions).toBe(2);
    expect(server.texts("customer")).toEqual(["still here"]);
    expect(shown(client)).toEqual(["customer: still here"]);
  });
});

describe("memory", () => {
  test("a reload goes on with the session and shows its history", async () => {
    const before = open();
    before.send("hello");
    await pass(1);
    before.stop();
    const after = open();
    await pass(1);
    expect(server.sessions).toBe(1);
    expect(shown(after)).toEqual(["customer: hello"]);
  });

  test("what was not sent survives a reload, and keeps its id", async () => {
    const before = open();
    await pass(1);
    server.losesAcks = true;
    server.isDown = false;
    before.send("in flight");
    server.isDown = true;
    await pass(1);
    before.stop();
    server.isDown = false;
    server.losesAcks = false;
    const after = open();
    expect(after.hasPast).toBe(true);
    await pass(5);
    expect(server.texts("customer")).toEqual(["in flight"]);
    expect(shown(after)).toEqual(["customer: in flight"]);
    expect(new Memory(BASE).drafts()).toEqual([]);
  });

  test("works where the browser forbids storage", () => {
    const memory = new Memory(BASE, null);
    memory.session = { token: "t", conversationId: "c", subject: null };
    expect(memory.session.token).toBe("t");
  });

  test("a picked language holds until the page changes its own", () => {
    const memory = new Memory(BASE);
    memory.pickLocale("es", "pt-BR");
    expect(memory.pickedLocale("pt-BR")).toBe("es");
    expect(memory.pickedLocale("en")).toBeNull();
  });
});

describe("identity", () => {
  const token = (subject: string, issued: number): string =>
    `x.${btoa(JSON.stringify({ sub: subject, iat: issued }))}.y`;

  test("is passed on; a fresh token of the same person changes nothing", async () => {
    identity = token("ana", 1);
    const client = open();
    await pass(1);
    expect(server.identities).toEqual([identity]);
    identity = token("ana", 2);
    client.identityChanged();
    await pass(3);
    expect(server.sessions).toBe(1);
  });

  test("another person never sees the conversation of the one before", async () => {
    identity = token("ana", 1);
    const client = open();
    await pass(1);
    server.say("Ana's secret");
    identity = null;
    client.identityChanged();
    expect(shown(client)).toEqual([]);
    server.messages = [];
    await pass(5);
    expect(server.sessions).toBe(2);
    expect(shown(client)).toEqual([]);
  });

  test("a token that is none is compared as it is", () => {
    expect(subjectOf("opaque")).toBe("opaque");
    expect(subjectOf(null)).toBeNull();
  });
});
