/** Lists the golden questions that would lose their answer, and asks whether that is meant. */
import type { ApiError } from "@staff/api";
import { confirm } from "@staff/dialog";
import { t } from "@staff/i18n";

export function goOnAnyway(problem: ApiError): Promise<boolean> {
  const questions = (problem.problem.questions as { question: string }[] | undefined) ?? [];
  const listed = questions.slice(0, 8).map(({ question }) => `“${question}”`);
  if (questions.length > listed.length) listed.push("…");
  return confirm({
    title: t("Golden questions would lose their answer"),
    text: listed.join(" "),
    confirm: t("Go on anyway"),
    danger: true,
  });
}
