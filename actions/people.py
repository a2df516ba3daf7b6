"""A person is wanted, or the customer asks how the case is going."""

from actions.action import Done, FrontlineAction, Reply, Result, person_button, say
from actions.context import ActionCall
from actions.hand_off import hand_off
from handoff.service import TicketStatus
from handoff.ticket import Reason, TicketState


class RequestHuman(FrontlineAction):
    """Obeyed at once, wherever the conversation stands."""

    action_name = "action_request_human"

    async def act(self, call: ActionCall) -> Done:
        """See `FrontlineAction.act`."""
        return await hand_off(self.services, call, Reason.CUSTOMER_ASKED)


class TellTicketStatus(FrontlineAction):
    """Where the customer's latest case stands."""

    action_name = "action_ticket_status"

    async def act(self, call: ActionCall) -> Done:
        """See `FrontlineAction.act`."""
        status = await self.services.db.read(
            lambda conn: self.services.desk.status_for_customer(
                conn, call.conversation_id, now=self.services.clock.now()
            )
        )
        # Without a case a person is offered; "yes" then calls one.
        result = Result.NOT_FOUND if status is None else Result.OK
        return Done(result, (describe(status),))


def describe(status: TicketStatus | None) -> Reply:
    """Return what to say about a case."""
    if status is None:
        return say("utter_no_ticket", person_button())
    known = {"number": status.number, "queue": status.queue, "level": status.level_name}
    match status.state:
        case TicketState.QUEUED:
            return say(
                "utter_ticket_is_queued",
                **known,
                position=status.position or 1,
                soon=status.soon,
            )
        case TicketState.CLAIMED:
            key = "utter_ticket_is_claimed" if status.assignee_name else "utter_ticket_is_open"
            return say(key, **known, name=status.assignee_name or "")
        case TicketState.WAITING_CUSTOMER | TicketState.WAITING_THIRD_PARTY | TicketState.SNOOZED:
            return say(f"utter_ticket_is_{status.state.value}", **known)
        case TicketState.RESOLVED | TicketState.CLOSED:
            return say("utter_ticket_is_resolved", person_button(), **known)
