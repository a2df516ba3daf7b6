/** The tree of categories, loaded once for all pages and replaced by whatever the server answers. */
import { signal } from "@preact/signals";
import { api } from "@staff/api";
import { LOCALES } from "@staff/i18n";
import type { Category } from "@staff/types";

export const categories = signal<readonly Category[]>([]);

let loading: Promise<void> | null = null;

export function loadCategories(again = false): Promise<void> {
  if (again) loading = null;
  loading ??= api.get<{ items: Category[] }>("/kb/categories").then(
    (page) => {
      categories.value = page.items;
    },
    (error) => {
      loading = null;
      throw error;
    },
  );
  return loading;
}

/** The name in a language, else in another one, else a readable form of the key. */
export function categoryName(key: string, all: readonly Category[], reader: string): string {
  const names = all.find((category) => category.key === key)?.names ?? {};
  const name = [reader, ...LOCALES].map((tag) => names[tag]).find(Boolean);
  const readable = key.replace(/[-_]+/g, " ").trim();
  return name ?? readable.charAt(0).toUpperCase() + readable.slice(1);
}

export interface Branch {
  category: Category;
  depth: number;
}

/** The tree as lines, each below its parent; what hangs on nothing counts as a root. */
export function asLines(all: readonly Category[]): Branch[] {
  const keys = new Set(all.map((category) => category.key));
  const below = (parent: string | null) =>
    all
      .filter(
        (category) => (category.parent && keys.has(category.parent) ? category.parent : null) === parent,
      )
      .toSorted((left, right) => left.position - right.position || left.key.localeCompare(right.key));
  const lines: Branch[] = [];
  const walk = (parent: string | null, depth: number) => {
    for (const category of below(parent)) {
      lines.push({ category, depth });
      if (depth < 20) walk(category.key, depth + 1);
    }
  };
  walk(null, 0);
  return lines;
}

/** A category and everything below it. */
export function branchOf(all: readonly Category[], key: string): Set<string> {
  const found = new Set([key]);
  for (const at of found) {
    for (const category of all) if (category.parent === at) found.add(category.key);
  }
  return found;
}

/** For a select: names indented by depth; a category that articles name but the tree lacks comes last. */
export function categoryOptions(all: readonly Category[], reader: string, used: readonly string[] = []) {
  const lines = asLines(all).map(({ category, depth }) => ({
    value: category.key,
    label: `${"\u2003".repeat(depth)}${categoryName(category.key, all, reader)}`,
  }));
  const known = new Set(all.map((category) => category.key));
  const loose = [...new Set(used)].filter((key) => key && !known.has(key));
  return [...lines, ...loose.map((key) => ({ value: key, label: categoryName(key, all, reader) }))];
}
