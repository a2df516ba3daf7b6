"""Where is my order: proof first, then status, carrier and date, and nothing more.

Unknown, foreign and right numbers look alike until the mailed code is typed.
"""

from typing import Any

import sqlalchemy as sa
from babel.dates import format_date

from actions.action import Done, FrontlineAction, Reply, Result, button, person_button, say
from actions.codes import over, refused, waiting_buttons
from actions.context import ActionCall
from actions.services import ActionServices
from bot.conversations import repository as conversations
from bot.kit.db import Tx
from bot.kit.locales import Texts
from bot.shop.order import Order, OrderStatus, date_that_matters, parse_number
from bot.verification.code import Kind, Refused, Started
from bot.verification.service import SIGNED_TOKEN


class StartOrderCheck(FrontlineAction):
    """Mails a code to the order's address; somebody the shop's own site vouches for needs none."""

    action_name = "action_start_order_check"

    async def act(self, call: ActionCall) -> Done:
        """See `FrontlineAction.act`."""
        number = parse_number(call.word("order_number") or "")
        if number is None:
            return Done(Result.FAILED, (say("utter_ask_order_number"),), {"order_number": None})
        order = await self.services.orders.find(number)
        if order is not None and await is_vouched_for(self.services, call, order):
            told = tell(order, texts=self.services.texts, locale=call.locale)
            return Done(Result.OK, (told,), _told(order))
        started = await self._send_code(call, number, order)
        if isinstance(started, Refused):
            return Done(Result.FAILED, (refused(started),), {"purpose": None})
        reply = say(
            "utter_code_sent_order", *waiting_buttons(), number=number, minutes=started.minutes
        )
        return Done(Result.OK, (reply,), {"purpose": "order", "invalid_attempts": 0.0})

    async def _send_code(
        self, call: ActionCall, number: str, order: Order | None
    ) -> Started | Refused:
        now = self.services.clock.now()
        return await self.services.db.write(
            lambda tx: self.services.verification.start(
                tx,
                conversation_id=call.conversation_id,
                turn_id=call.turn_id,
                kind=Kind.ORDER,
                subject=number,
                email=order.email if order else None,
                locale=call.locale,
                now=now,
            )
        )


class TellOrderStatus(FrontlineAction):
    """After the right code: tells about the order that the code was for, whatever the slots say."""

    action_name = "action_tell_order_status"

    async def act(self, call: ActionCall) -> Done:
        """See `FrontlineAction.act`."""
        now = self.services.clock.now()

        def step(tx: Tx) -> str | None:
            proof = self.services.verification.proof(
                tx, call.conversation_id, kind=Kind.ORDER, turn_id=call.turn_id, now=now
            )
            return proof.subject if proof else None

        number = await self.services.db.write(step)
        if number is None:
            return over()
        order = await self.services.orders.find(number)
        done = {"purpose": None, "order_number": None, "invalid_attempts": 0.0}
        if order is None:
            return Done(Result.FAILED, (say("utter_order_not_found", person_button()),), done)
        told = tell(order, texts=self.services.texts, locale=call.locale)
        return Done(Result.OK, (told,), _told(order))


class OrderAgain(FrontlineAction):
    """Asked about the order just told about: tells it again for as long as the proof holds."""

    action_name = "action_order_again"

    async def act(self, call: ActionCall) -> Done:
        """See `FrontlineAction.act`."""
        services, now = self.services, self.services.clock.now()
        order = await services.orders.find(call.word("order_told") or "")
        if order is not None:
            number = order.number
            proved = await services.db.read(
                lambda conn: services.verification.was_proved(
                    conn, call.conversation_id, kind=Kind.ORDER, subject=number, now=now
                )
            )
            if proved or await is_vouched_for(services, call, order):
                other = button("label_another_order", "order_status", correction="other")
                told = tell(order, texts=services.texts, locale=call.locale)
                told["choices"] = [other, person_button()]
                return Done(Result.OK, (told,), _told(order))
        # Nobody can be sure any more that it is the same person.
        return Done(Result.NOT_FOUND, slots={"order_told": None, "order_number": None})


def _told(order: Order) -> dict[str, Any]:
    return {
        "purpose": None,
        "order_number": None,
        "order_told": order.number,
        "invalid_attempts": 0.0,
    }


async def is_vouched_for(services: ActionServices, call: ActionCall, order: Order) -> bool:
    """Tell whether the widget's signed identity token names the order's own address."""

    def query(conn: sa.Connection) -> bool:
        conversation = conversations.get_conversation(conn, call.conversation_id)
        contact = conversations.find_contact(conn, conversation.contact_id) or {}
        return (
            contact.get("verified_how") == SIGNED_TOKEN
            and str(contact.get("verified_as")).lower() == order.email.lower()
        )

    return await services.db.read(query)


def tell(order: Order, *, texts: Texts, locale: str) -> Reply:
    """Return the sentence about an order."""
    day = date_that_matters(order)
    babel = "en_GB" if locale == "en" else locale.replace("-", "_")
    date = format_date(day, "long", locale=babel) if day else None
    buttons = (person_button(),) if order.status is OrderStatus.DELAYED else ()
    needs_carrier = order.status in {
        OrderStatus.SHIPPED,
        OrderStatus.OUT_FOR_DELIVERY,
        OrderStatus.DELAYED,
    }
    if date is None or (needs_carrier and not order.carrier):
        status = texts.bot(f"status_{order.status.value}", locale)
        return say("utter_order_status", *buttons, number=order.number, status=status)
    return say(
        f"utter_order_{order.status.value}",
        *buttons,
        number=order.number,
        carrier=order.carrier or "",
        date=date,
    )
