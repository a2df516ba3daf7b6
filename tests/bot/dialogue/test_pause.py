"""Who asks for a moment gets one; nothing else is mistaken for it."""

import pytest

from bot.dialogue.pause import asks_to_wait


@pytest.mark.parametrize(
    "text",
    """espera|espera aí|pera aí|peraí|só um momento|um minutinho por favor|já volto|deixa eu ver no e-mail|
    vou procurar o código|wait|wait a sec|hold on|one moment please|just a minute|brb|let me check my email|
    un momento|espere un momento por favor|dame un segundo|ya vuelvo|voy a buscar el correo""".replace(
        "\n    ", ""
    ).split("|"),
)
def test_a_moment(text: str) -> None:
    assert asks_to_wait(text)


@pytest.mark.parametrize(
    "text",
    """quanto tempo espero?|estou esperando faz uma semana|wait for my order|how long do I wait?|dame|give me|
    give me my money back|let me talk to a person|vou cancelar|quero ver meu pedido|un|a|10023|
    voy a devolver el producto|let me see my order status now please""".replace("\n    ", "").split(
        "|"
    ),
)
def test_anything_else(text: str) -> None:
    assert not asks_to_wait(text)
