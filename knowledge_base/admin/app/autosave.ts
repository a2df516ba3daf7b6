/**
 * Saves a draft a moment after the last keystroke, one request at a time, each from the version the one before
 * returned. A conflict stops it until the person has chosen which text to keep.
 */
import { ApiError } from "@staff/api";
import type { Article, ArticleLink, Audience } from "@staff/types";

export interface Draft {
  title: string;
  phrasings: string[];
  answer: string;
  short_answer: string;
  links: ArticleLink[];
  flows: string[];
  related: string[];
  category: string;
  tags: string[];
  audience: Audience;
  owner: string;
  review_by: string;
}

/** Empty means none: the API says that with null. */
const NULLABLE: ReadonlySet<string> = new Set(["category", "owner", "review_by"]);

export type SaveState =
  | { kind: "saved"; at: number | null }
  | { kind: "waiting" }
  | { kind: "saving" }
  | { kind: "invalid" }
  | { kind: "failed"; error: unknown }
  | { kind: "conflict"; theirs: Article };

export function toDraft(article: Article): Draft {
  return {
    title: article.title,
    phrasings: [...article.phrasings],
    answer: article.answer,
    short_answer: article.short_answer,
    links: article.links.map((link) => ({ ...link })),
    flows: [...article.flows],
    related: [...article.related],
    category: article.category ?? "",
    tags: [...article.tags],
    audience: article.audience,
    owner: article.owner?.id ?? "",
    review_by: article.review_by ?? "",
  };
}

/** A link with half of it still to be typed is not worth an error: it is kept here until it is whole. */
function finished(links: readonly ArticleLink[]): ArticleLink[] {
  return links.filter((link) => link.label.trim() && /^https?:\/\/[^/]/.test(link.url.trim()));
}

/** The members that differ, as the API takes them. */
export function changes(from: Draft, to: Draft): Record<string, unknown> {
  const changed: Record<string, unknown> = {};
  for (const name of Object.keys(to) as (keyof Draft)[]) {
    if (JSON.stringify(from[name]) === JSON.stringify(to[name])) continue;
    if (name === "links") {
      const links = finished(to.links);
      if (JSON.stringify(finished(from.links)) !== JSON.stringify(links)) changed.links = links;
    } else changed[name] = NULLABLE.has(name) ? to[name] || null : to[name];
  }
  return changed;
}

export interface AutosaveOptions {
  article: Article;
  save: (body: Record<string, unknown>) => Promise<Article>;
  onState: (state: SaveState) => void;
  onSaved: (article: Article) => void;
  delayMs?: number;
}

export class Autosave {
  #options: AutosaveOptions;
  #saved: Draft;
  #wanted: Draft;
  #version: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> | null = null;
  #conflict = false;

  constructor(options: AutosaveOptions) {
    this.#options = options;
    this.#saved = toDraft(options.article);
    this.#wanted = this.#saved;
    this.#version = options.article.version;
  }

  get version(): number {
    return this.#version;
  }

  get isClean(): boolean {
    return Object.keys(changes(this.#saved, this.#wanted)).length === 0;
  }

  change(draft: Draft): void {
    this.#wanted = draft;
    if (this.#conflict) return;
    clearTimeout(this.#timer);
    if (this.isClean && !this.#running) {
      this.#options.onState({ kind: "saved", at: null });
      return;
    }
    this.#options.onState({ kind: "waiting" });
    this.#timer = setTimeout(() => void this.flush(), this.#options.delayMs ?? 900);
  }

  /** Saves now what is not saved yet; true when everything is saved. */
  async flush(): Promise<boolean> {
    clearTimeout(this.#timer);
    while (this.#running) await this.#running;
    if (this.isClean) return true;
    if (this.#conflict) return false;
    if (!this.#wanted.title.trim()) {
      this.#options.onState({ kind: "invalid" });
      return false;
    }
    this.#running = this.#send().finally(() => {
      this.#running = null;
    });
    await this.#running;
    return this.isClean;
  }

  async #send(): Promise<void> {
    const sent = this.#wanted;
    this.#options.onState({ kind: "saving" });
    try {
      const article = await this.#options.save({ version: this.#version, ...changes(this.#saved, sent) });
      this.#version = article.version;
      this.#saved = sent;
      this.#options.onSaved(article);
      if (this.isClean) this.#options.onState({ kind: "saved", at: Date.now() });
      else this.change(this.#wanted);
    } catch (error) {
      if (error instanceof ApiError && error.code === "stale" && error.problem.current) {
        this.#conflict = true;
        this.#options.onState({ kind: "conflict", theirs: error.problem.current as Article });
      } else this.#options.onState({ kind: "failed", error });
    }
  }

  /** Ends a conflict: goes on from `theirs`, with `keep` as the wanted text. */
  async resolve(theirs: Article, keep: Draft): Promise<void> {
    this.#conflict = false;
    this.rebase(theirs);
    this.#wanted = keep;
    if (await this.flush()) this.#options.onState({ kind: "saved", at: Date.now() });
  }

  /** The article changed by another way than typing (published, restored): that is the ground now. */
  rebase(article: Article): void {
    this.#version = article.version;
    this.#saved = toDraft(article);
    this.#wanted = this.#saved;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
