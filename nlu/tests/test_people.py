"""Nobody is kept from a person by a model that has not learned a word."""

import pytest

from components.normalise import normalise
from components.people import asks_for_person


@pytest.mark.parametrize(
    "text",
    [
        "ATENDENTE", "agent", "humano", "persona", "Human!", "operador", "um atendente por favor",
        "quero falar com um atendente", "preciso falar com uma pessoa de verdade",
        "me passa pra um humano", "chama um atendente aí", "tem alguém aí?", "pessoa real",
        "i want to talk to a person", "can i speak with someone", "real person please",
        "get me a human", "let me talk to an agent", "i need a representative",
        "quiero hablar con una persona", "necesito un agente", "pásame con un asesor",
        "hay alguien?", "comunícame con un humano",
        "suporte", "customer service", "atención al cliente", "SAC", "help desk", "asesora",
        "pode me transferir?", "me liga", "call me back please", "llámenme", "escala meu caso",
        "chega de robô", "basta de máquinas", "isso não está funcionando, atendente",
        "no me ayudas, pásame con alguien", "me podés pasar con un asesor?", "ponme con el encargado",
        "como falo com um atendente?", "how do I reach an agent", "anybody there?",
        "I don't want to talk to a bot, give me a human", "no quiero un robot, quiero una persona",
    ],
)  # fmt: skip
def test_asks(text: str) -> None:
    assert asks_for_person(normalise(text))


@pytest.mark.parametrize(
    "text",
    [
        "você é humano?", "are you a person", "eres una persona?", "não quero falar com atendente",
        "i don't want to talk to an agent", "um atendente me disse que chegaria ontem",
        "quero comprar um presente para uma pessoa", "seguro de viagem para duas pessoas",
        "qual o horário de atendimento", "what are your agents' opening hours", "", "?",
        "quanto tempo de espera pra falar com o atendente", "el lunes tempranito hay gente?",
        "hablo con una persona o con una máquina?", "what hours can I reach customer support",
        "não quero mais o robô aspirador", "no quiero la máquina de coser", "quero falar com minha mãe",
        "quiero hablar con mi jefe", "call me a taxi", "me liga a luz da sala", "transfer me ten dollars",
        "você tem chefe?", "equipe", "my team", "o gerente não resolveu meu problema",
        "pessoas", "quantas pessoas trabalham aí",
    ],
)  # fmt: skip
def test_does_not_ask(text: str) -> None:
    assert not asks_for_person(normalise(text))
