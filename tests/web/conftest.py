"""A real Chromium, the built browser code, and helpers to look at a page as its users do."""

import importlib.util
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from bot.web.build import FrontEndBuildError, ensure_built
from tests.conftest import unavailable

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
]
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

OpenPage = Callable[..., Awaitable[Page]]

# A busy machine shows a page late; what never comes still fails.
expect.set_options(timeout=20_000)


FADED = """document.getAnimations()
    .filter((one) => Number.isFinite(one.effect?.getComputedTiming().endTime))
    .forEach((one) => one.finish())"""


@pytest.fixture(scope="session")
def dist() -> Path:
    """The built browser code."""
    try:
        return ensure_built(print)
    except FrontEndBuildError as error:
        pytest.fail(str(error))


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where the browser is; the tests that need one are skipped on a machine without it."""
    found = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if found is None:
        unavailable("Chromium")
    return str(found)


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
async def open_page(browser: Browser) -> AsyncIterator[OpenPage]:
    """Open an address in a fresh profile; a console error or a blocked request fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    async def open_page(url: str, *, expect_errors: bool = False, **options: Any) -> Page:
        context = await browser.new_context(**options)
        contexts.append(context)
        page = await context.new_page()
        if not expect_errors:
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on(
                "console",
                lambda line: complaints.append(line.text) if line.type == "error" else None,
            )
        await page.goto(url)
        return page

    yield open_page
    for context in contexts:
        await context.close()
    assert not complaints


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], Awaitable[list[str]]]:
    """Ask axe-core what is wrong with a page, in every rule it has."""
    package = importlib.util.find_spec("axe_playwright_python")
    assert package is not None
    assert package.origin is not None
    script = (Path(package.origin).parent / "axe.min.js").read_text(encoding="utf-8")

    async def violations(page: Page) -> list[str]:
        # What is still fading in has the contrast of neither state.
        await page.evaluate(FADED)
        found: list[dict[str, Any]] = await page.evaluate(
            f"{script}; axe.run().then((result) => result.violations)"
        )
        return [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found]

    return violations
