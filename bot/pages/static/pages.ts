/** Small comforts of the server-rendered pages. Without it every page still works. */
import "./pages.css";

const EYE = "M2 12s3.500-7 10-7 10 7 10 7-3.500 7-10 7-10-7-10-7ZM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6Z";

/** A button that shows what was typed into a password field. */
function addShowButton(field: HTMLInputElement): void {
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("aria-label", field.dataset.show ?? "");
  button.setAttribute("aria-pressed", "false");
  button.append(drawIcon(EYE));
  button.addEventListener("click", () => {
    const isShown = field.type === "text";
    field.type = isShown ? "password" : "text";
    button.setAttribute("aria-pressed", String(!isShown));
  });
  const frame = document.createElement("div");
  frame.className = "password";
  field.before(frame);
  frame.append(field, button);
}

function drawIcon(path: string): SVGSVGElement {
  const namespace = "http://www.w3.org/2000/svg";
  const icon = document.createElementNS(namespace, "svg");
  const line = document.createElementNS(namespace, "path");
  const attributes = {
    viewBox: "0 0 24 24",
    width: "22",
    height: "22",
    fill: "none",
    stroke: "currentColor",
  };
  for (const [name, value] of Object.entries({ ...attributes, "stroke-width": "2", "aria-hidden": "true" })) {
    icon.setAttribute(name, value);
  }
  line.setAttribute("d", path);
  icon.append(line);
  return icon;
}

/** Says at once, not after sending, that a repeated password differs. */
function compareWhileTyping(field: HTMLInputElement): void {
  const original = document.getElementById(field.dataset.sameAs ?? "") as HTMLInputElement | null;
  const compare = (): void => {
    const isDifferent = field.value !== "" && field.value !== original?.value;
    field.setCustomValidity(isDifferent ? (field.dataset.different ?? "") : "");
  };
  field.addEventListener("input", compare);
  original?.addEventListener("input", compare);
}

/** Reads the page again and takes over its new version of one part, while somebody is looking. */
function refreshRegularly(part: HTMLElement): void {
  const refresh = async (): Promise<void> => {
    if (document.visibilityState !== "visible") {
      return;
    }
    const answer = await fetch(location.href);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById(part.id);
    const isSame = fresh?.textContent?.trim() === part.textContent?.trim();
    if (answer.ok && fresh && !isSame && !part.contains(document.activeElement)) {
      part.replaceChildren(...fresh.childNodes);
    }
  };
  setInterval(() => refresh().catch(() => {}), Number(part.dataset.refreshSeconds) * 1000);
}

for (const field of document.querySelectorAll<HTMLInputElement>("input[data-show]")) {
  addShowButton(field);
}
for (const field of document.querySelectorAll<HTMLInputElement>("input[data-same-as]")) {
  compareWhileTyping(field);
}
for (const part of document.querySelectorAll<HTMLElement>("[data-refresh-seconds]")) {
  refreshRegularly(part);
}
