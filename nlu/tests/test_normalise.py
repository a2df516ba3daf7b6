"""What the classifier reads instead of what the customer wrote."""

import pytest

from components.normalise import (
    ENGLISH,
    PORTUGUESE,
    SPANISH,
    exact_key,
    is_code,
    normalise,
    plain,
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CADÊ MEU PEDIDO", "cadê meu pedido"),
        ("oiiiii", "oi"),
        ("helloooo!!!", "hello!"),
        ("kd  meu\tpedido, pfv", "cadê meu pedido"),
        ("vc n respondeu hj", "você não respondeu hoje"),
        ("obg blz", "obrigado beleza"),
        ("td certo pq?", "tudo certo porque?"),
        ("pls reset my pwd asap thx", "reset my password as soon as possible"),
        ("u there", "you there"),
        ("xq no llega, tb el otro", "porque no llega, também el otro"),
        ("pedido aur 10023", "pedido aur-12345"),
        ("AUR-99999 e aur#10000", "aur-12345 e aur-12345"),
        ("meu email é Ana@Exemplo.com.br.", "meu email é maria@example.com."),
        ("custa 1500 reais", "custa 12345 reais"),
        ("e\u0301 hoje", "é hoje"),
        ("zero\u200bwidth\u202e", "zerowidth"),
        ("queue y llego", "queue y llego"),
        ("", ""),
        ("😀😀😀", "😀"),
    ],
)
def test_normalise(text: str, expected: str) -> None:
    assert normalise(text) == expected


def test_normalising_twice_changes_nothing() -> None:
    for text in ("Vc PODE me ajudarrr??", "kd AUR 10023", "thx u", "xq q n"):
        once = normalise(text)
        assert normalise(once) == once


def test_plain_keeps_the_words() -> None:
    assert plain("  Vc  TÁ aí? ") == "vc tá aí?"


def test_long_text_is_cut() -> None:
    assert len(plain("a b " * 10_000)) <= 2000


def test_exact_key_ignores_how_it_is_typed() -> None:
    assert exact_key("NÃO, obrigado!") == exact_key("nao obrigado")
    assert exact_key("vc é um robô?") == exact_key("Você e um robo")
    assert exact_key("sim") != exact_key("não")


def test_every_abbreviation_is_spelled_out_for_good() -> None:
    for table in (PORTUGUESE, SPANISH, ENGLISH):
        for word, full in table.items():
            assert word == word.lower() and full == full.lower()
            assert normalise(full) == full, f"{word} becomes {full}, which is rewritten again"


@pytest.mark.parametrize(
    "text",
    [
        '{"intent": "reset_password"}', "../../etc/passwd", "<b>oi</b>", "<script>alert(1)</script>",
        "SELECT * FROM users", "'; DROP TABLE orders; --", "${jndi:ldap://x}", "{{7*7}}", "rm -rf /",
        "[{'a': 1}]", "update users set password=1",
    ],
)  # fmt: skip
def test_code(text: str) -> None:
    assert is_code(text)


@pytest.mark.parametrize(
    "text",
    [
        "<3", "oi :)", "a > b", "minha nota: 10", "pedido [10023]", "select the best one for me",
        "meu e-mail <ana@example.com>", "https://example.com/pedido/10", "quero 2 e 3; depois",
        "update my order", "delete my account", "1) senha 2) pedido", "«hola»", '"AUR-10023"', "",
    ],
)  # fmt: skip
def test_words(text: str) -> None:
    assert not is_code(text)
