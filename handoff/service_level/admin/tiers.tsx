/** Which customers belong to which tier, by the domain of their proved e-mail address: one a line. */
import { api, errorText } from "@staff/api";
import { Button, Field } from "@staff/controls";
import { t } from "@staff/i18n";
import { may } from "@staff/session";
import { toast } from "@staff/toast";
import { useState } from "preact/hooks";

export function TiersCard({ tiers, reload }: { tiers: Record<string, string>; reload: () => void }) {
  const [text, setText] = useState(() => write(tiers));
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const save = async () => {
    const read = parse(text);
    if (typeof read === "string") {
      setProblem(read);
      return;
    }
    setProblem("");
    setBusy(true);
    try {
      const saved = await api.put<{ tiers: Record<string, string> }>("/service-level/tiers", { tiers: read });
      setText(write(saved.tiers));
      toast(t("Saved."));
      reload();
    } catch (error) {
      setProblem(errorText(error));
    }
    setBusy(false);
  };
  return (
    <section class="card sl-card" aria-label={t("Customer tiers")}>
      <h2>{t("Customer tiers")}</h2>
      <Field
        label={t("Domains and tiers")}
        hint={t("One a line, like “acme.example = gold”. Only proved addresses count.")}
        error={problem}
      >
        {(ids) => (
          <textarea
            {...ids}
            class="input sl-tiers"
            rows={4}
            spellcheck={false}
            readOnly={!may("service_level.manage")}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        )}
      </Field>
      {may("service_level.manage") && (
        <Button busy={busy} onClick={() => void save()}>
          {t("Save the tiers")}
        </Button>
      )}
    </section>
  );
}

function write(tiers: Record<string, string>): string {
  return Object.entries(tiers)
    .map(([domain, tier]) => `${domain} = ${tier}`)
    .join("\n");
}

/** The tiers, or which line can't be read. */
function parse(text: string): Record<string, string> | string {
  const tiers: Record<string, string> = {};
  for (const [index, line] of text.split("\n").entries()) {
    if (!line.trim()) continue;
    const [domain, tier, more] = line.split("=").map((part) => part.trim());
    if (!domain || !tier || more !== undefined) {
      return t("Line {number} can't be read: write a domain, =, and a tier.", { number: index + 1 });
    }
    if (domain in tiers) return t("{domain} stands there twice.", { domain });
    tiers[domain] = tier;
  }
  return tiers;
}
