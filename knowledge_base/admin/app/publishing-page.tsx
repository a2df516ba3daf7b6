/** Who publishes: editors themselves, or only reviewers and administrators. */
import { api } from "@staff/api";
import { Toggle } from "@staff/controls";
import { t } from "@staff/i18n";
import { LoadError, Skeleton } from "@staff/states";
import { toast, toastError } from "@staff/toast";
import { useEffect, useState } from "preact/hooks";
import { loadPublishing, type PublishingState, publishing } from "./publishing";

export function PublishingPage() {
  const [error, setError] = useState<unknown>(null);
  const load = () => {
    setError(null);
    loadPublishing().catch(setError);
  };
  useEffect(load, []);
  if (error) return <LoadError error={error} retry={load} />;
  const rule = publishing.value;
  if (!rule) return <Skeleton rows={2} />;
  return (
    <div class="narrow">
      <h1>{t("Publishing")}</h1>
      <section class="card">
        <Toggle
          label={t("Articles are reviewed before customers see them")}
          checked={rule.review_required}
          onChange={(review_required) => {
            api.put<PublishingState>("/kb/publishing", { review_required }).then(
              (next) => {
                publishing.value = next;
                toast(t("Saved."));
              },
              (problem) => {
                toastError(problem);
                load();
              },
            );
          }}
        />
        <p class="field-hint">
          {rule.review_required
            ? t("Editors hand their texts in; reviewers and administrators publish, schedule and archive.")
            : t("Editors publish their own texts. They may still hand them in for review.")}
        </p>
      </section>
    </div>
  );
}
