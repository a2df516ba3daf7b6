/** Articles that answer what the customer asks now: read, inserted into the reply, or sent as they are. */
import { Markdown } from "@shared/markdown";
import { api } from "@staff/api";
import { Badge, Button, Icon } from "@staff/controls";
import { percent } from "@staff/format";
import { t } from "@staff/i18n";
import { BookOpen, Pencil, Search, Send } from "@staff/icons";
import { languageName } from "@staff/labels";
import { Empty, LoadError, Skeleton } from "@staff/states";
import { announce } from "@staff/toast";
import { useEffect, useRef, useState } from "preact/hooks";
import { insertIntoReply } from "./draft-insert";
import { isMine, messages, sendReply, ticket } from "./store";

interface Suggestion {
  article_id: string;
  title: string;
  locale: string;
  other_language: boolean;
  internal: boolean;
  answer: string;
  score: number;
}

interface Answer {
  question: string;
  items: Suggestion[];
}

export function ArticlesTab({ id }: { id: string }) {
  const [words, setWords] = useState("");
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [failed, setFailed] = useState<unknown>(null);
  const [round, setRound] = useState(0);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  const asked = messages.value?.findLast((message) => message.author === "customer")?.seq ?? 0;
  useEffect(() => {
    let current = true;
    api.get<Answer>(`/tickets/${id}/suggestions`, { q: words }).then(
      (found) => {
        if (!current) return;
        setFailed(null);
        setAnswer(found);
      },
      (error) => {
        if (current) setFailed(error);
      },
    );
    return () => {
      current = false;
    };
  }, [id, words, words ? 0 : asked, round]);
  return (
    <div class="suggestions">
      <search class="search">
        <Icon of={Search} />
        <input
          type="search"
          aria-label={t("Search articles")}
          placeholder={t("Search articles")}
          maxLength={400}
          onInput={(event) => {
            const text = event.currentTarget.value.trim();
            clearTimeout(timer.current);
            timer.current = setTimeout(() => setWords(text), 300);
          }}
        />
      </search>
      {failed !== null && <LoadError error={failed} retry={() => setRound(round + 1)} />}
      {!answer && failed === null && <Skeleton rows={3} kind="line" />}
      {answer && !words && answer.question && (
        <p class="field-hint suggestion-question">{t("For: “{question}”", { question: answer.question })}</p>
      )}
      {answer?.items.length === 0 && (
        <Empty icon={BookOpen} title={t("No article fits.")} text={t("Search with other words.")} />
      )}
      <ul class="suggestion-list" aria-label={t("Suggested articles")}>
        {answer?.items.map((item) => (
          <Suggested key={item.article_id} item={item} ticketId={id} searched={words !== ""} />
        ))}
      </ul>
    </div>
  );
}

function Suggested(props: { item: Suggestion; ticketId: string; searched: boolean }) {
  const { item, ticketId, searched } = props;
  const source = { article_id: item.article_id, score: searched ? null : item.score };
  const mine = isMine.value && ticket.value?.id === ticketId;
  return (
    <li class="suggestion">
      <details>
        <summary>
          <span class="suggestion-title">{item.title}</span>
          <span class="suggestion-marks">
            <Badge title={t("How well it fits")}>{percent(item.score)}</Badge>
            {item.internal && <Badge tone="warning">{t("For colleagues")}</Badge>}
            {item.other_language && (
              <Badge tone="warning">{t("Only in {language}", { language: languageName(item.locale) })}</Badge>
            )}
          </span>
        </summary>
        <div class="prose" lang={item.locale}>
          <Markdown text={item.answer} newTabHint={t("(opens in a new tab)")} />
        </div>
      </details>
      {mine && (
        <p class="suggestion-actions">
          <Button size="small" icon={Pencil} onClick={() => insertIntoReply(ticketId, item.answer, source)}>
            {t("Insert")}
          </Button>
          {!item.internal && (
            <Button
              size="small"
              icon={Send}
              onClick={() => {
                sendReply(ticketId, item.answer, source);
                announce(t("The article was sent."));
              }}
            >
              {t("Send as it is")}
            </Button>
          )}
        </p>
      )}
    </li>
  );
}
