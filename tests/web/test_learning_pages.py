"""Reviewing, training and promoting in a real browser; the mark beside an answer of the bot."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import expect

from bot.evaluation.cases import Case, Judged
from bot.kit.db import Tx
from bot.learning import repository
from bot.learning.evaluation import figures
from bot.learning.model import JobState, Model, Origin, worse
from bot.learning.models import Models
from bot.staff.account import Role
from knowledge_base.article import Content
from tests.bot.learning.world import UNSURE, World, decided
from tests.parts import gateway
from tests.web.conftest import OpenPage
from tests.web.test_wording_pages import Axe, House

pytestmark = pytest.mark.browser


class LearningHouse(House):
    """A house with customers whose messages went wrong."""

    @property
    def world(self) -> World:
        return World(self.services, self.client)


@pytest.fixture
async def house(
    tmp_path: Path, dist: Path, open_page: OpenPage, axe: Axe
) -> AsyncIterator[LearningHouse]:
    async with gateway(tmp_path, work=False) as (services, client):
        yield LearningHouse(services, client, open_page, axe)


async def _filled(house: LearningHouse) -> None:
    await house.world.say("meu nome é Ana e a entrega sumiu, ana@example.org", UNSURE)
    await house.world.say("da pra dividir no cartão?", decided(margin=0.01))
    await house.world.say("bla bla", decided(locale="en", margin=0.3))
    made = await house.services.articles.create(
        actor=None, locale="pt-BR", content=Content("Posso parcelar?", "Em até 10 vezes.")
    )
    await house.services.articles.publish(made.article.id, actor=None)
    await house.world.collect()


async def test_a_reviewer_deals_with_one_message_after_another(house: LearningHouse) -> None:
    await _filled(house)
    page = await house.log_in(Role.EDITOR, "/review")
    cards = page.locator(".review-item")
    await expect(cards).to_have_count(3)
    await expect(page.get_by_text("ana@example.org")).to_have_count(0)
    await house.look(page, "review", cards)

    card = cards.filter(has_text="a entrega sumiu")
    await card.get_by_label("It should have been").select_option("order_status")
    await card.get_by_role("button", name="Accept").click()
    await expect(page.get_by_text("The next training learns it").first).to_be_visible()
    await expect(cards).to_have_count(2)
    assert "review-item" in str(await page.evaluate("document.activeElement.className"))

    card = cards.filter(has_text="dividir")
    await card.get_by_role("button", name="An article answers it").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Search articles").fill("parcelar")
    await expect(dialog.get_by_role("button", name="Posso parcelar?")).to_be_visible()
    await house.assert_sound(page)
    await dialog.get_by_role("button", name="Posso parcelar?").click()
    await expect(page.get_by_text("found by this wording").first).to_be_visible()

    await cards.get_by_role("button", name="Ignore").click()
    await expect(page.get_by_text("Nothing to look at.")).to_be_visible()
    await page.get_by_label("State").select_option("done")
    await expect(cards).to_have_count(3)
    await house.look(page, "reviewed", cards)
    await cards.filter(has_text="bla bla").get_by_role("button", name="Take back").click()
    await expect(cards).to_have_count(2)
    assert await house.services.learning.reviews.training_data()


async def _trained(house: LearningHouse) -> None:
    """As after a training whose model is worse in one thing, beside the one that serves."""

    def judged(right: int, of: int) -> list[Judged]:
        return [
            Judged(
                Case(n, "x", "en", ("order_status",), ("pix",)),
                "order_status" if n < right else "human",
                0.9, "x", ("pix",), 0.001,
            )
            for n in range(of)
        ]  # fmt: skip

    services = house.services
    base = await services.learning.models.base_hash()
    now = services.clock.now()
    before = figures([judged(96, 100), judged(9, 9), judged(5, 5), judged(0, 1)])
    after = figures([judged(94, 100), judged(9, 9), judged(5, 5), judged(1, 1)])
    old = Model(
        "0123456789abcdef", base, Origin.RELEASE, "", 0, 3, hashlib.sha256(b"old").hexdigest(),
        before, "m", True, None, None, now,
    )  # fmt: skip
    new = replace(
        old, id="fedcba9876543210", origin=Origin.TRAINING, example_count=1,
        sha256=hashlib.sha256(b"new").hexdigest(), scores=after,
        created_at=now + timedelta(minutes=5),
    )  # fmt: skip
    found = worse(after, before)
    report = {
        "measured_with": "m",
        "messages": 100,
        "new": {"model": new.id, "figures": after},
        "current": {"model": old.id, "figures": before},
        "worse": [{"what": w.what, "new": w.new, "current": w.current} for w in found],
    }

    def step(tx: Tx) -> None:
        repository.save_model(tx, old, b"old")
        repository.save_model(tx, new, b"new")
        repository.insert_promotion(
            tx, model_id=old.id, base_hash=base, by=None, forced=False, reason=None, now=now
        )
        job = repository.insert_job(tx, by=None, example_count=1, now=now)
        assert job is not None
        repository.claim_job(tx, holder="h", now=now, until=now)
        repository.end_job(
            tx, job, holder="h", state=JobState.DONE, now=now, step="done", progress=100,
            model_id=new.id, report=report,
        )  # fmt: skip

    await services.db.write(step)


class OneHost:
    """A Rasa host that takes every model."""

    model = "0123456789abcdef"

    def ready_hosts(self) -> list[int]:
        return [0]

    async def model_of(self, number: int) -> str:
        return self.model

    async def load_model(self, number: int, path: str) -> str:
        self.model = Path(path).name.removesuffix(".tar.gz")
        return self.model


async def test_an_admin_compares_insists_and_goes_back(house: LearningHouse) -> None:
    await _trained(house)
    models: Models = house.services.learning.models
    models._hosts = OneHost()
    await models.follow()
    page = await house.log_in(Role.ADMIN, "/training")
    await expect(page.get_by_text("Worse than the present model in:")).to_be_visible()
    await house.look(page, "training", page.get_by_role("heading", level=1))
    last = page.get_by_role("region", name="Last training")
    await last.get_by_role("button", name="Let it serve").click()
    dialog = page.get_by_role("dialog")
    insist = dialog.get_by_role("button", name="Let it serve all the same")
    await expect(insist).to_be_disabled()
    await dialog.get_by_label("Why should it serve all the same?").fill("The feast begins.")
    await house.assert_sound(page)
    await insist.click()
    await expect(page.get_by_text("It serves from now on").first).to_be_visible()
    await expect(last.get_by_text("It serves.")).to_be_visible()
    await expect(page.get_by_text("“The feast begins.”")).to_be_visible()
    rows = page.locator(".model-row")
    await rows.filter(has_text="01234567").get_by_role("button", name="Go back").click()
    await page.get_by_role("dialog").get_by_role("button", name="Go back").click()
    await expect(rows.filter(has_text="01234567").get_by_text("Serves", exact=True)).to_be_visible()


async def test_a_training_shows_its_progress_and_can_be_cancelled(house: LearningHouse) -> None:
    page = await house.log_in(Role.ADMIN, "/training")
    await page.get_by_role("button", name="Train", exact=True).click()
    await expect(page.get_by_role("progressbar", name="Progress of the training")).to_be_visible()
    await house.assert_sound(page)
    await page.get_by_role("button", name="Cancel the training").click()
    await expect(page.get_by_text("Cancelled")).to_be_visible()


async def test_an_auditor_looks_and_changes_nothing(house: LearningHouse) -> None:
    await _filled(house)
    await _trained(house)
    page = await house.log_in(Role.AUDITOR, "/review")
    await expect(page.locator(".review-item")).to_have_count(3)
    await expect(page.get_by_role("button", name="Accept")).to_have_count(0)
    await page.goto(f"{house.url}/admin#/training")
    await expect(page.get_by_text("Worse than the present model in:")).to_be_visible()
    for name in ("Train", "Let it serve", "Go back"):
        await expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)
