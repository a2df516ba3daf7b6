/** The answer as customers read it on the web and on Telegram, made by the server's own rules while one types. */
import { api } from "@staff/api";
import { Icon, Tabs } from "@staff/controls";
import { n, t } from "@staff/i18n";
import { Bot } from "@staff/icons";
import { routeName } from "@staff/labels";
import { SafeHtml } from "@staff/safe-html";
import { useEffect, useState } from "preact/hooks";
import type { Draft } from "./autosave";

const DELAY_MS = 300;

interface Rendered {
  html: string;
  telegram: string[];
  warnings: string[];
}

type Channel = "web" | "telegram";

export function Preview(props: { draft: Draft; html: string; related: readonly string[] }) {
  const { draft } = props;
  const [rendered, setRendered] = useState<Rendered>({ html: props.html, telegram: [], warnings: [] });
  const [failed, setFailed] = useState(false);
  const [channel, setChannel] = useState<Channel>("web");
  const links = draft.links.filter((link) => link.label && link.url);
  const text = JSON.stringify({ answer: draft.answer, short_answer: draft.short_answer, links });
  useEffect(() => {
    let current = true;
    const timer = setTimeout(() => {
      api
        .post<Rendered>("/kb/preview", JSON.parse(text))
        .then((next) => {
          if (!current) return;
          setRendered(next);
          setFailed(false);
        })
        .catch(() => current && setFailed(true));
    }, DELAY_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [text]);
  const buttons = [...draft.flows.map(routeName), ...props.related.slice(0, 3)];
  const parts = channel === "web" ? [rendered.html] : rendered.telegram;
  return (
    <>
      <Tabs<Channel>
        label={t("Channel")}
        controls="preview-panel"
        active={channel}
        onChange={setChannel}
        tabs={[
          { name: "web", label: t("Web") },
          { name: "telegram", label: "Telegram" },
        ]}
      />
      <div
        id="preview-panel"
        class={channel === "web" ? "preview" : "preview preview-telegram"}
        role="tabpanel"
        aria-label={channel === "web" ? t("Web") : "Telegram"}
      >
        <p class="preview-question">{draft.title || t("Untitled")}</p>
        {draft.answer.trim() || links.length || (channel === "telegram" && draft.short_answer.trim()) ? (
          parts.map((part, index) => (
            <div class="preview-answer" key={index}>
              <span class="avatar avatar-bot" aria-hidden="true">
                <Icon of={Bot} size={15} />
              </span>
              <div class="preview-bubble">
                <SafeHtml html={part} />
              </div>
            </div>
          ))
        ) : (
          <p class="field-hint">{t("The answer is empty.")}</p>
        )}
        {buttons.length > 0 && (
          <ul class="preview-buttons" aria-label={t("Buttons")}>
            {buttons.map((label) => (
              <li key={label}>{label}</li>
            ))}
          </ul>
        )}
      </div>
      {channel === "telegram" && rendered.telegram.length > 1 && (
        <p class="field-hint">
          {n("{count} message", "{count} messages", rendered.telegram.length)} ·{" "}
          {t("A short answer fits better on a phone.")}
        </p>
      )}
      {rendered.warnings.map((warning) => (
        <p key={warning} class="form-problem">
          {warning}
        </p>
      ))}
      {failed && <p class="form-problem">{t("The preview is not up to date: the server did not answer.")}</p>}
    </>
  );
}
