"""The demo shop's page and its mail box. Mounted in demo mode only: the mail box shows codes."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from bot.demo.mailbox import list_letters, read_letter
from bot.kit.clock import Clock
from bot.kit.db import Database
from bot.kit.errors import NotFound
from bot.kit.web import RouteTable
from bot.pages.render import PAGES
from bot.shop import repository as shop
from bot.shop.order import Order

SAMPLES = 8
"""Orders shown on the page, one of each state."""


@dataclass(frozen=True, slots=True)
class DemoSite:
    """What the demo's pages are made of."""

    db: Database
    clock: Clock
    mail_folder: Path


DEMO = web.AppKey("demo_site", DemoSite)
table = RouteTable(tag="demo")


@table.add("GET", "/", allow="public", summary="The demo shop", in_document=False)
async def home(request: web.Request) -> web.StreamResponse:
    """Show the shop with the chat on it, and orders that can be asked about."""
    pages = request.app[PAGES]
    locale = pages.locale_of(request)
    orders = sample(await request.app[DEMO].db.read(shop.list_orders))
    return pages.render(
        request,
        "demo.html",
        locale=locale,
        widget_url="/widget.js",
        mail_url="/demo/mail",
        orders=[
            {
                "number": order.number,
                "email": order.email,
                "state": pages.texts.bot(f"status_{order.status.value}", locale),
            }
            for order in orders
        ],
    )


@table.add("GET", "/demo/mail", allow="public", summary="The demo's mail box", in_document=False)
async def mail_box(request: web.Request) -> web.StreamResponse:
    """List the mails that were written instead of sent."""
    site = request.app[DEMO]
    letters = await asyncio.to_thread(list_letters, site.mail_folder, now=site.clock.now())
    return request.app[PAGES].render(request, "demo_mail.html", mails=letters, mail=None)


@table.add("GET", "/demo/mail/{id}", allow="public", summary="A demo mail", in_document=False)
async def mail(request: web.Request) -> web.StreamResponse:
    """Show one mail.

    Raises:
        NotFound: there is no such mail.
    """
    site = request.app[DEMO]
    letter = await asyncio.to_thread(
        read_letter, site.mail_folder, request.match_info["id"], now=site.clock.now()
    )
    if letter is None:
        raise NotFound("There is no such mail.")
    return request.app[PAGES].render(request, "demo_mail.html", mails=[], mail=letter)


def sample(orders: list[Order]) -> list[Order]:
    """Return the order of the examples and one of every other state, by number."""
    chosen: dict[str, Order] = {}
    for order in sorted(orders, key=lambda o: (o.number != "AUR-10023", o.number)):
        chosen.setdefault(order.status.value, order)
    return sorted(chosen.values(), key=lambda o: o.number)[:SAMPLES]
