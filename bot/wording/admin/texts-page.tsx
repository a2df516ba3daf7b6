/** What the bot says: all texts by area, found by words, and which of them were changed. */
import "./texts.css";
import { api } from "@staff/api";
import { Badge, Choice, Icon } from "@staff/controls";
import { locale, n, t } from "@staff/i18n";
import { MessageSquare, Search } from "@staff/icons";
import { href, navigate, route } from "@staff/router";
import { Empty, LoadError, Skeleton } from "@staff/states";
import { useEffect, useRef, useState } from "preact/hooks";
import { TextPage } from "./text-page";
import { AREAS, type Area, areaName, type BotText, changedLocales, saidAt } from "./types";

export function TextsPage({ rest: [key] }: { rest: readonly string[] }) {
  return key ? <TextPage key={key} name={key} /> : <TextList />;
}

function TextList() {
  const [items, setItems] = useState<BotText[] | null>(null);
  const [error, setError] = useState<unknown>(null);
  const { q = "", area = "", changed = "" } = route.value.query;
  const narrow = (part: Record<string, string>) =>
    navigate(href(["texts"], { q, area, changed, ...part }), { replace: true });
  const load = () => {
    let current = true;
    setError(null);
    api.get<{ items: BotText[] }>("/texts", clean({ q, area, changed })).then(
      (page) => current && setItems(page.items),
      (problem) => current && setError(problem),
    );
    return () => {
      current = false;
    };
  };
  useEffect(load, [q, area, changed]);
  const byArea = AREAS.map((name) => ({
    name,
    texts: (items ?? []).filter((text) => text.area === name),
  })).filter((group) => group.texts.length > 0);
  return (
    <>
      <div class="page-head">
        <h1>{t("Bot texts")}</h1>
        {items && <p class="page-note">{n("{count} text", "{count} texts", items.length)}</p>}
      </div>
      <Filters q={q} area={area} changed={changed} narrow={narrow} />
      {error ? (
        <LoadError error={error} retry={load} />
      ) : !items ? (
        <Skeleton rows={8} />
      ) : items.length === 0 ? (
        <Empty icon={MessageSquare} title={t("No text fits these filters.")} />
      ) : (
        byArea.map((group) => (
          <section key={group.name} class="text-group" aria-labelledby={`area-${group.name}`}>
            <h2 id={`area-${group.name}`}>{areaName(group.name)}</h2>
            <ul class="articles">
              {group.texts.map((text) => (
                <TextRow key={text.key} text={text} />
              ))}
            </ul>
          </section>
        ))
      )}
    </>
  );
}

function clean(query: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value));
}

function Filters(props: {
  q: string;
  area: string;
  changed: string;
  narrow: (part: Record<string, string>) => void;
}) {
  const timer = useRef<ReturnType<typeof setTimeout>>();
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <search class="filters text-filters">
      <div class="search">
        <Icon of={Search} />
        <input
          type="search"
          aria-label={t("Search texts")}
          placeholder={t("Search in every language")}
          defaultValue={props.q}
          onInput={(event) => {
            const q = event.currentTarget.value.trim();
            clearTimeout(timer.current);
            timer.current = setTimeout(() => props.narrow({ q }), 250);
          }}
        />
      </div>
      <Choice
        compact
        label={t("Area")}
        value={props.area}
        options={[
          { value: "", label: t("All areas") },
          ...AREAS.map((value: Area) => ({ value, label: areaName(value) })),
        ]}
        onChange={(area) => props.narrow({ area })}
      />
      <Choice
        compact
        label={t("State")}
        value={props.changed}
        options={[
          { value: "", label: t("Changed or not") },
          { value: "true", label: t("Changed") },
          { value: "false", label: t("As shipped") },
        ]}
        onChange={(changed) => props.narrow({ changed })}
      />
    </search>
  );
}

function TextRow({ text }: { text: BotText }) {
  const changed = changedLocales(text);
  return (
    <li class="article-row">
      <div class="article-what">
        <a class="article-title text-title" href={href(["texts", text.key])}>
          {saidAt(text, locale.value, "any")}
        </a>
        <p class="article-meta">
          <span>{text.key}</span>
        </p>
      </div>
      {changed.length > 0 && (
        <p class="text-changed">
          <Badge tone="accent">
            {t("Changed")}: {changed.join(", ")}
          </Badge>
        </p>
      )}
    </li>
  );
}
