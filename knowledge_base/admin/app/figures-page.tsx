/** How articles do: shown, helped, led to a person, asked again; and those that need a look. */
import { api } from "@staff/api";
import { Badge, Choice } from "@staff/controls";
import { dateTime, percent } from "@staff/format";
import { t } from "@staff/i18n";
import { ChartColumn } from "@staff/icons";
import { href } from "@staff/router";
import { Empty, LoadError, Skeleton } from "@staff/states";
import { useEffect, useState } from "preact/hooks";

export interface Figures {
  shown: number;
  helped: number;
  not_helped: number;
  led_to_person: number;
  asked_again: number;
  last_shown_at: string | null;
  failure_rate: number | null;
}

interface Line {
  article_id: string;
  key: string;
  locale: string;
  title: string;
  published_at: string | null;
  figures: Figures;
}

interface Lists {
  articles: Line[];
  failing: string[];
  never_used: string[];
  stale: string[];
}

type Which = "all" | "failing" | "never_used" | "stale";

export function FiguresPage() {
  const [days, setDays] = useState("90");
  const [again, setAgain] = useState("7");
  const [which, setWhich] = useState<Which>("all");
  const [lists, setLists] = useState<Lists | null>(null);
  const [error, setError] = useState<unknown>(null);
  const load = () => {
    setError(null);
    api.get<Lists>("/kb/figures", { days, again_days: again }).then(setLists, setError);
  };
  useEffect(load, [days, again]);
  const names: Record<Which, string> = {
    all: t("All articles"),
    failing: t("Failing"),
    never_used: t("Never used"),
    stale: t("Stale"),
  };
  const lines = lists ? chosen(lists, which) : [];
  return (
    <>
      <div class="page-head">
        <h1>{t("How articles do")}</h1>
        <Choice
          compact
          label={t("List")}
          value={which}
          options={(Object.keys(names) as Which[]).map((value) => ({
            value,
            label: lists && value !== "all" ? `${names[value]} (${lists[value].length})` : names[value],
          }))}
          onChange={(value) => setWhich(value as Which)}
        />
        <Choice
          compact
          label={t("Time")}
          value={days}
          options={["7", "30", "90", "365"].map((value) => ({
            value,
            label: t("{count} days", { count: value }),
          }))}
          onChange={setDays}
        />
        <Choice
          compact
          label={t("Asked again within")}
          value={again}
          options={["1", "7", "30"].map((value) => ({
            value,
            label: t("again within {count} days", { count: value }),
          }))}
          onChange={setAgain}
        />
      </div>
      {error ? <LoadError error={error} retry={load} /> : !lists && <Skeleton rows={6} />}
      {lists && lines.length === 0 && <Empty icon={ChartColumn} title={t("Nothing here.")} />}
      {lines.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled with the keyboard
        <section class="table-scroll" aria-label={names[which]} tabIndex={0}>
          <table class="figures-table">
            <thead>
              <tr>
                <th scope="col">{t("Article")}</th>
                <th scope="col">{t("Shown")}</th>
                <th scope="col">{t("Helped")}</th>
                <th scope="col">{t("Did not help")}</th>
                <th scope="col">{t("Led to a person")}</th>
                <th scope="col">{t("Asked again")}</th>
                <th scope="col">{t("Last shown")}</th>
              </tr>
            </thead>
            <tbody>
              {lines.map((line) => (
                <tr key={line.article_id}>
                  <th scope="row">
                    <a href={href(["articles", line.article_id])}>{line.title}</a>{" "}
                    <Badge>{line.locale}</Badge>{" "}
                    {lists?.failing.includes(line.article_id) && (
                      <Badge tone="danger">
                        {t("{share} failed", { share: percent(line.figures.failure_rate ?? 0) })}
                      </Badge>
                    )}
                  </th>
                  <td>{line.figures.shown}</td>
                  <td>{line.figures.helped}</td>
                  <td>{line.figures.not_helped}</td>
                  <td>{line.figures.led_to_person}</td>
                  <td>{line.figures.asked_again}</td>
                  <td>{line.figures.last_shown_at ? dateTime(line.figures.last_shown_at) : "–"}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </>
  );
}

function chosen(lists: Lists, which: Which): Line[] {
  if (which === "all") return lists.articles;
  const byId = new Map(lists.articles.map((line) => [line.article_id, line]));
  return lists[which].flatMap((id) => byId.get(id) ?? []);
}
