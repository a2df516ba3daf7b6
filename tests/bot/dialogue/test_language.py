"""The bot answers in the language it was written to; short messages don't make it change."""

import pytest

from bot.dialogue.language import NgramDetector, choose_language

DETECTOR = NgramDetector()


@pytest.mark.parametrize(
    ("text", "current", "expected"),
    [
        ("oi", "en", "pt-BR"),
        ("hola", "pt-BR", "es"),
        ("hello", "pt-BR", "en"),
        ("vocês abrem domingo?", "en", "pt-BR"),
        ("voces abrem domingo", "en", "pt-BR"),
        ("are you open on Christmas?", "pt-BR", "en"),
        ("¿abren el domingo?", "pt-BR", "es"),
        ("quero falar com uma pessoa", "en", "pt-BR"),
        ("I want to talk to a person", "pt-BR", "en"),
        ("quiero hablar con una persona", "pt-BR", "es"),
        ("n consigo entra na minha conta", "es", "pt-BR"),
        ("where's my stuff", "pt-BR", "en"),
        ("olvidé mi contraseña", "en", "es"),
        ("quanto custa o frete", "en", "pt-BR"),
        ("como funciona o vale-presente?", "pt-BR", "pt-BR"),
        ("vale, gracias", "pt-BR", "es"),
        ("como cambio un producto", "pt-BR", "es"),
        ("do you ship to Mexico", "pt-BR", "en"),
        ("sorry, it's davi@example.com", "pt-BR", "en"),
        ("mi correo es ana@example.com", "pt-BR", "es"),
    ],
)
def test_a_clear_message_switches(text: str, current: str, expected: str) -> None:
    assert choose_language(text, current=current, detector=DETECTOR) == expected


@pytest.mark.parametrize("current", ["pt-BR", "en", "es"])
@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (
            "tchau|blz|kd|nao chegou|ta atrasado|beleza|que horas abre|rastreio|como devolvo",
            "pt-BR",
        ),
        ("fala portugues|n consigo entra|cade meu troco|ATENDENTEEE", "pt-BR"),
        ("chau|xfa|q onda|no llego|asesor|adios|como devuelvo|olvide la clave|contrasena", "es"),
        ("hablas espanol|ya salio mi paquete|donde queda la tienda|a que hora cierran", "es"),
        ("yes|thx|bye|didnt arrive|whats up|in stock|pls help|arrived broken|good morning", "en"),
        ("cant log in|wheres my stuff|u open today|forgot it", "en"),
    ],
)
def test_short_messages_without_accents(texts: str, expected: str, current: str) -> None:
    for text in texts.split("|"):
        assert choose_language(text, current=current, detector=DETECTOR) == expected, text


@pytest.mark.parametrize("current", ["pt-BR", "en", "es"])
@pytest.mark.parametrize(
    "text",
    ["ok", "AUR-10023", "12345", "😀", "ana@example.com", "?", "pix", "10023", "", "asdf qwer"],
)
def test_what_says_nothing_keeps_the_language(text: str, current: str) -> None:
    assert choose_language(text, current=current, detector=DETECTOR) == current


@pytest.mark.parametrize(
    ("text", "current"),
    [
        ("pedido nº10023, por favor", "pt-BR"),
        ("pedido 10023 por favor", "es"),
        ("blorp fleem qwerty", "pt-BR"),
        ("asdfgh zxcv", "es"),
        ("por favor transfira para o suporte humano", "pt-BR"),
        ("roll a dice", "en"),
        ("me cobraron dos veces", "es"),
        ("Maria", "en"),
        ("{{7*7}} ${jndi:ldap://x/y} %s %n", "en"),
        ("[click](javascript:alert(1))", "pt-BR"),
        ("<script>alert(1)</script>", "es"),
        ("'; DROP TABLE messages; --", "pt-BR"),
    ],
)
def test_shared_words_and_gibberish_do_not_switch(text: str, current: str) -> None:
    assert choose_language(text, current=current, detector=DETECTOR) == current
