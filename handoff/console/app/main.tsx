/** The agents' console: who waits, what is known about it, and the conversation itself. */
import "@shared/tokens.css";
import "@staff/staff.css";
import "./console.css";
import { Confirmations } from "@staff/dialog";
import { may } from "@staff/session";
import { start } from "@staff/start";
import { Toasts } from "@staff/toast";
import { Console } from "./console";
import { startStore } from "./store";

start(() => {
  if (may("tickets.read")) startStore();
  return (
    <>
      <Console />
      <Confirmations />
      <Toasts />
    </>
  );
});
