/** The FAQ editors' pages: articles, trying them out, and for admins the accounts and the state of the system. */
import "@shared/tokens.css";
import "@staff/staff.css";
import "./admin.css";
import { Confirmations } from "@staff/dialog";
import { start } from "@staff/start";
import { Toasts } from "@staff/toast";
import { Admin } from "./admin";

start(() => (
  <>
    <Admin />
    <Confirmations />
    <Toasts />
  </>
));
