/**
 * Modal dialogs on the browser's own <dialog>: it keeps the focus inside, makes the rest inert, closes on
 * Escape and gives the focus back. `confirm` asks a question and waits for the answer.
 */
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { Button, IconButton } from "./controls";
import { t } from "./i18n";
import { X } from "./icons";

export function Dialog(props: {
  title: string;
  onClose: () => void;
  wide?: boolean;
  footer?: ComponentChildren;
  children: ComponentChildren;
}) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const dialog = element.current;
    const before = document.activeElement;
    dialog?.showModal();
    dialog?.querySelector<HTMLElement>("[data-autofocus]")?.focus();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape is the keyboard's way, the browser handles it
    <dialog
      ref={element}
      class={props.wide ? "dialog dialog-wide" : "dialog"}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
      onClick={(event) => {
        if (event.target === element.current) props.onClose();
      }}
    >
      <div class="dialog-box">
        <header class="dialog-head">
          <h2 id={id}>{props.title}</h2>
          <IconButton label={t("Close")} icon={X} onClick={props.onClose} />
        </header>
        <div class="dialog-body">{props.children}</div>
        {props.footer && <footer class="dialog-foot">{props.footer}</footer>}
      </div>
    </dialog>
  );
}

interface Question {
  title: string;
  text: string;
  confirm: string;
  danger?: boolean;
}

const open = signal<(Question & { answer: (yes: boolean) => void }) | null>(null);

export function confirm(question: Question): Promise<boolean> {
  return new Promise((resolve) => {
    open.value = {
      ...question,
      answer: (yes) => {
        open.value = null;
        resolve(yes);
      },
    };
  });
}

/** Where `confirm` shows its question; placed once in each application. */
export function Confirmations() {
  const question = open.value;
  if (!question) return null;
  return (
    <Dialog
      title={question.title}
      onClose={() => question.answer(false)}
      footer={
        <>
          <Button onClick={() => question.answer(false)}>{t("Cancel")}</Button>
          <Button
            variant={question.danger ? "danger" : "primary"}
            data-autofocus
            onClick={() => question.answer(true)}
          >
            {question.confirm}
          </Button>
        </>
      }
    >
      <p>{question.text}</p>
    </Dialog>
  );
}
