"""What the demo shop consists of: customers, orders in every state, opening hours. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from bot.hours.calendar import Calendar, Interval, SpecialDay
from bot.shop.order import OrderStatus
from bot.staff.account import Role

FIRST_NUMBER = 10_001
ORDERS = 66
CARRIERS = ("Rota Azul", "Ligeiro Express", "Andorinha Entregas")
"""As fictional as the shop."""
CUSTOMERS = (
    ("ana", "Ana Souza"),
    ("bruno", "Bruno Carvalho"),
    ("carla", "Carla Mendes"),
    ("daniel", "Daniel Ferreira"),
    ("elisa", "Elisa Ramos"),
    ("felipe", "Felipe Nunes"),
    ("gabriela", "Gabriela Pinto"),
    ("hugo", "Hugo Barbosa"),
    ("irene", "Irene Castillo"),
    ("joao", "João Teixeira"),
    ("karen", "Karen Miller"),
    ("lucas", "Lucas Moreira"),
    ("mariana", "Mariana Dias"),
    ("nicolas", "Nicolás Herrera"),
    ("olivia", "Olivia Brown"),
    ("paulo", "Paulo Azevedo"),
    ("quiteria", "Quitéria Lopes"),
    ("rafael", "Rafael Cardoso"),
    ("sara", "Sara Jiménez"),
    ("tomas", "Tomás Vidal"),
    ("ursula", "Úrsula Freitas"),
    ("vitor", "Vítor Antunes"),
    ("wanda", "Wanda Correia"),
    ("ximena", "Ximena Rojas"),
    ("yara", "Yara Batista"),
    ("zeca", "Zeca Monteiro"),
    ("alice", "Alice Walker"),
    ("beto", "Beto Siqueira"),
    ("camila", "Camila Torres"),
    ("diego", "Diego Morales"),
    ("emma", "Emma Wilson"),
    ("fabio", "Fábio Rezende"),
)
"""Name before `@example.com`, and full name."""


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody who works at the shop."""

    email: str
    name: str
    role: Role
    level: str | None
    title: str
    """What is printed beside the password."""


PEOPLE = (
    DemoPerson("nina@aurora.example", "Nina Prado", Role.AGENT, "N2", "agent N2"),
    DemoPerson("tiago@aurora.example", "Tiago Lima", Role.AGENT, "N3", "agent N3"),
    DemoPerson("sofia@aurora.example", "Sofia Reis", Role.AGENT, "N4", "agent N4"),
    DemoPerson("sergio@aurora.example", "Sérgio Matos", Role.SUPERVISOR, None, "supervisor"),
    DemoPerson("edite@aurora.example", "Edite Campos", Role.EDITOR, None, "editor"),
    DemoPerson("renata@aurora.example", "Renata Alves", Role.REVIEWER, None, "reviewer"),
    DemoPerson("adriana@aurora.example", "Adriana Rocha", Role.ADMIN, None, "admin"),
    DemoPerson("augusto@aurora.example", "Augusto Neri", Role.AUDITOR, None, "auditor"),
)
_WEEKDAY = (Interval.parse("09:00", "12:00"), Interval.parse("13:00", "18:00"))
_MORNING = (Interval.parse("09:00", "12:00"),)
CALENDAR = Calendar(
    key="main",
    name="Loja Aurora",
    timezone="America/Sao_Paulo",
    week=(*(_WEEKDAY for _ in range(5)), (Interval.parse("09:00", "13:00"),), ()),
    special_days=(
        SpecialDay(
            12,
            24,
            names={"pt-BR": "véspera de Natal", "en": "Christmas Eve", "es": "Nochebuena"},
            intervals=_MORNING,
        ),
        SpecialDay(
            12,
            31,
            names={"pt-BR": "véspera de Ano Novo", "en": "New Year's Eve", "es": "Nochevieja"},
            intervals=_MORNING,
        ),
    ),
    country="BR",
    state="SP",
)


@dataclass(frozen=True, slots=True)
class DemoOrder:
    """An order of the demo shop and the customer it belongs to."""

    number: str
    email: str
    status: OrderStatus
    carrier: str | None
    placed_on: date
    shipped_on: date | None = None
    expected_on: date | None = None
    delivered_on: date | None = None


def demo_orders(today: date) -> Iterator[DemoOrder]:
    """Yield every order, with dates that make sense today; each state is about equally common."""
    states = list(OrderStatus)
    for index in range(ORDERS):
        number = FIRST_NUMBER + index
        # AUR-10023 is the number in every example: it belongs to the first customer.
        owner = 0 if number == 10_023 else index % len(CUSTOMERS)
        yield _order(
            f"AUR-{number}",
            f"{CUSTOMERS[owner][0]}@example.com",
            OrderStatus.SHIPPED if number == 10_023 else states[index % len(states)],
            CARRIERS[index % len(CARRIERS)],
            today,
            spread=index % 5,
        )


def _order(
    number: str, email: str, status: OrderStatus, carrier: str, today: date, *, spread: int
) -> DemoOrder:
    def days(offset: int) -> date:
        return today + timedelta(days=offset)

    placed: date
    shipped: date | None = None
    expected: date | None = None
    delivered: date | None = None
    match status:
        case OrderStatus.PLACED:
            placed = days(-1 - spread % 3)
        case OrderStatus.PAID:
            placed, expected = days(-2), days(6 + spread)
        case OrderStatus.SHIPPED:
            placed, shipped, expected = days(-5), days(-2), days(2 + spread)
        case OrderStatus.OUT_FOR_DELIVERY:
            placed, shipped, expected = days(-7 - spread), days(-4), days(0)
        case OrderStatus.DELAYED:
            placed, shipped, expected = days(-16 - spread), days(-12), days(2 + spread)
        case OrderStatus.DELIVERED:
            placed, shipped, expected = days(-20 - spread), days(-17), days(-10)
            delivered = days(-11 + spread)
        case OrderStatus.CANCELLED:
            placed = days(-9 - spread)
        case OrderStatus.RETURNED:
            placed, shipped, expected = days(-40 - spread), days(-37), days(-30)
            delivered = days(-6 - spread)
    return DemoOrder(
        number=number,
        email=email,
        status=status,
        carrier=carrier if shipped else None,
        placed_on=placed,
        shipped_on=shipped,
        expected_on=expected,
        delivered_on=delivered,
    )
