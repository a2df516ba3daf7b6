/**
 * The small safe subset of Markdown that messages are written in: paragraphs, line breaks, lists, **bold**, *emphasis*,
 * `code`, fenced code, headings (shown as bold lines) and links. Becomes elements, never HTML text, so nothing a customer,
 * an agent or an article says can become markup. Anything not understood stays visible as it was written.
 */
import type { ComponentChildren, JSX } from "preact";

export type Inline =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "break" }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "strong" | "em"; readonly content: readonly Inline[] }
  | { readonly kind: "link"; readonly href: string; readonly content: readonly Inline[] };

export type Block =
  | { readonly kind: "paragraph" | "heading"; readonly content: readonly Inline[] }
  | { readonly kind: "list"; readonly start: number | null; readonly items: readonly (readonly Inline[])[] }
  | { readonly kind: "code"; readonly text: string };

const BULLET = /^ {0,3}[-*+•] +(.*)$/;
const NUMBER = /^ {0,3}(\d{1,9})[.)] +(.*)$/;
const HEADING = /^ {0,3}#{1,6} +(.*?)#*$/;
const FENCE = /^ {0,3}```/;

/** `base` is where relative links start; a link that leads nowhere safe is shown as plain text. */
export function parseMarkdown(text: string, base: string): Block[] {
  const blocks: Block[] = [];
  const lines = text.replace(/\r\n?/g, "\n").split("\n");
  let paragraph: string[] = [];
  const endParagraph = (): void => {
    if (paragraph.length > 0) {
      blocks.push({ kind: "paragraph", content: parseInline(paragraph.join("\n"), base) });
      paragraph = [];
    }
  };
  let index = 0;
  while (index < lines.length) {
    const line = lines[index] ?? "";
    index += 1;
    if (FENCE.test(line)) {
      endParagraph();
      const code: string[] = [];
      while (index < lines.length && !FENCE.test(lines[index] ?? "")) {
        code.push(lines[index] ?? "");
        index += 1;
      }
      index += 1;
      blocks.push({ kind: "code", text: code.join("\n") });
    } else if (line.trim() === "") {
      endParagraph();
    } else if (HEADING.test(line)) {
      endParagraph();
      blocks.push({ kind: "heading", content: parseInline(HEADING.exec(line)?.[1]?.trim() ?? "", base) });
    } else if (BULLET.test(line) || NUMBER.test(line)) {
      endParagraph();
      const first = NUMBER.exec(line);
      const pattern = first ? NUMBER : BULLET;
      const items: string[] = [];
      let current: string | undefined = line;
      while (current !== undefined && current.trim() !== "") {
        const item = pattern.exec(current);
        if (item) {
          items.push(item.at(-1) ?? "");
        } else if (/^\s/.test(current) && items.length > 0) {
          items[items.length - 1] += `\n${current.trim()}`;
        } else {
          break;
        }
        current = lines[index];
        index += 1;
      }
      index -= 1;
      const start = first ? Number(first[1]) : null;
      blocks.push({ kind: "list", start, items: items.map((item) => parseInline(item, base)) });
    } else {
      paragraph.push(line);
    }
  }
  endParagraph();
  return blocks;
}

const BARE_URL = /^https?:\/\/[^\s<>"]+/;
const MAX_DEPTH = 6;
const MAX_ADDRESS = 48;

export function parseInline(text: string, base: string, depth = 0): Inline[] {
  const parts: Inline[] = [];
  let plain = "";
  const push = (part: Inline): void => {
    if (plain) {
      parts.push({ kind: "text", text: plain });
      plain = "";
    }
    parts.push(part);
  };
  let at = 0;
  while (at < text.length) {
    const char = text.charAt(at);
    const found = depth < MAX_DEPTH ? parseAt(text, at, base, depth) : null;
    if (found) {
      push(found.part);
      at = found.end;
    } else if (char === "\\" && /[\\`*_[\]()#+\-.!]/.test(text.charAt(at + 1))) {
      plain += text.charAt(at + 1);
      at += 2;
    } else if (char === "\n") {
      plain = plain.trimEnd();
      push({ kind: "break" });
      at += 1;
    } else {
      plain += char;
      at += 1;
    }
  }
  if (plain) {
    parts.push({ kind: "text", text: plain });
  }
  return parts;
}

interface Found {
  readonly part: Inline;
  readonly end: number;
}

/** The construct that starts exactly at `at`, if one does and is closed. */
function parseAt(text: string, at: number, base: string, depth: number): Found | null {
  switch (text.charAt(at)) {
    case "`": {
      const end = text.indexOf("`", at + 1);
      return end > at + 1 ? { part: { kind: "code", text: text.slice(at + 1, end) }, end: end + 1 } : null;
    }
    case "*":
    case "_":
      return parseEmphasis(text, at, base, depth);
    case "[":
      return parseLink(text, at, base, depth);
    case "h":
      return parseBareUrl(text, at, base);
    default:
      return null;
  }
}

function parseEmphasis(text: string, at: number, base: string, depth: number): Found | null {
  const char = text.charAt(at);
  const mark = text.charAt(at + 1) === char ? char + char : char;
  const start = at + mark.length;
  // order_number and 2 * 3 are not emphasis: the mark must touch the word, and _ must not be inside one.
  if (/^\s?$/.test(text.charAt(start)) || (char === "_" && /\w/.test(text.charAt(at - 1)))) {
    return null;
  }
  let end = text.indexOf(mark, start + 1);
  while (end !== -1) {
    const touches = !/\s/.test(text.charAt(end - 1)) && text.charAt(end - 1) !== "\\";
    const closes = char === "*" || !/\w/.test(text.charAt(end + mark.length));
    const longer = mark.length === 1 && (text.charAt(end + 1) === char || text.charAt(end - 1) === char);
    if (touches && closes && !longer) {
      const content = parseInline(text.slice(start, end), base, depth + 1);
      return { part: { kind: mark.length === 2 ? "strong" : "em", content }, end: end + mark.length };
    }
    end = text.indexOf(mark, end + (longer ? 2 : 1));
  }
  return null;
}

function parseLink(text: string, at: number, base: string, depth: number): Found | null {
  const middle = text.indexOf("](", at);
  const end = middle === -1 ? -1 : text.indexOf(")", middle);
  const label = text.slice(at + 1, middle);
  if (end === -1 || label === "" || label.includes("\n") || label.includes("[")) {
    return null;
  }
  const href = safeHref(text.slice(middle + 2, end).trim(), base);
  if (href === null) {
    return null;
  }
  return { part: { kind: "link", href, content: parseInline(label, base, depth + 1) }, end: end + 1 };
}

function parseBareUrl(text: string, at: number, base: string): Found | null {
  if (/\w/.test(text.charAt(at - 1))) {
    return null;
  }
  const found = BARE_URL.exec(text.slice(at, at + 2048))?.[0].replace(/[.,;:!?)\]*_'"]+$/, "");
  const href = found ? safeHref(found, base) : null;
  if (!found || href === null) {
    return null;
  }
  return {
    part: { kind: "link", href, content: [{ kind: "text", text: shownAddress(found) }] },
    end: at + found.length,
  };
}

/** A long address is shown by its beginning; the link itself stays whole. */
function shownAddress(address: string): string {
  return address.length > MAX_ADDRESS ? `${address.slice(0, MAX_ADDRESS - 1)}…` : address;
}

/** Absolute http, https and mailto; relative only where it stays on the server at `base`. */
export function safeHref(target: string, base: string): string | null {
  const isAbsolute = /^[a-z][a-z0-9+.-]*:/i.test(target);
  let url: URL;
  try {
    url = new URL(target, base);
  } catch {
    return null;
  }
  if (isAbsolute) {
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : null;
  }
  return target !== "" && url.origin === new URL(base).origin ? url.href : null;
}

export interface MarkdownProps {
  readonly text: string;
  /** Where relative links start; this page's address unless told. */
  readonly base?: string;
  /** Read aloud after a link that opens a new tab. */
  readonly newTabHint?: string;
}

export function Markdown({ text, base = location.href, newTabHint }: MarkdownProps): JSX.Element {
  return <>{parseMarkdown(text, base).map((block) => renderBlock(block, newTabHint))}</>;
}

function renderBlock(block: Block, hint: string | undefined): JSX.Element {
  switch (block.kind) {
    case "paragraph":
      return <p>{renderInline(block.content, hint)}</p>;
    case "heading":
      return (
        <p>
          <strong>{renderInline(block.content, hint)}</strong>
        </p>
      );
    case "code":
      return (
        <pre>
          <code>{block.text}</code>
        </pre>
      );
    case "list": {
      const items = block.items.map((item) => <li>{renderInline(item, hint)}</li>);
      return block.start === null ? <ul>{items}</ul> : <ol start={block.start}>{items}</ol>;
    }
  }
}

function renderInline(parts: readonly Inline[], hint: string | undefined): ComponentChildren {
  return parts.map((part) => {
    switch (part.kind) {
      case "text":
        return part.text;
      case "break":
        return <br />;
      case "code":
        return <code>{part.text}</code>;
      case "strong":
        return <strong>{renderInline(part.content, hint)}</strong>;
      case "em":
        return <em>{renderInline(part.content, hint)}</em>;
      case "link":
        return renderLink(part.href, renderInline(part.content, hint), hint);
    }
  });
}

function renderLink(href: string, content: ComponentChildren, hint: string | undefined): JSX.Element {
  const isHere = new URL(href).origin === location.origin;
  if (isHere || href.startsWith("mailto:")) {
    return <a href={href}>{content}</a>;
  }
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow">
      {content}
      {hint ? <span class="visually-hidden"> {hint}</span> : null}
    </a>
  );
}
