"""What a message names: formats that count, and numbers that do not."""

from typing import List, Optional

import pytest

from components.entities import find_entities, says_only


def values(text: str, kind: str) -> List[str]:
    return [entity.value for entity in find_entities(text) if entity.entity == kind]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AUR-10023", "AUR-10023"),
        ("aur 10023", "AUR-10023"),
        ("Aur10023", "AUR-10023"),
        ("AUR – 10023", "AUR-10023"),
        ("aur#10023", "AUR-10023"),
        ("onde está o AUR-10023?", "AUR-10023"),
        ("(aur-10023)", "AUR-10023"),
        ("10023", "AUR-10023"),
        ("#10023", "AUR-10023"),
        ("é o #10023, obrigado", "AUR-10023"),
        ("é o 10023", "AUR-10023"),
        ("it's 10023", "AUR-10023"),
        ("es el 10023", "AUR-10023"),
        ("pedido 10023 não chegou", "AUR-10023"),
        ("meu pedido nº 10023 sumiu", "AUR-10023"),
        ("número do pedido: 10023", "AUR-10023"),
        ("where is order 10023", "AUR-10023"),
        ("my order number is 10023", "AUR-10023"),
        ("dónde está la orden 10023", "AUR-10023"),
        ("el número es 10023", "AUR-10023"),
        ("nº 10023", "AUR-10023"),
        ("１００２３", "AUR-10023"),
        ("1234", "AUR-1234"),
        ("o número é #10.023", "AUR-10023"),
        ("AUR-10.023", "AUR-10023"),
        ("10.023", "AUR-10023"),
        ("A U R 1 0 0 2 3", "AUR-10023"),
        ("aur 10 023", "AUR-10023"),
        ("aur_10023", "AUR-10023"),
        ("pedido nº10023, por favor", "AUR-10023"),
        ("n 10023 na verdade", "AUR-10023"),
        ("no, the other one, I think it was 10023", "AUR-10023"),
        ("esse 10023 que comprei não chega nunca", "AUR-10023"),
        ("ＡＵＲ－１００２３", "AUR-10023"),
        ("AUR-1-0-0-2-3", "AUR-10023"),
        ("10 023", "AUR-10023"),
        ("AUR-10023😡", "AUR-10023"),
        ("“AUR—10023”", "AUR-10023"),
        ("*10023*", "AUR-10023"),
        ("order no. 10023?", "AUR-10023"),
        ("la orden número 10023", "AUR-10023"),
        ("meu pedido AUR-10023, cartão final 1234", "AUR-10023"),
        ("são 10 023 peças", None),
        ("my pin is 1234", None),
        ("são 14:30 de 12/10/2025", None),
        ("meu cep é 01310", None),
        ("código 12345", None),
        ("comprei 10023 parafusos por 200 reais", None),
        ("123456", "AUR-123456"),
        ("vi isso em 2024 na loja", None),
        ("paguei 1500 reais", None),
        ("meu telefone é 11987654321", None),
        ("cep 01310-100", None),
        ("123", None),
        ("1234567", None),
        ("R$ 1.500,00", None),
        ("são 10023 e 10024", None),
        ("restaurante 10023abc", None),
        ("taur 10023x", None),
        ("o", None),
    ],
)
def test_order_number(text: str, expected: Optional[str]) -> None:
    assert values(text, "order_number") == ([expected] if expected else [])


def test_two_order_numbers() -> None:
    assert values("AUR-10023 e AUR-10024", "order_number") == ["AUR-10023", "AUR-10024"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ana@example.com", "ana@example.com"),
        ("Ana.Silva+loja@Example.COM.", "ana.silva+loja@example.com"),
        ("<ana@example.com>", "ana@example.com"),
        ("meu e-mail é ana@sub.example.com.br, ok?", "ana@sub.example.com.br"),
        ("ana@example", None),
        ("@example.com", None),
        ("ana@@example.com", None),
        ("ana at example.com", None),
        ("look at example.com", None),
        ("*ana@example.com*", "ana@example.com"),
        ("_ana@example.com_", "ana@example.com"),
        ("_ana@example.com", "_ana@example.com"),
        ("email=ana@example.com;", "email=ana@example.com"),
        ("(ana@example.com).", "ana@example.com"),
        ("ana@example.com😀", "ana@example.com"),
        ("ana＠example.com", "ana@example.com"),
        ("ana.silva @ example.com", "ana.silva@example.com"),
        ("meu e-mail é ana arroba example ponto com ponto br", "ana@example.com.br"),
        ("ana.silva at example dot com", "ana.silva@example.com"),
        # An address with such a letter is none; the rest of it would be somebody else's.
        ("joão@example.com", None),
        ("falei com a ana @ example.com ontem", None),
        ("a" * 300 + "@example.com", None),
    ],
)
def test_email(text: str, expected: Optional[str]) -> None:
    assert values(text, "email") == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fala português?", "pt-BR"),
        ("PORTUGUES", "pt-BR"),
        ("pt-br", "pt-BR"),
        ("english please", "en"),
        ("em inglês", "en"),
        ("en español", "es"),
        ("in spanish", "es"),
        ("en", "en"),
        ("es", "es"),
        ("en qué horario abren", None),
        ("es mi pedido", None),
    ],
)
def test_language(text: str, expected: Optional[str]) -> None:
    assert values(text, "language") == ([expected] if expected else [])


def test_positions_refer_to_the_text_as_sent() -> None:
    text = "Olá! Pedido AUR 10023, e-mail ANA@example.com."
    found = {entity.entity: text[entity.start : entity.end] for entity in find_entities(text)}
    assert found == {"order_number": "AUR 10023", "email": "ANA@example.com"}
    text = "Olá, e a minha Encomenda?"
    [purchase] = find_entities(text)
    assert (purchase.entity, text[purchase.start : purchase.end]) == ("purchase", "Encomenda")


@pytest.mark.parametrize(
    "text",
    """errei o email|me enganei|digitei errado|número errado|não é esse|não, o outro pedido|não, o outro|
    e o outro pedido?|coloquei o número errado|esse não é o meu email|me equivoqué de correo|ese no es|
    el número está mal|no, el otro|escribí mal el correo|no era ese|wrong number|not that one|
    no the other one|and my other package?|I mistyped my email|the email is wrong|that's not it|sorry, typo|
    I gave you the wrong number""".replace("\n    ", "").split("|"),
)  # fmt: skip
def test_what_was_given_is_taken_back(text: str) -> None:
    assert len(values(text, "correction")) == 1
    assert values(text, "purchase") == []


@pytest.mark.parametrize(
    "text",
    """recebi o pedido errado|I received the wrong item|wrong code|código errado|onde está meu pedido|
    posso fazer outro pedido?|can I place another order|não|esse produto é bom?|erro no site|
    the other day I bought something|no es justo|cobraram errado|is this one available?|outra coisa|
    another question|no, it's 10024|errei, é ana@example.com""".replace("\n    ", "").split("|"),
)  # fmt: skip
def test_a_story_or_the_right_value_takes_nothing_back(text: str) -> None:
    assert values(text, "correction") == []


def test_positions_survive_decomposed_accents() -> None:
    text = "e\u0301 o pedido 10023"
    [entity] = [found for found in find_entities(text) if found.entity == "order_number"]
    assert text[entity.start : entity.end] == "10023"


@pytest.mark.parametrize(
    ("text", "only"),
    [
        ("AUR-10023", True),
        ("é o AUR-10023, por favor", True),
        ("ana@example.com", True),
        ("cadê o AUR-10023", False),
        ("cancelem o AUR-10023", False),
        ("inglês", False),
        ("oi", False),
    ],
)
def test_says_only(text: str, only: bool) -> None:
    assert says_only(text, find_entities(text)) is only


@pytest.mark.parametrize(
    "text", ["a" * 2000, "1" * 2000, "aur" * 600, "x@" * 900, "pedido " * 280, "a." * 999 + "@"]
)
def test_hostile_text_is_quick(text: str) -> None:
    import time

    started = time.perf_counter()
    find_entities(text)
    assert time.perf_counter() - started < 0.25
