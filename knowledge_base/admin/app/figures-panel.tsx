/** How one article does with customers, by revision, and the golden questions it must answer. */
import { api } from "@staff/api";
import { Badge } from "@staff/controls";
import { t } from "@staff/i18n";
import { href } from "@staff/router";
import { LoadError, Skeleton } from "@staff/states";
import type { Article } from "@staff/types";
import { useEffect, useState } from "preact/hooks";
import { Credits } from "../../../bot/proposals/admin/credits";
import type { Figures } from "./figures-page";

interface ArticleFigures {
  total: Figures;
  revisions: { revision: number; figures: Figures }[];
}

interface Golden {
  id: string;
  locale: string;
  question: string;
}

export function FiguresPanel({ article }: { article: Article }) {
  const [found, setFound] = useState<ArticleFigures | null>(null);
  const [golden, setGolden] = useState<Golden[]>([]);
  const [error, setError] = useState<unknown>(null);
  const load = () => {
    setError(null);
    api.get<ArticleFigures>(`/articles/${article.id}/figures`, { days: 90 }).then(setFound, setError);
    api
      .get<{ items: Golden[] }>("/kb/golden", { key: article.key })
      .then((page) => setGolden(page.items), setError);
  };
  useEffect(load, [article.id]);
  if (error) return <LoadError error={error} retry={load} />;
  if (!found) return <Skeleton rows={3} />;
  return (
    <>
      <p class="small-title">{t("{count} days", { count: 90 })}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled with the keyboard */}
      <section class="table-scroll" aria-label={t("How articles do")} tabIndex={0}>
        <table class="figures-table figures-small">
          <thead>
            <tr>
              <th scope="col">{t("Revision")}</th>
              <th scope="col">{t("Shown")}</th>
              <th scope="col">{t("Helped")}</th>
              <th scope="col">{t("Did not help")}</th>
              <th scope="col">{t("Led to a person")}</th>
              <th scope="col">{t("Asked again")}</th>
            </tr>
          </thead>
          <tbody>
            {found.revisions.map(({ revision, figures }) => (
              <FiguresRow key={revision} name={String(revision)} figures={figures} />
            ))}
            <FiguresRow name={t("Total")} figures={found.total} />
          </tbody>
        </table>
      </section>
      <Credits articleKey={article.key} />
      <p class="small-title">
        <a href={href(["golden"])}>{t("Golden questions")}</a>
      </p>
      <ul class="plain-rows">
        {golden.map((one) => (
          <li key={one.id} class="plain-row">
            <span class="plain-what">{one.question}</span>
            <Badge>{one.locale}</Badge>
          </li>
        ))}
      </ul>
    </>
  );
}

function FiguresRow({ name, figures }: { name: string; figures: Figures }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{figures.shown}</td>
      <td>{figures.helped}</td>
      <td>{figures.not_helped}</td>
      <td>{figures.led_to_person}</td>
      <td>{figures.asked_again}</td>
    </tr>
  );
}
