/** Whom an article is owed to, and the tickets it made unnecessary. */
import { api } from "@staff/api";
import { Badge } from "@staff/controls";
import { n, t } from "@staff/i18n";
import { useEffect, useState } from "preact/hooks";
import type { Proposal } from "./types";

export function Credits({ articleKey }: { articleKey: string }) {
  const [owed, setOwed] = useState<Proposal[]>([]);
  useEffect(() => {
    let current = true;
    api.get<{ items: Proposal[] }>("/kb/credits", { key: articleKey }).then(
      ({ items }) => current && setOwed(items),
      () => undefined, // the figures above tell what went wrong
    );
    return () => {
      current = false;
    };
  }, [articleKey]);
  if (owed.length === 0) return null;
  return (
    <>
      <p class="small-title">{t("From tickets")}</p>
      <ul class="plain-rows">
        {owed.map((one) => (
          <li key={one.id} class="plain-row">
            <span class="plain-what">
              {t("{name}, ticket {number}", { name: one.author.name, number: one.ticket.number })}
            </span>
            <Badge tone="success">
              {n("{count} ticket avoided", "{count} tickets avoided", one.tickets_avoided)}
            </Badge>
          </li>
        ))}
      </ul>
    </>
  );
}
