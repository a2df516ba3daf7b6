"""Turns of phrase in our three languages: refusing, starting over, having lost a mailbox."""

import pytest

from actions.phrases import asks_why, lost_mailbox, refuses_data, starts_over

REFUSALS = """não quero dizer|não vou passar o número do pedido|prefiro não informar|no quiero dar mi correo|
nao vou dar meu email|I don't want to give you my email|I won't tell you|I'd rather not say|prefiero no decirlo|
no te voy a dar mi número|I'm not giving you that""".replace("\n", "").split("|")
RESTARTS = """começar de novo|recomeçar|reiniciar|restart|start over|start again|empezar de nuevo|volver a empezar|
vamos começar do zero|let's start over|reset|quero começar tudo de novo|reiniciar conversa""".replace(
    "\n", ""
).split("|")
LOST = """não tenho mais acesso a esse email|i no longer have access to that email|no tengo acceso a ese correo|
não tenho esse email|perdi o acesso ao meu e-mail|I can't open my inbox""".replace("\n", "").split(
    "|"
)
OTHERS = """não sei o número|não recebi|cancelar|deixa pra lá|no lo tengo|I don't have it|não|cancel|stop|
quero começar a comprar|reset my password|não recebi o email|the email didn't arrive|no me llegó el correo|
cadê o código""".replace("\n", "").split("|")


@pytest.mark.parametrize("text", REFUSALS)
def test_refusing(text: str) -> None:
    assert refuses_data(text)


@pytest.mark.parametrize("text", RESTARTS)
def test_starting_over(text: str) -> None:
    assert starts_over(text)


@pytest.mark.parametrize("text", LOST)
def test_a_lost_mailbox(text: str) -> None:
    assert lost_mailbox(text)


@pytest.mark.parametrize("text", OTHERS)
def test_other_words(text: str) -> None:
    assert (refuses_data(text), starts_over(text), lost_mailbox(text)) == (False, False, False)


def test_asking_why() -> None:
    for text in ("why do you need a code?", "pra que esse código?", "¿por qué me piden un código?"):
        assert asks_why(text)
    for text in ("cadê o código?", "resend", "no me llegó el código", "send it again"):
        assert not asks_why(text)
