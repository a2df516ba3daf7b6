/** Sends a file to be imported and reads the answer line by line: progress first, the report last. */
import { ApiError, upload } from "@staff/api";

export interface ImportLine {
  place: string;
  fate: "created" | "changed" | "bad";
  key: string;
  locale: string;
  reasons: string[];
}

export interface ImportReport {
  stored: boolean;
  created: number;
  changed: number;
  unchanged: number;
  bad: number;
  lines: ImportLine[];
}

type Line = { done: number; total: number } | { problem: { code: string; detail: string } } | ImportReport;

export async function uploadImport(
  file: File,
  { dry, confirm }: { dry: boolean; confirm: boolean },
  progress: (done: number, total: number) => void,
): Promise<ImportReport> {
  let report: ImportReport | null = null;
  await upload("/kb/import", { name: file.name, dry_run: dry, confirm }, file, (text) => {
    const line = JSON.parse(text) as Line;
    if ("problem" in line) throw new ApiError({ status: 409, ...line.problem });
    if ("stored" in line) report = line;
    else progress(line.done, line.total);
  });
  if (!report) throw new Error("The answer ended early.");
  return report;
}
