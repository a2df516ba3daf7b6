"""The help pages: what the public may read, as people and search engines get it."""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from bot.services import Services
from knowledge_base.article import Audience, Content, Link
from knowledge_base.categories import Categories
from tests.parts import gateway

PUBLIC = "https://shop.example"


@dataclass
class Site:
    services: Services
    client: TestClient[Any, Any]

    async def write(
        self, key: str, title: str, answer: str, *, locale: str = "en", **more: Any
    ) -> str:
        articles = self.services.articles
        labels = {name: more.pop(name) for name in ("category", "audience") if name in more}
        made = await articles.create(
            actor=None, key=key, locale=locale, content=Content(title, answer, **more), **labels
        )
        await articles.publish(made.article.id, actor=None)
        return made.article.id

    async def get(self, path: str, *, expect: int = 200) -> str:
        response = await self.client.get(path, allow_redirects=False)
        text = await response.text()
        assert response.status == expect, text
        return text


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    environ = {"FRONTLINE_PUBLIC_URL": PUBLIC}
    async with gateway(tmp_path, environ=environ, work=False) as (services, client):
        yield Site(services, client)


async def test_an_article_as_search_engines_read_it(site: Site) -> None:
    await Categories(site.services.db, clock=site.services.clock).add(
        "money", actor=None, names={"en": "Money & <more>", "pt-BR": "Dinheiro"}
    )
    await site.write("cards", "Cards", "Any card.", category="money")
    await site.write(
        "refunds", "When do I get <b>my</b> refund?", "Within **7 days**. <script>x</script>",
        category="money", links=(Link("The law", "https://law.example"),), related=("cards", "gone"),
    )  # fmt: skip
    await site.write("refunds", "Quando recebo?", "Em 7 dias.", locale="pt-BR")
    page = await site.get("/help/en/refunds")
    assert "<title>When do I get &lt;b&gt;my&lt;/b&gt; refund? · Help</title>" in page
    assert (
        '<meta name="description" content="Within 7 days. &lt;script&gt;x&lt;/script&gt;">' in page
    )
    assert f'<link rel="canonical" href="{PUBLIC}/help/en/refunds">' in page
    assert f'<link rel="alternate" hreflang="pt-BR" href="{PUBLIC}/help/pt-BR/refunds">' in page
    assert 'hreflang="es"' not in page, "there is no Spanish text"
    assert "<script" not in page
    assert '<a href="https://law.example"' in page
    assert '<a href="/help/en/cards">Cards</a>' in page
    assert "Money &amp; &lt;more&gt;" in page
    response = await site.client.get("/help/en/refunds")
    policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert response.headers["Cache-Control"] == "public, max-age=60"


async def test_only_what_is_published_for_everybody_can_be_read(site: Site) -> None:
    await site.write("open", "Open", "For all.", category="c")
    hidden = await site.write("hidden", "Hidden", "For us.", category="c")
    await site.write("internal", "Internal", "Code 4711.", category="c", audience=Audience.INTERNAL)
    await site.services.articles.archive(hidden, actor=None)
    await site.services.articles.create(
        actor=None, key="draft", locale="en", content=Content("Draft", "Not yet.")
    )
    for key in ("hidden", "internal", "draft", "nothing"):
        await site.get(f"/help/en/{key}", expect=404)
    await site.get("/help/es/open", expect=404)
    await site.get("/help/fr", expect=404)
    pages = [
        await site.get(path)
        for path in ("/help/en", "/help/en/category/c", "/help/sitemap.xml", "/help/en?q=code")
    ]
    for page in pages:
        assert not re.search("hidden|internal|4711|draft", page, re.IGNORECASE), page


async def test_the_sitemap_and_the_way_there(site: Site) -> None:
    await site.write("a-b", "A", "x")
    await site.write("a-b", "Á", "x", locale="es")
    tree = ElementTree.fromstring(await site.get("/help/sitemap.xml"))  # noqa: S314 - our own
    found = {element.text for element in tree.iter() if element.tag.endswith("}loc")}
    assert found == {
        f"{PUBLIC}{path}" for path in ("/help/en", "/help/es", "/help/en/a-b", "/help/es/a-b")
    }
    robots = await site.get("/robots.txt")
    assert f"Sitemap: {PUBLIC}/help/sitemap.xml" in robots
    assert "Disallow: /console" in robots
    response = await site.client.get(
        "/help", headers={"Accept-Language": "es-MX"}, allow_redirects=False
    )
    assert (response.status, response.headers["Location"]) == (302, "/help/es")


async def test_searching_needs_no_script_and_has_a_limit(site: Site) -> None:
    await site.write("pix", "How do I pay with Pix?", "Scan the code.", phrasings=("pay via pix",))
    page = await site.get("/help/en?q=pay+with+pix")
    assert '<a href="/help/en/pix" lang="en">How do I pay with Pix?</a>' in page
    assert 'name="robots" content="noindex"' in page
    assert "&lt;i&gt;" in await site.get("/help/en?q=%3Ci%3E")
    for _ in range(40):
        await site.client.get("/help/en", params={"q": "pix"})
    response = await site.client.get("/help/en", params={"q": "pix"})
    assert response.status == 429
    assert "Wait a minute" in await response.text()
