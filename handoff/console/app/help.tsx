/** The sheet of keyboard shortcuts. */
import { signal } from "@preact/signals";
import { Dialog } from "@staff/dialog";
import { t } from "@staff/i18n";

export const helpOpen = signal(false);

export function HelpSheet() {
  const keys: [string[], string][] = [
    [["j"], t("Next ticket")],
    [["k"], t("Previous ticket")],
    [["n"], t("Claim next")],
    [["c"], t("Claim this ticket")],
    [["r"], t("Write a reply")],
    [["e"], t("Pass on or escalate")],
    [["x"], t("Resolve")],
    [["i"], t("Write an internal note")],
    [["a"], t("Suggested articles")],
    [["v"], t("Choose this ticket")],
    [["Shift", "J"], t("Choose and go on")],
    [["s"], t("Search everything")],
    [["/"], t("Search")],
    [["/"], t("In a reply: insert a canned reply")],
    [["Enter"], t("Send")],
    [["Shift", "Enter"], t("New line")],
    [["?"], t("This help")],
  ];
  return (
    <Dialog
      title={t("Keyboard shortcuts")}
      onClose={() => {
        helpOpen.value = false;
      }}
    >
      <dl class="shortcut-list">
        {keys.map(([names, text]) => (
          <div key={text}>
            <dt>
              {names.map((name) => (
                <kbd key={name}>{name}</kbd>
              ))}
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <p class="field-hint">{t("They can be switched off under your account.")}</p>
    </Dialog>
  );
}
