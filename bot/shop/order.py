"""Orders as the front line sees them, and the Protocol of the system that knows them. Pure."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

_NUMBER = re.compile(r"(?:AUR)?[\s\-–—_.#:]*(\d{4,6})", re.IGNORECASE)


class OrderStatus(StrEnum):
    """Where an order is."""

    PLACED = "placed"
    """Waiting for the payment."""
    PAID = "paid"
    """Paid, being prepared."""
    SHIPPED = "shipped"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Order:
    """What may be told about an order, and whose it is. Nothing else leaves the order system."""

    number: str
    email: str
    status: OrderStatus
    carrier: str | None = None
    placed_on: date | None = None
    shipped_on: date | None = None
    expected_on: date | None = None
    delivered_on: date | None = None


class OrderBook(Protocol):
    """The system that knows orders."""

    async def find(self, number: str) -> Order | None:
        """Return the order with this number (as `parse_number` writes it), or None."""
        ...


def parse_number(text: str) -> str | None:
    """Return an order number such as `AUR-10023` from how somebody typed it, or None."""
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        return None
    return "AUR-" + "".join(str(int(digit)) for digit in match.group(1))


def date_that_matters(order: Order) -> date | None:
    """Return the one date a customer wants to hear about in this status."""
    match order.status:
        case OrderStatus.PLACED | OrderStatus.CANCELLED:
            return order.placed_on
        case (
            OrderStatus.PAID
            | OrderStatus.SHIPPED
            | OrderStatus.OUT_FOR_DELIVERY
            | OrderStatus.DELAYED
        ):
            return order.expected_on
        case OrderStatus.DELIVERED | OrderStatus.RETURNED:
            return order.delivered_on
