"""The categories a fresh installation starts with, after the topics of the demo's shop."""

from dataclasses import dataclass

from bot.kit.db import Tx
from handoff.case import repository


@dataclass(frozen=True, slots=True)
class SeedCategory:
    """One category of the first day."""

    key: str
    names: dict[str, str]
    topics: tuple[str, ...]


DEFAULT_CATEGORIES = (
    SeedCategory(
        "orders",
        {"pt-BR": "Pedidos", "en": "Orders", "es": "Pedidos"},
        ("order", "orders", "order_status", "start_order_check", "tell_order_status"),
    ),
    SeedCategory(
        "delivery",
        {"pt-BR": "Entrega", "en": "Delivery", "es": "Entrega"},
        ("delivery", "shipping", "logistics"),
    ),
    SeedCategory(
        "returns",
        {
            "pt-BR": "Trocas e devoluções",
            "en": "Returns and exchanges",
            "es": "Cambios y devoluciones",
        },
        ("returns", "exchange", "exchanges"),
    ),
    SeedCategory(
        "payments",
        {"pt-BR": "Pagamentos", "en": "Payments", "es": "Pagos"},
        (
            "billing",
            "payment",
            "payments",
            "invoice",
            "invoices",
            "refund",
            "refunds",
            "prices",
        ),
    ),
    SeedCategory(
        "accounts",
        {"pt-BR": "Conta e acesso", "en": "Account and access", "es": "Cuenta y acceso"},
        (
            "account",
            "accounts",
            "reset_password",
            "start_password_reset",
            "send_reset_link",
            "login",
            "access",
        ),
    ),
    SeedCategory(
        "privacy",
        {
            "pt-BR": "Privacidade e segurança",
            "en": "Privacy and security",
            "es": "Privacidad y seguridad",
        },
        ("privacy", "security"),
    ),
    SeedCategory(
        "technical",
        {"pt-BR": "Problemas técnicos", "en": "Technical problems", "es": "Problemas técnicos"},
        ("technical", "engineering"),
    ),
    SeedCategory(
        "general",
        {"pt-BR": "Outros assuntos", "en": "Other matters", "es": "Otros asuntos"},
        ("general", "opening_hours", "ticket_status", "stores", "company"),
    ),
)


def seed_categories(tx: Tx) -> None:
    """Add the default categories when there is none yet; repeated calls change nothing."""
    if repository.list_categories(tx.conn):
        return
    for position, category in enumerate(DEFAULT_CATEGORIES):
        repository.insert_category(
            tx,
            category.key,
            names=category.names,
            topics=category.topics,
            position=position,
        )
