"""Rasa's answers become messages in the customer's language. Pure but for fresh button ids."""

from collections.abc import Callable, Sequence

from bot.conversations.conversation import Author, Choice, Draft
from bot.dialogue.rasa_wire import RasaChoice, RasaReply
from bot.kit.ids import new_token
from bot.kit.locales import Texts

MAX_LABEL = 60
"""Longer labels are cut: a Telegram button shows about 40 characters, a phone two lines."""


def render_choice(
    choice: RasaChoice,
    texts: Texts,
    locale: str,
    *,
    make_id: Callable[[], str],
    channel: str | None = None,
) -> Choice:
    """Turn a button into its stored form with an opaque id."""
    label = choice.label or (
        texts.bot(choice.say, locale, channel=channel) if choice.say else choice.intent
    )
    label = label if len(label) <= MAX_LABEL else label[: MAX_LABEL - 1].rstrip() + "…"
    return Choice(id=make_id(), label=label, intent=choice.intent, entities=dict(choice.entities))


def render_replies(
    replies: Sequence[RasaReply],
    texts: Texts,
    locale: str,
    *,
    in_reply_to: str | None,
    channel: str | None = None,
    make_id: Callable[[], str] = lambda: new_token(9),
) -> list[Draft]:
    """Turn what Rasa wants said into drafts; nothing to say gives none.

    Raises:
        KeyError: a text key that no catalogue has.
    """
    drafts = []
    for reply in replies:
        text = reply.markdown or texts.bot(
            reply.say or "", locale, reply.variables, channel=channel
        )
        drafts.append(
            Draft(
                author=Author.BOT,
                text=text.strip(),
                choices=tuple(
                    render_choice(choice, texts, locale, make_id=make_id, channel=channel)
                    for choice in reply.choices
                ),
                in_reply_to=in_reply_to,
            )
        )
    return [draft for draft in drafts if draft.text]
