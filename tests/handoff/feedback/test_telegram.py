"""The same on Telegram: waiting, resolved, rated, all by buttons under the bot's messages."""

from pathlib import Path

import pytest

from bot.dialogue.rasa_wire import RasaReply
from bot.staff.account import Role
from handoff.feedback import repository
from tests.fakes.bot_api import TOKEN, Delivered, FakeBotApi
from tests.parts import ScriptedRasa, gateway
from tests.system import until

CARLA = 77


async def heard(api: FakeBotApi, words: str) -> Delivered:
    """Wait until the last message on the phone has these words."""

    async def last() -> Delivered | None:
        found = [m for m in api.sent if m.chat_id == CARLA]
        return found[-1] if found and words in found[-1].text else None

    found: Delivered = await until(last, seconds=60, what=f"Telegram showing {words!r}")
    return found


@pytest.mark.parametrize("locale", ["es"])
async def test_a_case_on_telegram_is_waited_for_and_rated(tmp_path: Path, locale: str) -> None:
    api = FakeBotApi()
    await api.start()
    environ = {"FRONTLINE_TELEGRAM_TOKEN": TOKEN, "FRONTLINE_TELEGRAM_API_URL": api.url}
    rasa = ScriptedRasa(lambda _: [RasaReply(None, "la respuesta", {}, ())])
    rasa.failed_actions = ("action_start_order_check",)
    try:
        async with gateway(tmp_path, rasa, environ=environ, telegram=True) as (services, _):
            await api.say(
                CARLA, "\u00bfd\u00f3nde est\u00e1 el pedido que hice ayer?", language=locale
            )
            offer = await heard(api, "\u00bfQu\u00e9 prefieres?")
            assert [name for name, _ in offer.buttons] == [
                "Esperar aqu\u00ed",
                "Salir y recibir aviso",
                "Seguir con el asistente",
            ]
            await api.press(offer, "Esperar aqu\u00ed")
            await heard(api, "est\u00e1s en la cola")
            await api.say(CARLA, "/status", language=locale)
            await heard(api, "Eres el n\u00famero 1 de la cola")

            await services.staff.add(
                email="ana@aurora.example",
                name="Ana Souza",
                role=Role.AGENT,
                level="N2",
                password="a long enough passphrase",
            )
            ana = (await services.desk.list_agents())[0]
            found = await services.desk.claim_next(ana)
            assert found is not None
            ticket_id = found.listed.ticket.id
            await heard(api, "Ana")
            await services.desk.resolve(ticket_id, ana)
            done = await heard(api, "est\u00e1 resuelta")
            await api.press(done, "Resuelto, gracias")
            question = await heard(api, "1 es muy mala, 5 es muy buena")
            markup = [
                params["reply_markup"]
                for params in api.called("sendMessage")
                if "muy buena" in str(params.get("text"))
            ][-1]
            assert [len(row) for row in markup["inline_keyboard"]] == [5, 1]
            await api.press(question, "5")
            why = await heard(api, "contarnos el motivo")
            await api.press(why, "Omitir")
            thanks = await heard(api, "nos ayuda a mejorar")
            await api.press(thanks, "Cambiar la nota")
            again = await heard(api, "1 es muy mala, 5 es muy buena")
            await api.press(again, "4")
            await heard(api, "Tu nota ahora es 4")
            stored = await services.db.read(lambda conn: repository.find_of_ticket(conn, ticket_id))
            assert stored is not None
            assert (stored.score, stored.channel) == (4, "telegram")
    finally:
        await api.close()
