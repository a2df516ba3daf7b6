/** Accounts: who works here, adding somebody with a password that is shown once, closing an account. */
import { api, errorText } from "@staff/api";
import { Avatar, Badge, Button, Choice, Field } from "@staff/controls";
import { confirm, Dialog } from "@staff/dialog";
import { LOCALE_NAMES, LOCALES, locale, t } from "@staff/i18n";
import { Copy, TriangleAlert, UserPlus } from "@staff/icons";
import { roleName } from "@staff/preferences";
import { may, me } from "@staff/session";
import { Empty, LoadError, Skeleton } from "@staff/states";
import { toast, toastError } from "@staff/toast";
import type { StaffAccount } from "@staff/types";
import { useEffect, useState } from "preact/hooks";

const ROLES = ["agent", "supervisor", "editor", "reviewer", "admin", "auditor"] as const;
const LEVELS = ["N1", "N2", "N3", "N4"] as const;

type Created = StaffAccount & { password: string | null };

export function StaffPage() {
  const [accounts, setAccounts] = useState<StaffAccount[] | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [adding, setAdding] = useState(false);
  const [created, setCreated] = useState<Created | null>(null);
  const load = () => {
    setError(null);
    api.get<{ items: StaffAccount[] }>("/staff").then((page) => setAccounts(page.items), setError);
  };
  useEffect(() => {
    if (may("staff.manage")) load();
  }, []);
  if (!may("staff.manage")) {
    return <Empty icon={TriangleAlert} title={t("You are not allowed to do this.")} />;
  }
  const disable = async (account: StaffAccount) => {
    const yes = await confirm({
      title: t("Close the account of {name}?", { name: account.name }),
      text: t("They are logged out at once and can't log in again. What they wrote stays."),
      confirm: t("Close the account"),
      danger: true,
    });
    if (!yes) return;
    try {
      await api.post(`/staff/${account.id}/disable`);
      toast(t("Account closed."));
    } catch (problem) {
      toastError(problem);
    }
    load();
  };
  return (
    <>
      <div class="page-head">
        <h1>{t("Staff")}</h1>
        <Button variant="primary" icon={UserPlus} onClick={() => setAdding(true)}>
          {t("Add a person")}
        </Button>
      </div>
      {error ? <LoadError error={error} retry={load} /> : !accounts && <Skeleton rows={4} />}
      {accounts && (
        <ul class="articles">
          {accounts.map((account) => (
            <li key={account.id} class="staff-row">
              <Avatar name={account.name} />
              <p class="staff-who">
                <strong>{account.name}</strong>
                <span>{account.email}</span>
              </p>
              <p class="staff-role">
                <Badge tone={account.role === "admin" ? "accent" : "neutral"}>{roleName(account.role)}</Badge>
                {account.level && <Badge>{account.level}</Badge>}
                {account.disabled && <Badge tone="danger">{t("Account closed")}</Badge>}
              </p>
              {account.disabled || account.id === me.value?.id ? (
                <span>{account.id === me.value?.id && t("You")}</span>
              ) : (
                <Button size="small" onClick={() => void disable(account)}>
                  {t("Close the account")}
                  <span class="visually-hidden"> {account.name}</span>
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
      {adding && (
        <AddDialog
          close={() => setAdding(false)}
          done={(account) => {
            setAdding(false);
            setCreated(account);
            load();
          }}
        />
      )}
      {created && <PasswordDialog account={created} close={() => setCreated(null)} />}
    </>
  );
}

function AddDialog({ close, done }: { close: () => void; done: (account: Created) => void }) {
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<string>("agent");
  const [level, setLevel] = useState<string>("N2");
  const [language, setLanguage] = useState<string>(locale.value);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const hasLevel = role === "agent" || role === "supervisor";
  const add = async () => {
    if (!name.trim() || !/^\S+@\S+\.\S+$/.test(email.trim())) {
      setProblem(t("Please give a name and an e-mail address."));
      return;
    }
    setBusy(true);
    try {
      const body = { name: name.trim(), email: email.trim(), role, locale: language };
      done(await api.post<Created>("/staff", hasLevel ? { ...body, level } : body));
    } catch (error) {
      setProblem(errorText(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={t("Add a person")}
      onClose={close}
      footer={
        <>
          <Button onClick={close}>{t("Cancel")}</Button>
          <Button variant="primary" busy={busy} onClick={() => void add()}>
            {t("Add")}
          </Button>
        </>
      }
    >
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        <Field label={t("Name")}>
          {(ids) => (
            <input
              {...ids}
              class="input"
              maxLength={120}
              autocomplete="off"
              value={name}
              data-autofocus
              onInput={(event) => setName(event.currentTarget.value)}
            />
          )}
        </Field>
        <Field label={t("E-mail")}>
          {(ids) => (
            <input
              {...ids}
              class="input"
              type="email"
              maxLength={254}
              autocomplete="off"
              value={email}
              onInput={(event) => setEmail(event.currentTarget.value)}
            />
          )}
        </Field>
        <div class="form-pair">
          <Choice
            label={t("Role")}
            value={role}
            options={ROLES.map((value) => ({ value, label: roleName(value) }))}
            onChange={setRole}
          />
          {hasLevel && (
            <Choice
              label={t("Level")}
              value={level}
              options={LEVELS.map((value) => ({ value, label: value }))}
              onChange={setLevel}
            />
          )}
        </div>
        <Choice
          label={t("Language")}
          value={language}
          options={LOCALES.map((value) => ({ value, label: LOCALE_NAMES[value] }))}
          onChange={setLanguage}
        />
        {problem && (
          <p class="form-problem" role="alert">
            {problem}
          </p>
        )}
        <button type="submit" class="visually-hidden" tabIndex={-1} aria-hidden="true" />
      </form>
    </Dialog>
  );
}

function PasswordDialog({ account, close }: { account: Created; close: () => void }) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(account.password ?? "");
      toast(t("Copied."));
    } catch {
      toast(t("Please select the password and copy it."), "warning");
    }
  };
  return (
    <Dialog
      title={t("Account created")}
      onClose={close}
      footer={
        <Button variant="primary" onClick={close}>
          {t("Done")}
        </Button>
      }
    >
      <p>{t("Give this password to {name} in a safe way. It is shown only now.", { name: account.name })}</p>
      <p class="password">
        <code>{account.password}</code>
        <Button size="small" icon={Copy} data-autofocus onClick={() => void copy()}>
          {t("Copy")}
        </Button>
      </p>
    </Dialog>
  );
}
