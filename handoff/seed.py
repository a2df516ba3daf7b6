"""The queues a fresh installation starts with; admins change them afterwards."""

from dataclasses import dataclass

from bot.kit.db import Tx
from handoff import repository


@dataclass(frozen=True, slots=True)
class SeedQueue:
    """One queue of the first day."""

    key: str
    level: str
    names: dict[str, str]
    topics: tuple[str, ...]
    is_default: bool = False


DEFAULT_QUEUES = (
    SeedQueue(
        "support",
        "N2",
        {"pt-BR": "Atendimento", "en": "Support", "es": "Atención"},
        ("general", "opening_hours", "ticket_status", "stores", "company"),
        is_default=True,
    ),
    SeedQueue(
        "billing",
        "N2",
        {"pt-BR": "Pagamentos", "en": "Billing", "es": "Pagos"},
        ("billing", "payment", "payments", "invoice", "invoices", "refund", "refunds", "prices"),
    ),
    SeedQueue(
        "orders",
        "N2",
        {"pt-BR": "Pedidos e entregas", "en": "Orders and delivery", "es": "Pedidos y entregas"},
        (
            "order",
            "orders",
            "order_status",
            "start_order_check",
            "tell_order_status",
            "delivery",
            "shipping",
            "returns",
            "exchange",
            "exchanges",
        ),
    ),
    SeedQueue(
        "accounts",
        "N2",
        {"pt-BR": "Contas e acesso", "en": "Accounts and access", "es": "Cuentas y acceso"},
        (
            "account",
            "accounts",
            "reset_password",
            "start_password_reset",
            "send_reset_link",
            "login",
            "access",
            "privacy",
            "security",
        ),
    ),
    SeedQueue(
        "technical",
        "N3",
        {"pt-BR": "Suporte técnico", "en": "Technical support", "es": "Soporte técnico"},
        ("technical", "billing", "payment", "payments", "account", "accounts", "reset_password"),
        is_default=True,
    ),
    SeedQueue(
        "logistics",
        "N3",
        {"pt-BR": "Logística", "en": "Logistics", "es": "Logística"},
        ("logistics", "order", "orders", "order_status", "delivery", "shipping", "returns"),
    ),
    SeedQueue(
        "engineering",
        "N4",
        {"pt-BR": "Engenharia", "en": "Engineering", "es": "Ingeniería"},
        ("engineering",),
        is_default=True,
    ),
)


def seed_queues(tx: Tx, *, calendar_key: str = "main") -> None:
    """Add the default queues when there is none yet; repeated calls change nothing."""
    if repository.count_queues(tx.conn):
        return
    for position, queue in enumerate(DEFAULT_QUEUES):
        repository.insert_queue(
            tx,
            key=queue.key,
            level=queue.level,
            names=queue.names,
            topics=queue.topics,
            calendar_key=calendar_key,
            is_default=queue.is_default,
            position=position,
        )
