"""What is kept of a customer's words names nobody."""

import pytest

from bot.learning.masking import fold, for_phrasing, for_training, mask


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("meu e-mail é joana.silva+loja@gmail.com, ok?", "meu e-mail é <email>, ok?"),
        ("cadê o pedido AUR-10023", "cadê o pedido <order>"),
        ("cadê o aur 10023", "cadê o <order>"),
        ("pedido 10023 não chegou", "pedido <number> não chegou"),
        ("meu cpf 123.456.789-09", "meu cpf <cpf>"),
        ("meu cpf é 12345678909", "meu cpf é <cpf>"),
        ("cartão 4111 1111 1111 1111 recusado", "cartão <card> recusado"),
        ("me liga no (11) 98765-4321", "me liga no <phone>"),
        ("call +44 20 7946 0958", "call <phone>"),
        ("nasci em 12/05/1990", "nasci em <date>"),
        ("moro na Rua das Acácias, 123, casa", "moro na <address>, casa"),
        ("Vivo en Calle Mayor 25", "Vivo en <address>"),
        ("vejam https://loja.example/p?cliente=77", "vejam <link>"),
        ("meu nome é joão da silva e quero trocar", "meu nome é <name> e quero trocar"),
        ("Oi, me chamo Maria Clara, cadê meu pedido?", "Oi, me chamo <name>, cadê meu pedido?"),
        ("my name is John Smith and I need help", "my name is <name> and I need help"),
        ("Me llamo Lucía, no llega mi pedido", "Me llamo <name>, no llega mi pedido"),
        ("mi nombre es ana lopez y necesito ayuda", "mi nombre es <name> y necesito ayuda"),
        ("aqui é o Carlos, tudo bem?", "aqui é o <name>, tudo bem?"),
        ("this is Peter. where is my parcel", "this is <name>. where is my parcel"),
        ("obrigado, Rafael Souza", "obrigado, <name>"),
        # What is no personal data stays.
        ("sou cliente há 2 anos", "sou cliente há 2 anos"),
        ("quero 3 camisas tamanho 42", "quero 3 camisas tamanho 42"),
        ("i am not happy", "i am not happy"),
        ("abre às 10h no sábado?", "abre às 10h no sábado?"),
        ("é a segunda vez que peço", "é a segunda vez que peço"),
    ],
)
def test_personal_data_is_masked_and_nothing_else(written: str, kept: str) -> None:
    assert mask(written) == kept


def test_the_name_the_channel_shows_is_masked_anywhere() -> None:
    names = ["Beatriz de Andrade"]
    assert mask("BEATRIZ ANDRADE aqui, cadê?", names=names) == "<name> aqui, cadê?"


def test_nobody_smuggles_a_placeholder_in() -> None:
    assert mask("<email> é um texto") == "email é um texto"


def test_training_reads_made_up_values_and_no_markup() -> None:
    assert for_training("<email> e [pedido](order) {x}\n/restart") == (
        "maria@example.com e pedido (order) x /restart"
    )
    assert for_training("/restart agora") == "restart agora"
    assert for_training("- lista") == "lista"


def test_an_articles_phrasing_has_no_placeholders() -> None:
    assert for_phrasing("meu pedido <order>, quando chega?") == "meu pedido, quando chega?"


def test_texts_that_differ_in_form_only_are_the_same() -> None:
    assert fold("Cadê o  MEU pedido <order>?!") == fold("cade o meu pedido <order>")
    assert fold("??") != fold("!!")
