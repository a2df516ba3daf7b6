/** The agents' console: who waits, what is known about it, and the conversation itself. */
import "@shared/tokens.css";
import "@staff/staff.css";
import "./console.css";
import "./tools.css";
import { Confirmations } from "@staff/dialog";
import { may } from "@staff/session";
import { start } from "@staff/start";
import { Toasts } from "@staff/toast";
import { refreshBoard } from "./board";
import { Console } from "./console";
import { startMentions } from "./mentions";
import { startPresence } from "./presence";
import { onHint, startStore } from "./store";

start(() => {
  if (may("tickets.read")) {
    startStore();
    startPresence();
    onHint(refreshBoard);
    startMentions();
  }
  return (
    <>
      <Console />
      <Confirmations />
      <Toasts />
    </>
  );
});
