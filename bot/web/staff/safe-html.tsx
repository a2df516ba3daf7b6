/**
 * Shows HTML that the server made from an article. The server has cleaned it already; here it is read again
 * into elements from a short list, so that nothing else can reach the page whatever the answer holds.
 */
import { type ComponentChild, h } from "preact";

const ALLOWED = new Set(
  "P,BR,STRONG,B,EM,I,U,S,DEL,CODE,PRE,UL,OL,LI,A,H1,H2,H3,H4,H5,H6,BLOCKQUOTE,HR,TABLE,THEAD,TBODY,TR,TH,TD".split(
    ",",
  ),
);
const DROPPED = new Set(["SCRIPT", "STYLE", "TEMPLATE", "IFRAME", "OBJECT", "NOSCRIPT", "SVG", "MATH"]);

function isSafeAddress(address: string): boolean {
  return /^(https?:|mailto:|tel:|\/(?!\/)|#)/i.test(address.trim());
}

export function toNodes(parent: Node): ComponentChild[] {
  return [...parent.childNodes].flatMap((node): ComponentChild[] => {
    if (node.nodeType === Node.TEXT_NODE) return [node.textContent ?? ""];
    if (!(node instanceof Element) || DROPPED.has(node.tagName.toUpperCase())) return [];
    const children = toNodes(node);
    if (!ALLOWED.has(node.tagName)) return children;
    if (node.tagName !== "A") return [h(node.tagName.toLowerCase(), null, ...children)];
    const address = node.getAttribute("href") ?? "";
    if (!isSafeAddress(address)) return children;
    return [h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, ...children)];
  });
}

export function SafeHtml({ html }: { html: string }) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  return <div class="prose">{toNodes(parsed.body)}</div>;
}
