import { render } from "preact";
import { describe, expect, test } from "vitest";
import { Markdown, safeHref } from "../../bot/web/shared/markdown";

const BASE = "https://support.example.com/";

function html(text: string): string {
  const root = document.createElement("div");
  render(<Markdown text={text} base={BASE} />, root);
  return root.innerHTML;
}

describe("what is understood", () => {
  test.each([
    ["one\ntwo\n\nthree", "<p>one<br>two</p><p>three</p>"],
    ["**bold** and *soft* and _soft_", "<p><strong>bold</strong> and <em>soft</em> and <em>soft</em></p>"],
    ["**bold *and* soft**", "<p><strong>bold <em>and</em> soft</strong></p>"],
    ["`a * b`", "<p><code>a * b</code></p>"],
    ["- one\n- two", "<ul><li>one</li><li>two</li></ul>"],
    ["Steps:\n1. one\n2. two\n\nDone", '<p>Steps:</p><ol start="1"><li>one</li><li>two</li></ol><p>Done</p>'],
    ["- one\n  more\nafter", "<ul><li>one<br>more</li></ul><p>after</p>"],
    ["## Title ##\ntext", "<p><strong>Title</strong></p><p>text</p>"],
    ["```\n<b>*x*\n```", "<pre><code>&lt;b&gt;*x*</code></pre>"],
  ])("%j", (text, expected) => {
    expect(html(text)).toBe(expected);
  });

  test("links: written out, bare, to mail and to the same server", () => {
    expect(html("[shop](https://shop.example.com/a)")).toContain(
      'href="https://shop.example.com/a" target="_blank"',
    );
    expect(html("see https://shop.example.com/a, now")).toContain(">https://shop.example.com/a</a>, now");
    expect(html("[write](mailto:a@example.com)")).toContain('href="mailto:a@example.com"');
    expect(html("[mail](/demo/mail)")).toContain(`href="${BASE}demo/mail"`);
  });
});

describe("what stays as it was written", () => {
  test.each([
    "2 * 3 * 4",
    "order_number and other_number",
    "**open",
    "[label](",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](data:text/html,<script>)",
    "[x](//evil.example.com)",
  ])("%s", (text) => {
    const root = document.createElement("div");
    render(<Markdown text={text} base={BASE} />, root);
    expect(root.textContent).toBe(text);
    expect(root.querySelector("a, img, script, strong, em")).toBeNull();
  });
});

test("escapes", () => {
  expect(html("\\*not soft\\*")).toBe("<p>*not soft*</p>");
});

test.each([
  ["java\nscript:alert(1)", null],
  [" javascript:alert(1)", null],
  ["\u0001javascript:alert(1)", null],
  ["vbscript:x", null],
  ["/\\evil.example.com", null],
  ["", null],
  ["help", `${BASE}help`],
])("address %j", (target, expected) => {
  expect(safeHref(target, BASE)).toBe(expected);
});

test("hostile input of full length takes no time", () => {
  const started = performance.now();
  for (const piece of ["*", "_", "[", "`", "**a", "[a](", "- ", "https://a"]) {
    html(piece.repeat(2000 / piece.length));
  }
  expect(performance.now() - started).toBeLessThan(2000);
});
