/** The spans of working time behind a due instant, by day, in the time zone of the calendar. */
import { t } from "@staff/i18n";
import type { Span } from "./types";
import { clockIn, dayIn, length } from "./words";

export function Intervals({
  spans,
  leftOut,
  timezone,
}: {
  spans: readonly Span[];
  leftOut: number;
  timezone: string;
}) {
  return (
    <ol class="sl-intervals">
      {spans.map((span) => (
        <li key={span.start}>
          <span class="sl-interval-day">{dayIn(span.start, timezone)}</span>
          <span>
            {clockIn(span.start, timezone)} – {span.end ? clockIn(span.end, timezone) : "…"}
          </span>
          <span class="sl-interval-length">{span.end ? length(span.seconds) : ""}</span>
        </li>
      ))}
      {leftOut > 0 && <li>{t("and {count} more", { count: leftOut })}</li>}
    </ol>
  );
}
