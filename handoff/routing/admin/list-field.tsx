/** A list of free words, separated by commas, with what is in use elsewhere as suggestions. */
import { Field } from "@staff/controls";
import { t } from "@staff/i18n";
import { useId, useState } from "preact/hooks";

export function ListField(props: {
  label: string;
  values: readonly string[];
  onChange: (values: string[]) => void;
  known?: readonly string[];
  hint?: string;
  problem: string | undefined;
}) {
  const list = useId();
  // What is typed stays as it is while it is typed: a comma at the end would vanish otherwise.
  const [text, setText] = useState(() => props.values.join(", "));
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
            value={text}
            onInput={(event) => {
              setText(event.currentTarget.value);
              props.onChange(
                event.currentTarget.value
                  .split(",")
                  .map((part) => part.trim())
                  .filter(Boolean),
              );
            }}
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
