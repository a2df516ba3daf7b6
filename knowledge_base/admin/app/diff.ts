/** A difference of two texts by lines: the longest common part stays, the rest was taken out or put in. */
import type { ArticleContent } from "@staff/types";

export interface DiffLine {
  kind: "same" | "added" | "removed";
  text: string;
}

const LONGEST = 2_000;

export function diffLines(before: string, after: string): DiffLine[] {
  const left = before === "" ? [] : before.split("\n");
  const right = after === "" ? [] : after.split("\n");
  let start = 0;
  while (start < left.length && start < right.length && left[start] === right[start]) start++;
  let end = 0;
  while (
    end < left.length - start &&
    end < right.length - start &&
    left[left.length - 1 - end] === right[right.length - 1 - end]
  ) {
    end++;
  }
  return [
    ...left.slice(0, start).map((text) => ({ kind: "same" as const, text })),
    ...middle(left.slice(start, left.length - end), right.slice(start, right.length - end)),
    ...left.slice(left.length - end).map((text) => ({ kind: "same" as const, text })),
  ];
}

function middle(left: readonly string[], right: readonly string[]): DiffLine[] {
  const removed = left.map((text) => ({ kind: "removed" as const, text }));
  const added = right.map((text) => ({ kind: "added" as const, text }));
  if (!left.length || !right.length || left.length * right.length > LONGEST * LONGEST) {
    return [...removed, ...added];
  }
  // lengths[i][j]: longest common part of what follows left[i] and right[j]
  const lengths = Array.from({ length: left.length + 1 }, () => new Uint16Array(right.length + 1));
  const at = (i: number, j: number) => lengths[i]?.[j] ?? 0;
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      const row = lengths[i];
      if (row) row[j] = left[i] === right[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length && j < right.length) {
    const [gone, come] = [removed[i], added[j]];
    if (!gone || !come) break;
    if (gone.text === come.text) {
      lines.push({ kind: "same", text: gone.text });
      i++;
      j++;
    } else if (at(i + 1, j) >= at(i, j + 1)) {
      lines.push(gone);
      i++;
    } else {
      lines.push(come);
      j++;
    }
  }
  return [...lines, ...removed.slice(i), ...added.slice(j)];
}

/** Long runs of unchanged lines become a gap, with `around` lines kept beside each change. */
export function foldSame(
  lines: readonly DiffLine[],
  around = 2,
): (DiffLine | { kind: "gap"; count: number })[] {
  const near = lines.map((_, index) =>
    lines.slice(Math.max(0, index - around), index + around + 1).some((line) => line.kind !== "same"),
  );
  const folded: (DiffLine | { kind: "gap"; count: number })[] = [];
  for (const [index, line] of lines.entries()) {
    const last = folded.at(-1);
    if (near[index]) folded.push(line);
    else if (last?.kind === "gap") last.count++;
    else folded.push({ kind: "gap", count: 1 });
  }
  return folded;
}

/** What a revision says, as one text to compare; what is below the answer only where there is something. */
export function asText(content: ArticleContent): string {
  const below = [
    content.short_answer && `[…] ${content.short_answer}`,
    ...content.links.map((link) => `→ ${link.label}: ${link.url}`),
    ...content.flows.map((flow) => `[ ${flow} ]`),
    ...content.related.map((key) => `≈ ${key}`),
  ].filter(Boolean);
  return [
    content.title,
    "",
    ...content.phrasings.map((phrasing) => `? ${phrasing}`),
    "",
    content.answer,
    ...(below.length ? ["", ...below] : []),
  ].join("\n");
}
