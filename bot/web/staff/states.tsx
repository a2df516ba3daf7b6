/** What a list shows while it loads, when it is empty and when it could not be read. */
import type { ComponentChildren } from "preact";
import { errorText } from "./api";
import { Button, Icon, type IconType } from "./controls";
import { t } from "./i18n";
import { CircleAlert, RefreshCw } from "./icons";

export function Empty(props: { icon: IconType; title: string; text?: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <span class="empty-icon">
        <Icon of={props.icon} size={24} />
      </span>
      <p class="empty-title">{props.title}</p>
      {props.text && <p class="empty-text">{props.text}</p>}
      {props.children}
    </div>
  );
}

export function LoadError({ error, retry }: { error: unknown; retry: () => void }) {
  return (
    <div class="empty" role="alert">
      <span class="empty-icon empty-icon-danger">
        <Icon of={CircleAlert} size={24} />
      </span>
      <p class="empty-title">{errorText(error)}</p>
      <Button icon={RefreshCw} onClick={retry}>
        {t("Try again")}
      </Button>
    </div>
  );
}

export function Skeleton({ rows, kind = "row" }: { rows: number; kind?: "row" | "bubble" | "line" }) {
  return (
    <div class="skeletons" aria-busy="true">
      <span class="visually-hidden">{t("Loading…")}</span>
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} class={`skeleton skeleton-${kind}`} aria-hidden="true" />
      ))}
    </div>
  );
}
