/**
 * Addresses inside a page: `/console#/t/42?view=mine`. The part after `#` never reaches the server, so
 * one served page is enough, and Back, Forward, bookmarks and links in other systems all work.
 */
import { signal } from "@preact/signals";
import type { Query } from "./api";

export interface Route {
  path: string[];
  query: Record<string, string>;
}

export function parseRoute(hash: string): Route {
  const [path = "", search = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  return {
    path: path.split("/").filter(Boolean).map(decodeURIComponent),
    query: Object.fromEntries(new URLSearchParams(search)),
  };
}

export function href(path: readonly (string | number)[], query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") search.set(name, String(value));
  }
  const tail = search.size ? `?${search}` : "";
  return `#/${path.map((part) => encodeURIComponent(part)).join("/")}${tail}`;
}

export const route = signal<Route>({ path: [], query: {} });

export function startRouter(): void {
  const read = () => {
    route.value = parseRoute(location.hash);
  };
  addEventListener("hashchange", read);
  read();
}

export function navigate(to: string, options: { replace?: boolean } = {}): void {
  if (to === location.hash) return;
  if (options.replace) {
    history.replaceState(null, "", to);
    route.value = parseRoute(to);
  } else {
    location.hash = to;
  }
}
