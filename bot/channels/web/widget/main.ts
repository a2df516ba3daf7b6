/**
 * `widget.js`: defines `<frontline-chat>` and puts one on the page if it has none. The script tag's `data-` attributes
 * (`locale`, `color`, `title`, `position`, `theme`, `identity`, `open`) become that element's attributes.
 */
import { defineElement, TAG } from "./element";

const script = document.currentScript as HTMLScriptElement | null;
const base = new URL(".", script?.src || location.href).href;
const passedOn = ["locale", "color", "title", "position", "theme", "identity", "open"] as const;

function addElement(): void {
  if (document.querySelector(TAG)) {
    return;
  }
  const element = document.createElement(TAG);
  for (const name of passedOn) {
    const value = script?.dataset[name];
    if (value !== undefined) {
      element.setAttribute(name, value);
    }
  }
  document.body.append(element);
}

defineElement(base);
if (document.readyState === "loading") {
  document.addEventListener("DOMContentLoaded", addElement);
} else {
  addElement();
}
