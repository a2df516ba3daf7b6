/** Buttons, badges, fields and the other small parts every page is made of. */
import type { ComponentChildren, ComponentType, JSX } from "preact";
import { useId } from "preact/hooks";
import { initials } from "./format";
import { t } from "./i18n";
import { levelLabel } from "./levels";

// biome-ignore lint/suspicious/noExplicitAny: icon components take any SVG attribute
export type IconType = ComponentType<any>;
export type Tone = "neutral" | "accent" | "success" | "warning" | "danger";

export function Icon({ of: Shape, size = 16 }: { of: IconType; size?: number }) {
  return <Shape size={size} aria-hidden="true" class="icon" />;
}

type ButtonAttributes = Omit<JSX.ButtonHTMLAttributes, "icon" | "size" | "type">;

export interface ButtonProps extends ButtonAttributes {
  variant?: "primary" | "secondary" | "quiet" | "danger";
  size?: "small" | "normal" | "large";
  icon?: IconType | undefined;
  busy?: boolean;
  type?: "button" | "submit";
  children?: ComponentChildren;
}

/** A busy button stays focusable and keeps its width; pressing it again does nothing. */
export function Button({
  variant = "secondary",
  size = "normal",
  icon,
  busy = false,
  type = "button",
  class: extra,
  children,
  onClick,
  ...rest
}: ButtonProps) {
  return (
    <button
      {...rest}
      type={type}
      class={`button button-${variant} button-${size}${extra ? ` ${String(extra)}` : ""}`}
      aria-busy={busy || undefined}
      aria-disabled={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
    >
      {busy ? <Spinner /> : icon && <Icon of={icon} />}
      {children}
    </button>
  );
}

export interface IconButtonProps extends ButtonAttributes {
  label: string;
  icon: IconType;
}

export function IconButton({ label, icon, class: extra, ...rest }: IconButtonProps) {
  return (
    <button
      {...rest}
      type="button"
      class={`icon-button${extra ? ` ${String(extra)}` : ""}`}
      aria-label={label}
      title={label}
    >
      <Icon of={icon} size={18} />
    </button>
  );
}

/** The first stop of the Tab key: past the navigation to what the page is about. */
export function SkipLink({ to }: { to: string }) {
  return (
    <button type="button" class="skip-link" onClick={() => document.getElementById(to)?.focus()}>
      {t("Skip to the content")}
    </button>
  );
}

export function Spinner() {
  return <span class="spinner" aria-hidden="true" />;
}

export function Badge(props: {
  tone?: Tone;
  icon?: IconType | undefined;
  title?: string | undefined;
  children: ComponentChildren;
}) {
  const { tone = "neutral", icon, title, children } = props;
  return (
    <span class={`badge tone-${tone}`} title={title}>
      {icon && <Icon of={icon} size={12} />}
      {children}
    </span>
  );
}

/** N1 to N4, each in its own colour; the text says the level, the colour only helps. */
export function LevelBadge({ level }: { level: string }) {
  const known = /^N[1-4]$/.test(level);
  return (
    <span
      class={`level ${known ? `level-${level.toLowerCase()}` : ""}`}
      title={t("Level {level}", { level: levelLabel(level) })}
    >
      {level}
    </span>
  );
}

export function Avatar({ name, kind = "person" }: { name: string; kind?: "person" | "customer" }) {
  return (
    <span class={`avatar avatar-${kind}`} aria-hidden="true">
      {initials(name)}
    </span>
  );
}

/** A label, its control, and what is wrong with it; the control gets the ids it must point to. */
export function Field(props: {
  label: string;
  hint?: ComponentChildren;
  error?: string | null | undefined;
  class?: string;
  children: (ids: { id: string; "aria-describedby"?: string; "aria-invalid"?: boolean }) => ComponentChildren;
}) {
  const id = useId();
  const note = props.error || props.hint;
  const ids = {
    id,
    ...(note ? { "aria-describedby": `${id}-note` } : {}),
    ...(props.error ? { "aria-invalid": true } : {}),
  };
  return (
    <div class={`field ${props.class ?? ""}`}>
      <label class="field-label" for={id}>
        {props.label}
      </label>
      {props.children(ids)}
      {note && (
        <p id={`${id}-note`} class={props.error ? "field-error" : "field-hint"}>
          {note}
        </p>
      )}
    </div>
  );
}

export interface Option {
  value: string;
  label: string;
}

/** A select with a visible label inside the control row; for filters and preferences. */
export function Choice(props: {
  label: string;
  value: string;
  options: readonly Option[];
  onChange: (value: string) => void;
  compact?: boolean;
  disabled?: boolean;
}) {
  const id = useId();
  return (
    <div class={props.compact ? "choice choice-compact" : "choice"}>
      <label class={props.compact ? "visually-hidden" : "field-label"} for={id}>
        {props.label}
      </label>
      <select
        id={id}
        class="select"
        value={props.value}
        disabled={props.disabled}
        onChange={(event) => props.onChange(event.currentTarget.value)}
      >
        {props.options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </div>
  );
}

export function Toggle(props: { label: string; checked: boolean; onChange: (checked: boolean) => void }) {
  return (
    <label class="toggle">
      <input
        type="checkbox"
        role="switch"
        aria-checked={props.checked}
        checked={props.checked}
        onChange={(event) => props.onChange(event.currentTarget.checked)}
      />
      <span>{props.label}</span>
    </label>
  );
}

export function Tabs<Name extends string>(props: {
  label: string;
  active: Name;
  tabs: readonly { name: Name; label: string; icon?: IconType }[];
  onChange: (name: Name) => void;
  /** The id of the panel that shows the active tab. */
  controls: string;
}) {
  const move = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!step) return;
    event.preventDefault();
    const at = props.tabs.findIndex((tab) => tab.name === props.active);
    const next = props.tabs[(at + step + props.tabs.length) % props.tabs.length];
    if (!next) return;
    props.onChange(next.name);
    const row = event.currentTarget as HTMLElement;
    row.querySelectorAll<HTMLElement>("[role=tab]")[props.tabs.indexOf(next)]?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={props.label} tabIndex={-1} onKeyDown={move}>
      {props.tabs.map((tab) => (
        <button
          key={tab.name}
          type="button"
          role="tab"
          class="tab"
          aria-selected={tab.name === props.active}
          aria-controls={props.controls}
          tabIndex={tab.name === props.active ? 0 : -1}
          onClick={() => props.onChange(tab.name)}
        >
          {tab.icon && <Icon of={tab.icon} />}
          {tab.label}
        </button>
      ))}
    </div>
  );
}
