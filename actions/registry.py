"""The explicit list of actions: what is not here, Rasa can't call."""

from actions.action import FrontlineAction
from actions.flows import (
    CancelFlow,
    CodeHint,
    CodeProblem,
    InvalidData,
    ResendCode,
    TakeBack,
    UnaskedEmail,
)
from actions.language import ChangeLanguage
from actions.orders import OrderAgain, StartOrderCheck, TellOrderStatus
from actions.passwords import SendResetLink, StartPasswordReset
from actions.people import RequestHuman, TellTicketStatus
from actions.questions import (
    AnswerQuestion,
    ChooseArticle,
    Helped,
    NoneOfThese,
    NotHelped,
    OutOfScope,
)
from actions.services import ActionServices
from actions.shop_hours import OpeningHours

ACTIONS: tuple[type[FrontlineAction], ...] = (
    AnswerQuestion,
    ChooseArticle,
    NoneOfThese,
    Helped,
    NotHelped,
    OutOfScope,
    RequestHuman,
    TellTicketStatus,
    StartOrderCheck,
    TellOrderStatus,
    OrderAgain,
    StartPasswordReset,
    SendResetLink,
    CodeProblem,
    ResendCode,
    CodeHint,
    TakeBack,
    UnaskedEmail,
    InvalidData,
    CancelFlow,
    OpeningHours,
    ChangeLanguage,
)

__all__ = ["ACTIONS", "ActionServices", "build_actions"]


def build_actions(services: ActionServices) -> list[FrontlineAction]:
    """Return every action with its services."""
    return [action(services) for action in ACTIONS]
