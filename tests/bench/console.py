"""The console with 500 open tickets and 50 new messages a second, in a real Chromium on a real gateway.

    python -m tests.bench.console [--tickets 500] [--rate 50] [--seconds 20]

Customers' messages go through the intake, as on a channel, spread over all tickets; one a second is for
the ticket that the page shows. Measured: from the commit until the words stand in the page (both clocks
are this machine's), the share of a core that the page's main thread takes, and tasks longer than 50 ms
(`longtask` of the browser). The measuring ends by itself after a minute, the preparing after five.
"""

import argparse
import asyncio
import json
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.async_api import Page, async_playwright

from bot.conversations import repository as conversations
from bot.inbox.inbound import InboundMessage
from bot.kit.db import Tx
from bot.kit.ids import new_id
from bot.services import Services
from bot.staff.account import Role
from bot.web.build import ensure_built
from handoff import repository as desk
from handoff.pack import PackInput
from handoff.ticket import Reason
from tests.parts import PASSWORD, ScriptedRasa, add_staff, gateway
from tests.web.conftest import ARGUMENTS, CHROMIUMS

LONGEST = 60.0
"""Seconds of measuring, whatever happens."""
PREPARING = 300.0
"""Seconds until the tickets are there and the page shows them all."""
WATCH = """() => {
    window.shown = {};
    window.longTasks = [];
    new PerformanceObserver((list) => {
        for (const one of list.getEntries()) window.longTasks.push(one.duration);
    }).observe({ type: "longtask" });
    const look = () => {
        for (const one of document.querySelectorAll(".transcript .plain-text")) {
            const found = /stamp-(\\d+)/.exec(one.textContent);
            if (found && !(found[1] in window.shown)) window.shown[found[1]] = Date.now();
        }
    };
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
}"""


def open_tickets(services: Services, count: int) -> Any:
    """A step that makes `count` conversations that wait for a person; returns their ids."""
    now = services.clock.now()

    def step(tx: Tx) -> list[str]:
        made = []
        for number in range(count):
            contact = conversations.open_contact(
                tx,
                channel="web",
                external_id=new_id(),
                display_name=f"Customer {number}",
                now=now,
            )
            conversation = conversations.open_conversation(
                tx, contact_id=contact, channel="web", locale="en", address={}, now=now
            )
            services.desk.open_ticket(
                tx,
                conversation=conversation,
                reason=Reason.CUSTOMER_ASKED,
                turn_id=new_id(),
                pack_facts=PackInput(subject=f"Question number {number}"),
                topic=None,
                now=now,
            )
            made.append(conversation.id)
        return made

    return step


async def log_in(page: Page, url: str, email: str) -> None:
    """Log in and stay at the console."""
    await page.goto(f"{url}/login?lang=en&next=/console")
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    await page.locator(".ticket-link").first.wait_for()


async def write(
    services: Services, ids: list[str], shown: str, *, rate: int, seconds: float
) -> dict[int, float]:
    """Customers write; returns when each stamped message was committed (seconds since 1970)."""
    stored: dict[int, float] = {}
    begin = time.monotonic()
    tasks: set[asyncio.Task[None]] = set()

    async def one(number: int) -> None:
        stamped = number % rate == 0
        conversation = shown if stamped else ids[number % len(ids)]
        text = f"stamp-{number}" if stamped else f"Any news of my order? ({number})"
        await services.intake.receive(
            InboundMessage(
                channel="web",
                contact_external_id="",
                external_id=f"web:{conversation}:{new_id()}",
                text=text,
                choice_id=None,
                conversation_id=conversation,
            )
        )
        if stamped:
            stored[number] = time.time()

    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, begin + number / rate - time.monotonic()))
        task = asyncio.create_task(one(number))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    return stored


async def cpu_seconds(session: Any) -> float:
    """Seconds that the page's main thread has worked."""
    found = await session.send("Performance.getMetrics")
    return float(next(m["value"] for m in found["metrics"] if m["name"] == "TaskDuration"))


async def measure(tickets: int, rate: int, seconds: float) -> dict[str, float]:
    """Run it once and return the figures."""
    chromium = next(filter(None, map(shutil.which, CHROMIUMS)))
    with tempfile.TemporaryDirectory() as folder:
        async with (
            gateway(Path(folder), ScriptedRasa(script=lambda _: [])) as (services, client),
            async_playwright() as playwright,
        ):
            ids = []
            for begun in range(0, tickets, 50):
                ids += await services.db.write(open_tickets(services, min(50, tickets - begun)))
            print(f"{len(ids)} tickets wait", file=sys.stderr)
            email = await add_staff(services, Role.SUPERVISOR)
            browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
            page = await browser.new_page(viewport={"width": 1280, "height": 800})
            await log_in(page, str(client.make_url("")).rstrip("/"), email)
            while await page.get_by_role("button", name="Show more").count():
                await page.get_by_role("button", name="Show more").click()
                await page.wait_for_timeout(500)
            await page.locator(".ticket-link").first.click()
            await page.get_by_label("Conversation").first.wait_for()
            ticket = page.url.split("/t/")[1].split("?")[0]
            found = await services.db.read(lambda conn: desk.find_ticket(conn, ticket))
            assert found is not None
            print("the page is open", file=sys.stderr)
            await page.evaluate(WATCH)
            session = await page.context.new_cdp_session(page)
            await session.send("Performance.enable")
            before, begin = await cpu_seconds(session), time.monotonic()
            async with asyncio.timeout(LONGEST):
                stored = await write(
                    services, ids, found.conversation_id, rate=rate, seconds=seconds
                )
                await page.wait_for_timeout(2_000)
            busy = (await cpu_seconds(session) - before) / (time.monotonic() - begin)
            shown = {int(k): v / 1000 for k, v in (await page.evaluate("window.shown")).items()}
            long_tasks = await page.evaluate("window.longTasks")
            listed = await page.locator(".ticket-link").count()
            await browser.close()
    waits = sorted(shown[number] - at for number, at in stored.items() if number in shown)
    return {
        "tickets_listed": listed,
        "messages": rate * seconds,
        "stamped": len(stored),
        "shown": len(waits),
        "shown_ms_p50": round(statistics.median(waits) * 1000) if waits else -1,
        "shown_ms_p95": round(waits[int(len(waits) * 0.95)] * 1000) if waits else -1,
        "page_cpu_share": round(busy, 3),
        "long_tasks": len(long_tasks),
        "longest_task_ms": round(max(long_tasks, default=0)),
    }


async def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tickets", type=int, default=500)
    parser.add_argument("--rate", type=int, default=50, help="messages a second")
    parser.add_argument("--seconds", type=float, default=20)
    given = parser.parse_args()
    ensure_built(print)
    async with asyncio.timeout(PREPARING + LONGEST):
        print(json.dumps(await measure(given.tickets, given.rate, given.seconds), indent=2))


if __name__ == "__main__":
    asyncio.run(main())
