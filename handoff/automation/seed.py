"""The macros and rules a fresh installation starts with; admins change them afterwards.

Switched on is only what harms nobody: a mail to supervisors. Rules that move tickets wait for an admin.
"""

from handoff.automation.effect import Effect, EffectKind
from handoff.automation.rule import Conditions, RuleTerms, Trigger
from handoff.ticket import Priority, TicketState

_RULES = {
    "untouched": {
        "pt-BR": "Urgente e sem ninguém há 15 minutos",
        "en": "Urgent and untouched for 15 minutes",
        "es": "Urgente y sin nadie desde hace 15 minutos",
    },
    "recontact": {
        "pt-BR": "Cliente voltou em até 3 dias",
        "en": "The customer is back within 3 days",
        "es": "El cliente volvió en menos de 3 días",
    },
    "bounced": {
        "pt-BR": "Devolvido duas vezes",
        "en": "Returned twice",
        "es": "Devuelto dos veces",
    },
    "vendor": {
        "pt-BR": "Terceiro atrasado",
        "en": "A third party is late",
        "es": "Un tercero se retrasa",
    },
    "legal": {
        "pt-BR": "Fala em advogado ou Procon",
        "en": "Speaks of a lawyer",
        "es": "Habla de un abogado",
    },
}
_MACROS = {
    "details": {
        "pt-BR": "Pedir mais detalhes",
        "en": "Ask for details",
        "es": "Pedir más detalles",
    },
    "solved": {
        "pt-BR": "Resolvido, com despedida",
        "en": "Solved, with a goodbye",
        "es": "Resuelto, con despedida",
    },
    "vendor": {
        "pt-BR": "Esperar o fornecedor",
        "en": "Wait for the vendor",
        "es": "Esperar al proveedor",
    },
}
_DETAILS = {
    "pt-BR": "Olá {customer}, para cuidar do seu pedido {number} precisamos de mais alguns detalhes: "
    "o que aconteceu, quando, e o que você já tentou?",
    "en": "Hello {customer}, to take care of your request {number} we need a few more details: "
    "what happened, when, and what have you tried so far?",
    "es": "Hola {customer}, para atender tu solicitud {number} necesitamos algunos detalles más: "
    "qué pasó, cuándo, y qué has intentado hasta ahora?",
}
_GOODBYE = {
    "pt-BR": "Que bom que deu certo, {customer}! Se precisar de algo mais, é só escrever aqui.",
    "en": "Glad that it works now, {customer}! If you need anything else, just write here.",
    "es": "¡Qué bueno que ya funciona, {customer}! Si necesitas algo más, escribe aquí.",
}
_VENDOR = {
    "pt-BR": "Estamos esperando a resposta do nosso fornecedor sobre o seu pedido {number}. "
    "Avisamos você assim que ela chegar.",
    "en": "We are waiting for our vendor's answer about your request {number}. "
    "We will tell you as soon as it is here.",
    "es": "Estamos esperando la respuesta de nuestro proveedor sobre tu solicitud {number}. "
    "Te avisamos en cuanto llegue.",
}
_NOTIFY = Effect(EffectKind.NOTIFY, to="supervisors")
_RAISE = Effect(EffectKind.RAISE_PRIORITY)


def default_rules(locale: str) -> tuple[tuple[RuleTerms, bool], ...]:
    """Return the first day's rules in order, named in `locale`, and whether each is switched on."""

    def name(key: str) -> str:
        return _RULES[key].get(locale) or _RULES[key]["en"]

    return (
        (
            RuleTerms(
                name=name("untouched"),
                triggers=(Trigger.WAITING,),
                minutes=15,
                conditions=Conditions(
                    priorities=(Priority.URGENT.value,), states=(TicketState.QUEUED.value,)
                ),
                effects=(_NOTIFY,),
            ),
            True,
        ),
        (
            RuleTerms(
                name=name("recontact"),
                triggers=(Trigger.RECONTACTED,),
                days=3,
                effects=(_RAISE, Effect(EffectKind.ESCALATE_FUNCTIONAL, to="N3")),
            ),
            False,
        ),
        (
            RuleTerms(
                name=name("bounced"),
                triggers=(Trigger.RETURNED,),
                conditions=Conditions(min_bounces=2),
                effects=(Effect(EffectKind.ESCALATE_HIERARCHICAL),),
            ),
            False,
        ),
        (
            RuleTerms(name=name("vendor"), triggers=(Trigger.THIRD_PARTY_DUE,), effects=(_NOTIFY,)),
            False,
        ),
        (
            RuleTerms(
                name=name("legal"),
                triggers=(Trigger.OPENED, Trigger.CUSTOMER_WROTE),
                conditions=Conditions(words=("advogad*", "procon", "lawyer", "abogad*")),
                effects=(_RAISE, _NOTIFY),
            ),
            False,
        ),
    )


def default_macros(locale: str) -> tuple[tuple[str, tuple[Effect, ...]], ...]:
    """Return the first day's macros, named in `locale`."""

    def name(key: str) -> str:
        return _MACROS[key].get(locale) or _MACROS[key]["en"]

    return (
        (
            name("details"),
            (Effect(EffectKind.REPLY, texts=_DETAILS), Effect(EffectKind.WAIT_CUSTOMER)),
        ),
        (
            name("solved"),
            (Effect(EffectKind.REPLY, texts=_GOODBYE), Effect(EffectKind.RESOLVE)),
        ),
        (
            name("vendor"),
            (
                Effect(EffectKind.REPLY, texts=_VENDOR),
                Effect(EffectKind.WAIT_THIRD_PARTY, days=3),
            ),
        ),
    )
