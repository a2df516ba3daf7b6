/** Words for the closed sets of the API. A value the page does not know is shown as it is, made readable. */
import type { Tone } from "./controls";
import { decimal, humanize, percent } from "./format";
import { isLocale, LOCALE_NAMES, t } from "./i18n";
import type { Priority, TicketState, Why } from "./types";

type Words = Record<string, string>;

function word(words: Words, value: string): string {
  return words[value] ?? humanize(value);
}

export function stateName(state: TicketState): string {
  return word(
    {
      queued: t("In queue"),
      claimed: t("In progress"),
      waiting_customer: t("Waiting for customer"),
      waiting_third_party: t("Waiting for third party"),
      snoozed: t("Snoozed"),
      resolved: t("Resolved"),
      closed: t("Closed"),
    },
    state,
  );
}

export function stateTone(state: TicketState): Tone {
  const tones: Record<TicketState, Tone> = {
    queued: "warning",
    claimed: "accent",
    waiting_customer: "neutral",
    waiting_third_party: "neutral",
    snoozed: "neutral",
    resolved: "success",
    closed: "neutral",
  };
  return tones[state] ?? "neutral";
}

export function priorityName(priority: Priority): string {
  return word({ urgent: t("Urgent"), high: t("High"), normal: t("Normal"), low: t("Low") }, priority);
}

/** Why the bot handed the conversation over, as a sentence. */
export function reasonText(reason: string): string {
  return word(
    {
      customer_asked: t("The customer asked for a person."),
      not_understood: t("The bot did not understand the request."),
      not_helped: t("The bot's answer did not help."),
      action_failed: t("Something the bot tried to do failed."),
      code_failed: t("The customer could not confirm their identity."),
      bot_unavailable: t("The bot was not available."),
      invalid_data: t("The customer's data could not be used."),
      rule: t("A rule sent it to people."),
    },
    reason,
  );
}

/** Routes and intents share their names where they mean the same. */
export function routeName(route: string): string {
  return word(
    {
      reset_password: t("Password reset"),
      order_status: t("Order status"),
      opening_hours: t("Opening hours"),
      ticket_status: t("Ticket status"),
      human: t("Talk to a person"),
      faq: t("Question"),
      article: t("Question"),
      clarify: t("Ask back"),
      smalltalk: t("Small talk"),
      chitchat: t("Small talk"),
      greet: t("Greeting"),
      goodbye: t("Goodbye"),
      thanks: t("Thanks"),
      abuse: t("Abuse"),
      affirm: t("Yes"),
      deny: t("No"),
      inform: t("Gives information"),
      helped: t("It helped"),
      not_helped: t("It did not help"),
      out_of_scope: t("Out of scope"),
      nlu_fallback: t("Not understood"),
      bot_challenge: t("Are you a bot?"),
      capabilities: t("What the bot can do"),
      cancel: t("Cancel"),
      change_language: t("Another language"),
      resend_code: t("Another code"),
      code: t("Code"),
      code_ok: t("Right code"),
      code_failed: t("Wrong code"),
      code_locked: t("Code locked"),
      choose_article: t("Chosen article"),
      pause: t("Asks for a moment"),
    },
    route,
  );
}

/** One reason of a decision as a sentence; a code the page does not know is shown as it is. */
export function whyText({ code, ...values }: Why): string {
  const words = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === "number" ? figure(name, value) : value,
    ]),
  );
  const sentences: Words = {
    asks_person: t("The message asks for a person in so many words."),
    only_names: t("The message only names a number or an address."),
    other_script: t("The message is written in another script."),
    known: t("The training examples contain exactly this."),
    nothing_to_read: t("There are no words in the message."),
    eager: t("Missing this costs more than starting it: {needed} is enough.", words),
    clear: t("The model is {confidence} sure; {needed} is enough.", words),
    not_confident: t("The model is only {confidence} sure; this intent needs {needed}.", words),
    unlike_training: t("It is unlike anything in training: {scope}, and {limit} is needed.", words),
    two_alike: t("It could as well be something else: {margin} ahead, and {limit} is needed.", words),
    article_surer: t("The model is less sure than the article that answers."),
    stated: t("A button, a command or a checked code said so."),
    typed_choice: t("The customer typed what a button says."),
    asks_to_wait: t("The message only asks for a moment."),
    several: t("The first of several requests; the rest is offered next: {others}", words),
    no_code_awaited: t("No code is awaited any more."),
    bot_unavailable: t("The bot was not available; this is what happens without it ({cause}).", words),
    nearest: t("The nearest article is “{title}” with a score of {score}.", words),
    lead: t("It is {margin} ahead of “{title}”.", words),
    answers: t("It answers the question with a confidence of {confidence}; {needed} is enough.", words),
    asks_back: t(
      "It answers with a confidence of {confidence}: enough to ask back, not to answer ({needed}).",
      words,
    ),
    too_far: t("No article is near enough in meaning: {meaning}, and {limit} is needed.", words),
    no_article: t("There is no published article."),
    other_language: t("The article is shown in another language: {language}.", words),
    notice: t("It concerns the notice “{title}”, which is said first, once per conversation.", words),
    note: String(values.text ?? ""),
  };
  return word(sentences, code);
}

function figure(name: string, value: number): string {
  return name === "confidence" || name === "needed" ? percent(value) : decimal(value);
}

export function factName(name: string): string {
  return word(
    {
      order_number: t("Order number"),
      email: t("E-mail"),
      purpose: t("Purpose"),
      name: t("Name"),
      phone: t("Phone"),
      question: t("Question"),
    },
    name,
  );
}

export function actionName(action: string): string {
  return word(
    {
      action_answer_question: t("Searched the knowledge base"),
      action_request_human: t("Asked for a person"),
      action_start_order_check: t("Sent a code to check the order"),
      action_tell_order_status: t("Looked up the order"),
      action_start_password_reset: t("Sent a code for the password reset"),
      action_send_reset_link: t("Sent the password reset link"),
      action_code_problem: t("Checked the code"),
      action_resend_code: t("Sent the code again"),
      action_opening_hours: t("Told the opening hours"),
      action_ticket_status: t("Told the ticket status"),
      action_invalid_data: t("Asked again for the data"),
      action_cancel_flow: t("Cancelled at the customer's wish"),
      action_not_helped: t("Asked whether the answer helped"),
      action_helped: t("Asked whether the answer helped"),
      action_choose_article: t("Offered articles to choose from"),
      action_out_of_scope: t("Explained what the bot can do"),
    },
    action,
  );
}

export function outcomeName(outcome: string): string {
  return word(
    {
      ok: t("Worked"),
      failed: t("Failed"),
      clarify: t("Asked back"),
      not_found: t("Found nothing"),
      handoff: t("Handed over"),
      again: t("Tried again"),
      locked: t("Locked"),
      wrong: t("Wrong code"),
    },
    outcome,
  );
}

export function outcomeTone(outcome: string): Tone {
  if (outcome === "ok") return "success";
  return ["failed", "locked", "wrong", "not_found"].includes(outcome) ? "danger" : "neutral";
}

export function channelName(channel: string): string {
  return word({ web: t("Web chat"), widget: t("Web chat"), telegram: "Telegram" }, channel);
}

export function languageName(tag: string): string {
  return isLocale(tag) ? LOCALE_NAMES[tag] : tag;
}

/** Who did it: a person, or a rule by its name. */
export function actorName(actor: { id: string; name: string } | null): string {
  if (!actor) return t("System");
  const rule = actor.id ? null : /^rule (.*)$/s.exec(actor.name);
  return rule ? t("Rule “{name}”", { name: rule[1] ?? "" }) : actor.name;
}

/** One line of a ticket's history. */
export function eventText(kind: string): string {
  return word(
    {
      opened: t("Ticket opened"),
      claimed: t("Claimed"),
      assigned: t("Assigned"),
      transferred: t("Passed on"),
      auto_assigned: t("Assigned automatically"),
      accepted: t("Accepted"),
      given_back: t("Given back to the queue"),
      assignment_missed: t("Not accepted in time"),
      assignee_left: t("Agent is gone"),
      moved: t("Moved"),
      escalated: t("Escalated"),
      escalated_functional: t("Escalated to another team or level"),
      escalated_hierarchical: t("Escalated to management"),
      functional: t("Escalated to another team or level"),
      hierarchical: t("Escalated to management"),
      returned: t("Returned to the level below"),
      waiting: t("Waiting"),
      waiting_customer: t("Waiting for customer"),
      waiting_third_party: t("Waiting for third party"),
      snoozed: t("Snoozed"),
      woken: t("Snooze ended"),
      priority: t("Priority changed"),
      macro: t("Macro applied"),
      rule: t("A rule fitted"),
      rule_failed: t("A rule failed"),
      notified: t("Notified by mail"),
      third_party_due: t("The third party is late"),
      sla_warning: t("Due soon"),
      sla_breached: t("Overdue"),
      sla_priority: t("Priority changed"),
      sla_moved: t("Put back in line"),
      sla_escalated_functional: t("Escalated to another team or level"),
      sla_escalated_hierarchical: t("Escalated to management"),
      note: t("Internal note"),
      category: t("Category changed"),
      subject: t("Subject changed"),
      tag_added: t("Tag added"),
      tag_removed: t("Tag removed"),
      linked_related: t("Linked as related to"),
      linked_duplicate_of: t("Linked as a duplicate of"),
      linked_has_duplicate: t("Linked with its duplicate"),
      linked_caused_by: t("Linked as caused by"),
      linked_cause_of: t("Linked as the cause of"),
      unlinked: t("Link removed"),
      merged_into: t("Merged into"),
      merged_from: t("Merged with"),
      watched: t("Began to watch"),
      unwatched: t("Stopped watching"),
      replied: t("Replied"),
      customer_replied: t("Customer replied"),
      customer_chose: t("Customer chose how to wait"),
      customer_confirmed: t("Customer says that it is solved"),
      told_by_mail: t("Customer told by mail"),
      resolved: t("Resolved"),
      reopened: t("Reopened"),
      closed: t("Closed"),
      article_proposed: t("Article proposed"),
      article_sent_back: t("Proposed article sent back"),
      article_accepted: t("Proposed article accepted"),
      article_withdrawn: t("Proposed article withdrawn"),
    },
    kind,
  );
}
