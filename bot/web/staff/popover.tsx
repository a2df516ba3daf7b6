/** Menus and small panels that open under a button and close on Escape, on Tab out and on a click elsewhere. */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Icon, type IconType } from "./controls";
import { ChevronDown } from "./icons";

interface Trigger {
  label: string;
  icon?: IconType;
  /** Shows the icon alone; the label stays its accessible name. */
  iconOnly?: boolean;
  class?: string;
  face?: ComponentChildren;
}

function useDisclosure() {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const trigger = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!open) return;
    const onPointer = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", onPointer);
    document.addEventListener("focusin", onPointer);
    return () => {
      document.removeEventListener("pointerdown", onPointer);
      document.removeEventListener("focusin", onPointer);
    };
  }, [open]);
  const close = () => {
    setOpen(false);
    trigger.current?.focus();
  };
  return { open, setOpen, close, root, trigger };
}

function face({ label, icon, iconOnly, face: own }: Trigger) {
  return (
    <>
      {icon && <Icon of={icon} size={iconOnly ? 18 : 16} />}
      {own ?? (iconOnly ? null : label)}
      {!iconOnly && !own && <Icon of={ChevronDown} size={14} />}
    </>
  );
}

export interface MenuItem {
  label: string;
  icon?: IconType;
  hint?: string | undefined;
  danger?: boolean;
  disabled?: boolean;
  onSelect: () => void;
}

export function Menu(props: Trigger & { items: readonly MenuItem[] }) {
  const { open, setOpen, close, root, trigger } = useDisclosure();
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const entries = () => [...(list.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
  useEffect(() => {
    if (open) entries()[0]?.focus();
  }, [open]);
  const onKeyDown = (event: KeyboardEvent) => {
    const all = entries();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const target = {
      ArrowDown: all[(at + 1) % all.length],
      ArrowUp: all[(at - 1 + all.length) % all.length],
      Home: all[0],
      End: all[all.length - 1],
    }[event.key];
    if (target) {
      event.preventDefault();
      target.focus();
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      close();
    } else if (event.key === "Tab") setOpen(false);
  };
  return (
    <div class="popover" ref={root}>
      <button
        ref={trigger}
        type="button"
        class={props.class ?? (props.iconOnly ? "icon-button" : "button button-secondary button-normal")}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        aria-label={props.iconOnly ? props.label : undefined}
        title={props.iconOnly ? props.label : undefined}
        onClick={() => setOpen(!open)}
      >
        {face(props)}
      </button>
      {open && (
        <div
          ref={list}
          id={id}
          class="menu"
          role="menu"
          tabIndex={-1}
          aria-label={props.label}
          onKeyDown={onKeyDown}
        >
          {props.items.map((item) => (
            <button
              key={item.label}
              type="button"
              role="menuitem"
              class={item.danger ? "menu-item menu-item-danger" : "menu-item"}
              tabIndex={-1}
              disabled={item.disabled}
              onClick={() => {
                close();
                item.onSelect();
              }}
            >
              {item.icon && <Icon of={item.icon} />}
              <span>{item.label}</span>
              {item.hint && <kbd>{item.hint}</kbd>}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

export function Popover(props: Trigger & { children: ComponentChildren; above?: boolean }) {
  const { open, setOpen, close, root, trigger } = useDisclosure();
  const id = useId();
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape closes from any control inside
    <div
      class="popover"
      ref={root}
      onKeyDown={(event) => {
        if (open && event.key === "Escape") {
          event.stopPropagation();
          close();
        }
      }}
    >
      <button
        ref={trigger}
        type="button"
        class={props.class ?? "icon-button"}
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        aria-label={props.face ? undefined : props.label}
        title={props.label}
        onClick={() => setOpen(!open)}
      >
        {face(props)}
      </button>
      {open && (
        <div id={id} class={props.above ? "panel panel-above" : "panel"}>
          {props.children}
        </div>
      )}
    </div>
  );
}
