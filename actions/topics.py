"""What a hand-off is about, from the flow the customer was in or from the words used. Pure."""

import unicodedata
from collections.abc import Sequence

_STEMS: dict[str, tuple[str, ...]] = {
    "payment": (
        "pagament", "pagar", "pague", "pago", "paga", "boleto", "pix", "cartao", "cobra", "fatura",
        "nota fiscal", "reembols", "estorn", "cupom", "desconto", "parcela", "payment", "pay",
        "paid", "billing", "billed", "charge", "invoice", "refund", "coupon", "discount",
        "credit card",
        "tarjeta", "factura", "cupon", "descuento", "cuota", "devolucion del dinero",
    ),
    "returns": (
        "troca", "trocar", "devol", "arrepend", "defeit", "return", "exchange", "broken", "damaged",
        "cambio", "cambiar", "defectuos", "roto", "danad", "garantia", "warranty",
    ),
    "delivery": (
        "pedido", "entreg", "frete", "envio", "enviar", "rastre", "transportador", "correios",
        "atras", "chegou", "chega", "encomenda", "order", "deliver", "shipping", "shipment",
        "tracking", "package", "parcel", "courier", "late", "orden", "entrega", "llego", "paquete",
        "seguimiento", "retras", "demora",
    ),
    "account": (
        "senha", "login", "logar", "acess", "cadastro", "conta", "password", "account", "log in",
        "sign in", "contrasena", "clave", "cuenta", "acceso", "registro", "lgpd", "gdpr",
        "privacidade", "privacy", "privacidad",
    ),
    "technical": (
        "erro", "bug", "trav", "aplicativo", "nao carrega", "nao abre", "crash", "error",
        "not loading", "website", "app", "aplicacion", "no carga", "falla",
    ),
}  # fmt: skip
"""Beginnings of words, folded; the keys are topics that queues list."""
_PURPOSES = {"order": "order_status", "reset": "reset_password"}
_LOOPS = {"order_form": "order_status", "reset_form": "reset_password"}


def topic_of(
    texts: Sequence[str], *, purpose: str | None = None, active_loop: str | None = None
) -> str | None:
    """Return the topic for routing, or None when nothing tells.

    Args:
        texts: what the customer wrote, newest first. What is said with the wish for a person decides,
            then the flow that is under way, then what was said before.
        purpose: slot: what a code is awaited for.
        active_loop: the form that asks at the moment.
    """
    flow = _LOOPS.get(active_loop or "") or _PURPOSES.get(purpose or "")
    found = [_topic_in(text) for text in texts]
    return next((topic for topic in (*found[:1], flow, *found[1:]) if topic is not None), None)


def _topic_in(text: str) -> str | None:
    plain = unicodedata.normalize("NFKD", text.lower())
    words = " " + "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    counts = {topic: sum(f" {stem}" in words for stem in stems) for topic, stems in _STEMS.items()}
    best = max(counts, key=lambda topic: counts[topic])
    return best if counts[best] else None
