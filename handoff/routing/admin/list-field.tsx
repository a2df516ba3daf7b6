/** A list of free words, separated by commas, with what is in use elsewhere as suggestions. */
import { Field } from "@staff/controls";
import { t } from "@staff/i18n";
import { useId } from "preact/hooks";

export function ListField(props: {
  label: string;
  values: readonly string[];
  onChange: (values: string[]) => void;
  known?: readonly string[];
  hint?: string;
  problem: string | undefined;
}) {
  const list = useId();
  return (
    <Field
      label={props.label}
      hint={[props.hint, t("Separated by commas.")].filter(Boolean).join(" ")}
      error={props.problem}
    >
      {(ids) => (
        <>
          <input
            {...ids}
            class="input"
            list={list}
            value={props.values.join(", ")}
            onChange={(event) =>
              props.onChange(
                event.currentTarget.value
                  .split(",")
                  .map((part) => part.trim())
                  .filter(Boolean),
              )
            }
          />
          <datalist id={list}>
            {(props.known ?? []).map((value) => (
              <option key={value} value={value} />
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}
