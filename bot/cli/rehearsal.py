"""Whole dialogues as customers would have them, with nothing done for real.

A gateway and a Rasa host of their own, on a store that is thrown away: the actions run as always, but
their tickets, codes and mails stay in that store and no worker sends them. Articles, orders,
accounts and opening hours are read from the real store.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bot.cli.alone import answering
from bot.conversations import repository
from bot.conversations.conversation import Owner
from bot.evaluation.cases import Case, Judged
from bot.evaluation.context import in_context
from bot.evaluation.judging import Explain, judgement, side_by_side
from bot.inbox.inbound import InboundMessage
from bot.kit.errors import SetupError
from bot.kit.text import clean_text, is_blank
from bot.migrations import upgrade
from bot.services import Services, build_services
from bot.settings import Settings

PARALLEL = 4
TURN_SECONDS = 15.0
"""Longer than any turn: whatever hangs, a turn is answered within 10 s."""
POLL_SECONDS = 0.004


class Rehearsal:
    """Plays dialogues on a gateway of its own."""

    def __init__(self, services: Services, explain: Explain) -> None:
        self._services = services
        self._explain = explain

    async def play_all(
        self, dialogues: Sequence[Sequence[Case]], *, progress: Callable[[int], None]
    ) -> list[list[Judged]]:
        """Return the dialogues judged turn by turn; `progress` hears how many turns were played."""
        found: list[list[Judged]] = [[] for _ in dialogues]
        left = iter(enumerate(dialogues))

        async def work() -> None:
            for index, turns in left:
                found[index] = await self.play(turns)
                progress(len(turns))

        await side_by_side(work, min(PARALLEL, len(dialogues)))
        return found

    async def play(self, turns: Sequence[Case]) -> list[Judged]:
        """Let one customer say all of `turns` and return what became of each.

        What a customer says to a person is not the bot's: it is judged by itself.
        """
        _, conversation = await self._services.visitors.open_session(
            locale=turns[0].locale, identity=None, accept_language=""
        )
        judged = []
        for number, case in enumerate(turns):
            started = time.perf_counter()
            decision = await self._say(conversation.id, number, case)
            if decision is None:
                decision = await self._explain(case.text, case.locale)
            seconds = time.perf_counter() - started
            judged.append(judgement(case, in_context(decision), seconds=seconds))
        return judged

    async def _say(self, conversation_id: str, number: int, case: Case) -> dict[str, Any] | None:
        if is_blank(clean_text(case.text)):
            return None  # no channel takes that
        received = await self._services.intake.receive(
            InboundMessage(
                channel="web",
                contact_external_id="",
                external_id=f"rehearsal:{conversation_id}:{number}",
                text=case.text,
                conversation_id=conversation_id,
            )
        )
        if received.conversation.owner is not Owner.BOT:
            return None
        try:
            return await self._decision(received.message.id)
        except TimeoutError:
            raise SetupError(f"{case.place}: the bot gave no answer to {case.text!r}.") from None

    async def _decision(self, message_id: str) -> dict[str, Any]:
        """Wait for what was decided; a turn that hands over has ended before it is stored."""
        async with asyncio.timeout(TURN_SECONDS):
            while True:
                found = await self._services.db.read(
                    lambda conn: repository.find_message(conn, message_id)
                )
                if found is not None and found.decision is not None:
                    return found.decision
                await asyncio.sleep(POLL_SECONDS)


@asynccontextmanager
async def rehearsal(
    settings: Settings, *, model: Path, explain: Explain
) -> AsyncIterator[Rehearsal]:
    """Start a gateway and a Rasa host that nobody else talks to.

    Args:
        settings: of the store whose articles, orders and hours are used.
        model: what Rasa loads.
        explain: the decision about a message by itself.

    Raises:
        SetupError: Rasa can't be started.
    """
    real = build_services(replace(settings, redis_url=None, telegram=False))
    with TemporaryDirectory(prefix="frontline-rehearsal-") as folder:
        scratch = replace(
            settings,
            data_dir=Path(folder),
            database_url=f"sqlite:///{Path(folder) / 'frontline.db'}",
            redis_url=None,
            smtp_url=None,
            widget_identity="off",
            rasa_hosts=1,
            demo=False,
            telegram=False,
        )
        services = build_services(
            scratch, encoder=real.encoder, detector=real.detector, knowledge=real.knowledge
        )
        try:
            await upgrade(services.db)
            await services.seed(progress=lambda _: None)
            services.hours = real.hours
            services.orders, services.accounts = real.orders, real.accounts
            # The first turn must not pay for what all others find there.
            await real.knowledge.refresh()
            await asyncio.to_thread(real.detector.load)
            await real.encoder.encode("oi")
            async with answering(services, model=model):
                yield Rehearsal(services, explain)
                await services.drain()
        finally:
            await services.close()
            await real.close()
