"""Rasa answers late while tickets are opened, claimed and passed on, at two gateways of one store.

Whatever comes between: the bot says nothing in a conversation that people own, no message is lost and
none is there twice. Short delays and twenty seconds by default; a long run with the real ones is

    FRONTLINE_RACE_SECONDS=600 FRONTLINE_RACE_DELAY=5 pytest tests/live/test_race.py
"""

import asyncio
import contextlib
import os
import random
import secrets
import sys
import time
import uuid
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa
from aiohttp import web

from bot.kit.clock import SystemClock
from bot.kit.db import Database, open_database
from bot.kit.keys import internal_token
from bot.kit.limits import MemoryLimiter
from bot.kit.passwords import Passwords
from bot.migrations import upgrade
from bot.staff.account import Role
from bot.staff.service import StaffService
from handoff.tables import TicketEventRow, TicketRow
from handoff.ticket import OPEN, TicketState, owner_in
from tests.live import ledger
from tests.stores import own_database, own_redis
from tests.system import ROOT, Visitor, free_port, until

SECONDS = float(os.environ.get("FRONTLINE_RACE_SECONDS", "20"))
DELAY = float(os.environ.get("FRONTLINE_RACE_DELAY", "0.5"))
"""Longest delay of an answer; the host's own limit is 7 s."""
PATIENCE = 40.0
CUSTOMERS = 6
AGENTS = 3
PEOPLE = ((Role.AGENT, "N2"), (Role.AGENT, "N2"), (Role.AGENT, "N3"), (Role.SUPERVISOR, None))


@dataclass
class Rasa:
    """A host whose answers come late. Who asks for a person gets one before the answer is there."""

    token: str
    chance: random.Random
    gateways: dict[str, str] = field(default_factory=dict)
    """Internal address of each gateway by the name in its own address here."""
    answered: set[str] = field(default_factory=set)
    url: str = ""

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator["Rasa"]:
        app = web.Application()
        app.router.add_post("/{gateway}/turn", self._turn)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        port = free_port()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        self.url = f"http://127.0.0.1:{port}"
        async with aiohttp.ClientSession() as self._http:
            try:
                yield self
            finally:
                await runner.cleanup()

    async def _turn(self, request: web.Request) -> web.Response:
        turn = await request.json()
        await asyncio.sleep(self.chance.uniform(0, DELAY / 2))
        wanted = "person" in turn["text"]
        if wanted:
            await self._hand_over(request.match_info["gateway"], turn)
        await asyncio.sleep(self.chance.uniform(0, DELAY / 2))
        self.answered.add(turn["turn_id"])
        intent = {"name": "human" if wanted else "faq", "confidence": 0.9}
        return web.json_response(
            {
                "turn_id": turn["turn_id"],
                "replies": [{"markdown": f"answer to {turn['turn_id']}"}],
                "actions": ["action_request_human" if wanted else "action_answer_question"],
                "parse": {"intent": intent, "ranking": [intent], "model": "scripted"},
                "model": "scripted",
            }
        )

    async def _hand_over(self, gateway: str, turn: dict[str, Any]) -> None:
        body = {
            "next_action": "action_request_human",
            "sender_id": turn["conversation_id"],
            "tracker": {
                "sender_id": turn["conversation_id"],
                "slots": {},
                "latest_message": {
                    "text": turn["text"],
                    "intent": {"name": "human", "confidence": 0.9},
                    "entities": [],
                    "metadata": {
                        **turn["metadata"],
                        "turn_id": turn["turn_id"],
                        "locale": turn["locale"],
                        "channel": turn["channel"],
                    },
                },
                "active_loop": {},
                "latest_action_name": "action_listen",
                "events": [],
            },
        }
        async with self._http.post(
            f"{self.gateways[gateway]}/actions",
            json=body,
            headers={"Authorization": f"Bearer {self.token}"},
        ) as answer:
            assert answer.status == 200, await answer.text()


@dataclass
class Race:
    """Both gateways, everybody who takes part, and what they were promised."""

    urls: list[str]
    db: Database
    rasa: Rasa
    tokens: list[str]
    chance: random.Random
    http: aiohttp.ClientSession
    accepted: dict[str, list[str]] = field(default_factory=dict)
    """By conversation the client ids of its messages, in order."""
    replied: list[str] = field(default_factory=list)
    """Texts of agents' replies that were accepted."""
    outcomes: Counter[str] = field(default_factory=Counter)

    def over(self, ends: float) -> bool:
        """Whether it has gone on long enough; a busy machine gets more time to do its part."""
        claims = sum(n for name, n in self.outcomes.items() if name.startswith("claims"))
        enough = len(self.replied) >= 5 and claims >= 5
        now = time.monotonic()
        return now >= ends and (enough or now >= ends + PATIENCE)

    async def warm_up(self) -> None:
        """Let each gateway load what its first turn needs."""
        for url in self.urls:
            visitor = await Visitor(self.http, url).open(locale="en")
            _, data = await visitor.post("are you open?")
            await visitor.hear(after=int(data["seq"]), seconds=90)

    async def customer(self, ends: float) -> None:
        """Write without pause, now here and now there, each message until it is accepted."""
        places = [Visitor(self.http, url) for url in self.urls]
        while not places[0].token:
            with contextlib.suppress(AssertionError, aiohttp.ClientError, TimeoutError):
                await places[0].open(locale="en")
        here, there = places
        there.token, there.conversation_id = here.token, here.conversation_id
        mine = self.accepted.setdefault(here.conversation_id, [])
        while not self.over(ends):
            text = "I want to talk to a person" if self.chance.random() < 0.3 else "are you open?"
            client_id = str(uuid.uuid4())
            while True:
                with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                    place = self.chance.choice(places)
                    status, _ = await place.post(f"{text} {len(mine)}", client_id=client_id)
                    if status == 202:
                        mine.append(client_id)
                        break
                    assert status in {429, 503}, status
                await asyncio.sleep(0.05)
            await asyncio.sleep(self.chance.uniform(0, 3 * DELAY))

    async def agent(self, number: int, ends: float) -> None:
        """Do whatever agents do with whatever is there."""
        while not self.over(ends):
            await asyncio.sleep(self.chance.uniform(0, DELAY / 10))
            status, page = await self.call(number, "GET", "/tickets?limit=50")
            assert status == 200, page
            self.outcomes["listed" if page["items"] else "nothing listed"] += 1
            if not page["items"]:
                continue
            await self._act(number, self.chance.choice(page["items"]))

    async def _act(self, number: int, ticket: dict[str, Any]) -> None:
        path = f"/tickets/{ticket['id']}"
        if ticket["state"] in {"resolved", "closed"}:
            await self._tried(number, f"{path}/reopen", {})
        elif ticket["assignee"] is None:
            await self._claim(path)
        else:
            # Mostly who has it; the others are told that it is not theirs.
            if self.chance.random() < 0.8:
                number = int(ticket["assignee"]["name"].split()[1])
            reason = {"reason": "it must go on"}
            acts: list[tuple[str, dict[str, Any]]] = [
                ("reply", {}),
                ("reply", {}),
                ("resolve", {}),
                ("resolve", {"text": "That was it."}),
                ("transfer", {"queue": self.chance.choice(["support", "technical"]), **reason}),
                ("escalate", {"kind": "functional", "to": "N3", **reason}),
                ("return", {"reason": "back"}),
                ("wait", {"for": "customer"}),
            ]
            name, body = self.chance.choice(acts)
            if name == "reply":
                body = {"client_id": str(uuid.uuid4()), "text": f"reply {uuid.uuid4()}"}
            status = await self._tried(number, f"{path}/{name}", body)
            if name == "reply" and status == 201:
                self.replied.append(body["text"])

    async def _claim(self, path: str) -> None:
        """Two people at two gateways at once: at most one has it."""
        two = await asyncio.gather(
            self.call(0, "POST", f"{path}/claim", {}, at=0),
            self.call(1, "POST", f"{path}/claim", {}, at=1),
        )
        statuses = sorted(status for status, _ in two)
        self.outcomes[f"claims {statuses}"] += 1
        assert statuses != [200, 200], "two owners"
        assert max(statuses) < 500, two

    async def _tried(self, number: int, path: str, body: dict[str, Any]) -> int:
        status, data = await self.call(number, "POST", path, body)
        self.outcomes[f"{path.rsplit('/', 1)[1]} {status}"] += 1
        assert status < 500, data
        return status

    async def call(
        self, number: int, method: str, path: str, body: Any = None, *, at: int | None = None
    ) -> tuple[int, Any]:
        """Call a gateway as one of the staff."""
        url = self.urls[at] if at is not None else self.chance.choice(self.urls)
        headers = {"Authorization": f"Bearer {self.tokens[number]}"}
        async with self.http.request(
            method, f"{url}/api/v1{path}", json=body, headers=headers
        ) as answer:
            return answer.status, await answer.json()


def check(conn: sa.Connection, conversation_id: str, accepted: list[str]) -> tuple[int, int]:
    """Check one conversation; return how many answers were said and how many came too late."""
    rows = ledger.messages(conn, conversation_id)
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1)), "dense numbers"
    stored = [row.external_id.rsplit(":", 1)[1] for row in rows if row.author == "customer"]
    assert stored == accepted, "each accepted message once, in order"
    owners = {1: "bot"}
    tickets = conn.execute(
        sa.select(TicketRow.id).where(TicketRow.conversation_id == conversation_id)
    )
    events = conn.execute(
        sa.select(TicketEventRow.epoch, TicketEventRow.to_state, TicketEventRow.kind)
        .where(TicketEventRow.ticket_id.in_(tickets.scalars().all()))
        .order_by(TicketEventRow.at, TicketEventRow.n)
    ).all()
    for event in events:
        state = TicketState(event.to_state)
        if state in OPEN or event.kind == "resolved":
            owner = owner_in(state).value
            assert owners.setdefault(event.epoch, owner) == owner, "one owner for each epoch"
    said = late = 0
    for row in rows:
        if row.author == "bot":
            assert owners[row.owner_epoch] == "bot", "the bot spoke in a person's conversation"
        if row.author != "customer":
            continue
        assert row.turn_state in {None, "done"}
        answers = [r for r in rows if r.author == "bot" and r.in_reply_to == row.id]
        assert len(answers) <= 1, "answered once"
        if answers:
            said += 1
        elif owners[row.owner_epoch] == "bot":
            late += 1
            assert owners.get(row.owner_epoch + 1, "bot") != "bot", "lost: nobody has it"
    return said, late


@contextlib.asynccontextmanager
async def gateways(folder: Path, environ: dict[str, str], rasa: Rasa) -> AsyncIterator[list[str]]:
    """Run two gateways as processes and give their addresses."""
    processes, urls = [], []
    try:
        for name in ("a", "b"):
            port = free_port()
            own = {k: v for k, v in os.environ.items() if not k.startswith("FRONTLINE_")}
            with (folder / f"{name}.log").open("wb") as log:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "tests.live.scripted_gateway"),
                    *(str(folder / name), str(port), f"{rasa.url}/{name}"),
                    cwd=ROOT,
                    env={**own, **environ},
                    stdout=log,
                    stderr=log,
                )
            processes.append(process)
            urls.append(f"http://127.0.0.1:{port}")
        for name, process in zip(("a", "b"), processes, strict=True):

            async def ready(name: str = name, process: Process = process) -> bool:
                assert process.returncode is None, (folder / f"{name}.log").read_text()[-3000:]
                return (folder / name / "internal").exists()

            await until(ready, seconds=240, what=f"gateway {name}")
            rasa.gateways[name] = (folder / name / "internal").read_text()
        yield urls
        for process in processes:
            process.terminate()
        async with asyncio.timeout(40):
            codes = [await process.wait() for process in processes]
        assert codes == [0, 0]
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def hire(db: Database) -> list[str]:
    """Add the staff and return an API token of each."""
    people = StaffService(db, SystemClock(), passwords=Passwords(), limiter=MemoryLimiter())
    tokens = []
    for number, (role, level) in enumerate(PEOPLE):
        email = f"agent{number}@example.com"
        password = secrets.token_urlsafe(16)
        await people.add(
            email=email, name=f"Agent {number}", role=role, level=level, password=password
        )
        tokens.append(await people.create_token(email=email, name="race"))
    return tokens


@pytest.mark.timeout(SECONDS + 600)
async def test_late_answers_claims_and_transfers_race(tmp_path: Path) -> None:
    chance = random.Random(20261122)
    key = secrets.token_urlsafe(40)
    rasa = Rasa(internal_token(key.encode()), chance)
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(own_database())
        redis = await stack.enter_async_context(own_redis(tmp_path / "redis"))
        db = open_database(url)
        stack.push_async_callback(db.close)
        await upgrade(db)
        tokens = await hire(db)
        environ = {
            "FRONTLINE_DATABASE_URL": url,
            "FRONTLINE_REDIS_URL": redis.url,
            "FRONTLINE_SECRET_KEY": key,
            "FRONTLINE_PUBLIC_URL": "http://support.example.com",
        }
        await stack.enter_async_context(rasa.serving())
        urls = await stack.enter_async_context(gateways(tmp_path, environ, rasa))
        http = await stack.enter_async_context(
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
        )
        race = Race(urls, db, rasa, tokens, chance, http)
        await race.warm_up()
        ends = time.monotonic() + SECONDS
        async with asyncio.TaskGroup() as everybody:
            for _ in range(CUSTOMERS):
                everybody.create_task(race.customer(ends))
            for number in range(AGENTS + 1):
                everybody.create_task(race.agent(number, ends))

        async def drained() -> bool:
            return await db.read(ledger.pending) == 0

        await until(drained, seconds=60, what="an end of all turns")
        said = late = 0
        for conversation_id, accepted in race.accepted.items():
            one = await db.read(lambda conn, c=conversation_id, a=accepted: check(conn, c, a))  # type: ignore[misc]
            said, late = said + one[0], late + one[1]
        texts = await db.read(
            lambda conn: [
                row.text
                for conversation_id in race.accepted
                for row in ledger.messages(conn, conversation_id)
                if row.author == "agent"
            ]
        )
        counts = Counter(texts)
        assert all(counts[text] == 1 for text in race.replied), "each reply once"
        print(f"{said} answers, {late} too late, {len(race.replied)} replies, {race.outcomes}")
        assert said >= 5
        assert late >= 1, "answers were refused: the race took place"
        assert race.replied
        assert any("200" in name for name in race.outcomes if name.startswith("claims"))
