"""The composition root: everything is made here and only here, and any part can be passed in by tests."""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
import structlog
from aiohttp import web

from actions.registry import ActionServices, build_actions
from actions.turn_record import TurnRecords
from actions.webhook import ACTIONS, ActionRunner
from actions.webhook import routes as action_routes
from bot.channels.telegram.render import render as render_telegram
from bot.channels.telegram.render import utf16_units
from bot.channels.telegram.routes import TELEGRAM
from bot.channels.telegram.routes import table as telegram_table
from bot.channels.telegram.service import Telegram
from bot.channels.web.routes import WEB_CHANNEL
from bot.channels.web.service import WebChannel
from bot.conversations.conversation import Conversation
from bot.demo import routes as demo_routes
from bot.demo.seed import seed_demo
from bot.dialogue.explain import Explainer
from bot.dialogue.language import NgramDetector
from bot.dialogue.rasa_client import Dialogue, RasaPool
from bot.dialogue.routes import EXPLAINER
from bot.dialogue.routes import internal as internal_explain
from bot.hours import repository as hours_repository
from bot.hours import routes as hours_routes
from bot.hours import service as hours_module
from bot.hours.calendar import Calendar, Interval
from bot.hours.desk import Calendars
from bot.hours.service import MAIN as CALENDAR
from bot.hours.service import Hours
from bot.hours.wording import shipped_texts
from bot.inbox.handing_over import TurnHandOff
from bot.inbox.intake import Intake
from bot.inbox.worker import TurnWorker
from bot.incidents import repository as incidents_repository
from bot.incidents import routes as incidents_routes
from bot.incidents.service import Incidents
from bot.kit.bus import Bus, LocalBus, RedisBus
from bot.kit.clock import Clock, SystemClock
from bot.kit.db import Database, Tx, open_database
from bot.kit.encoder import Encoder, UniversalEncoder
from bot.kit.errors import Unavailable
from bot.kit.following import Follower
from bot.kit.ids import new_id
from bot.kit.keys import derive, internal_token
from bot.kit.limits import Limiter, MemoryLimiter, RedisLimiter
from bot.kit.locales import Texts
from bot.kit.passwords import Passwords
from bot.kit.web import RouteTable, mount
from bot.learning import masking
from bot.learning import routes as learning_routes
from bot.learning.parts import Learning
from bot.mail.letters import BRAND, Letters
from bot.mail.mailer import open_mailer
from bot.mail.worker import MailWorker
from bot.metrics import Metrics
from bot.outbox.worker import OutboxWorker
from bot.pages.render import Pages
from bot.privacy import routes as privacy_routes
from bot.proposals import routes as proposal_routes
from bot.proposals.service import Proposals
from bot.settings import Settings
from bot.shop.demo import DemoAccounts, DemoOrderBook
from bot.staff.service import StaffService
from bot.verification import routes as reset_routes
from bot.verification.reset import PasswordReset
from bot.verification.routes import RESET
from bot.verification.service import Verification
from bot.wording import repository as wording_repository
from bot.wording import routes as wording_routes
from bot.wording.service import BotTexts, TelegramView
from handoff.automation import routes as automation_routes
from handoff.automation.performing import Performer
from handoff.automation.service import Macros, RuleInbox, Rules
from handoff.automation.worker import RuleSweep, RuleWorker
from handoff.calendars import DeskCalendars
from handoff.case import routes as case_routes
from handoff.case.service import Cases
from handoff.console import bulk_routes, company_routes
from handoff.console import routes as desk_routes
from handoff.console.bulk import Bulk
from handoff.console.company import Company
from handoff.console.events import LiveStreams
from handoff.exports import routes as transcript_routes
from handoff.exports.service import Transcripts
from handoff.feedback import routes as feedback_routes
from handoff.feedback.service import Ratings
from handoff.feedback.worker import RatingsWorker
from handoff.informing.asides import DeskAsides
from handoff.informing.there import is_present, somebody_there
from handoff.replies import routes as replies_routes
from handoff.replies.service import CannedReplies
from handoff.routing import routes as routing_routes
from handoff.routing.service import Routing
from handoff.search import routes as search_routes
from handoff.search.service import Search
from handoff.service import Desk
from handoff.service_level import routes as level_routes
from handoff.service_level.reports import Reports
from handoff.service_level.service import ServiceLevel
from handoff.service_level.worker import Sweep, SweepWorker
from handoff.suggestions import routes as suggestions_routes
from handoff.suggestions.service import Suggestions
from handoff.third_party.worker import Reminders, ReminderWorker
from handoff.views import routes as views_routes
from handoff.views.service import SavedViews
from handoff.work import routes as work_routes
from handoff.work.service import Work
from handoff.work.worker import WorkWorker
from handoff.worker import DeskWorker
from knowledge_base.admin import (
    asked_routes,
    category_routes,
    file_routes,
    golden_routes,
    vocabulary_routes,
)
from knowledge_base.admin import routes as kb_routes
from knowledge_base.asked.service import AskedQuestions
from knowledge_base.categories import Categories
from knowledge_base.checks import Checker
from knowledge_base.golden.service import GoldenQuestions
from knowledge_base.library import AgentLibrary
from knowledge_base.presentation import Presenter
from knowledge_base.public import routes as help_routes
from knowledge_base.public.site import HelpSite
from knowledge_base.search import KnowledgeBase
from knowledge_base.service import Articles
from knowledge_base.vocabulary.service import Teaching
from knowledge_base.worker import PublishingWorker

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Services:
    """Everything one gateway is made of."""

    settings: Settings
    clock: Clock
    db: Database
    bus: Bus
    limiter: Limiter
    texts: Texts
    bot_texts: BotTexts
    metrics: Metrics
    encoder: Encoder
    detector: NgramDetector
    pages: Pages
    staff: StaffService
    passwords: Passwords
    knowledge: KnowledgeBase
    articles: Articles
    golden: GoldenQuestions
    asked: AskedQuestions
    proposals: Proposals
    rasa: RasaPool
    explainer: Explainer
    incidents: Incidents
    verification: Verification
    hours: Hours
    calendars: Calendars
    orders: DemoOrderBook
    accounts: DemoAccounts
    desk: Desk
    ratings: Ratings
    transcripts: Transcripts
    service_level: ServiceLevel
    work: Work
    live: LiveStreams
    records: TurnRecords
    turns: TurnWorker
    intake: Intake
    visitors: WebChannel
    outbox: OutboxWorker
    mail: MailWorker
    learning: Learning
    telegram: Telegram | None
    internal_token: str
    followers: list[Follower] = field(default_factory=list)
    """What keeps up with what admins change."""
    internal_url: str = ""
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    redis: Any = None
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _drained: bool = False

    # ------------------------------------------------------------------------- life

    async def seed(self, *, progress: Callable[[str], None]) -> list[tuple[str, str, str]]:
        """Fill an empty store: queues always, the demo shop when asked for.

        Returns:
            (role, e-mail, password) of the demo people made now; shown once.
        """
        await self.service_level.seed(locale=self.settings.default_locale)
        await self.rules().seed(locale=self.settings.default_locale)
        if not self.settings.demo:
            await self.desk.seed(calendar_key=CALENDAR)
            await self.db.write(self._seed_hours)
            return []
        return await seed_demo(self, progress=progress)

    def _seed_hours(self, tx: Tx) -> None:
        """Give a new installation office hours, so that hours are answered and told from the start."""
        now = self.clock.now()
        if hours_repository.find_calendar(tx.conn, CALENDAR, now=now) is None:
            office = tuple((Interval.parse("09:00", "18:00"),) for _ in range(5))
            calendar = Calendar(
                CALENDAR,
                self.settings.timezone,
                (*office, (), ()),
                name=self.texts[self.settings.default_locale].text("Opening hours"),
            )
            hours_repository.save_calendar(tx, calendar, now=now)

    async def start(self) -> None:
        """Begin every worker."""
        await self.bus.start()
        await self.knowledge.start()
        for follower in self.followers:
            await follower.start()
        await asyncio.to_thread(self.detector.load)
        # The first customer must not wait for the encoder's model (a second, more on a busy machine).
        await self.encoder.encode("oi")
        await self.hours.warm_up()
        workers: list[tuple[str, Callable[[], Coroutine[Any, Any, None]]]] = [
            ("turns", self.turns.run),
            ("outbox", self.outbox.run),
            ("mail", self.mail.run),
            ("desk", DeskWorker(self.desk).run),
            ("work", WorkWorker(self.work, self.bus).run),
            ("asked", self.asked.run),
            ("service-level", SweepWorker(self.service_level_sweep()).run),
            ("rules", RuleWorker(self.rule_sweep()).run),
            ("third-parties", ReminderWorker(self.third_party_reminders()).run),
            ("feedback", RatingsWorker(self.ratings).run),
            ("live", self.live.run),
            ("publishing", PublishingWorker(self.articles).run),
            ("learning", self.learning.worker.run),
        ]
        if self.telegram is not None:
            workers.append(("telegram", self.telegram.run))
        self._tasks = [
            asyncio.create_task(self._keep_running(name, work), name=name) for name, work in workers
        ]

    async def _keep_running(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while not self.closing.is_set():
            try:
                await work()
                return
            except Exception:  # worker edge: one failure must not end the service
                log.exception("worker.failed", worker=name)
                await asyncio.sleep(1)

    def end_streams(self) -> None:
        """Say goodbye to open sockets, long polls and live pages: a server waits for them to end."""
        self.closing.set()
        self.live.close()

    async def drain(self) -> None:
        """Take nothing new in and finish what is under way; again it does nothing."""
        if self._drained:
            return
        self._drained = True
        self.end_streams()
        if self.telegram is not None:
            await self.telegram.stop()
        await self.turns.close()
        await self.outbox.close()

    async def close(self) -> None:
        """Stop everything and close every connection."""
        self.closing.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.telegram is not None:
            await self.telegram.close()
        for follower in self.followers:
            await follower.close()
        await self.knowledge.close()
        await self.rasa.close()
        await self.bus.close()
        if self.redis is not None:
            await self.redis.aclose()
        await self.db.close()

    # ----------------------------------------------------------------------- status

    async def store_works(self) -> bool:
        """Tell whether the store answers."""
        try:
            async with asyncio.timeout(3):
                await self.db.read(lambda conn: conn.execute(sa.text("SELECT 1")).scalar_one())
        except (Unavailable, TimeoutError):
            return False
        return True

    def knowledge_status(self) -> str:
        """Return "ok", or how much of the articles has been read since the start."""
        share = self.knowledge.read_share
        return "ok" if self.knowledge.ready else f"starting ({share:.0%} read)"

    async def status(self) -> dict[str, Any]:
        """Return how each part is doing."""
        redis = "not configured"
        if self.redis is not None:
            try:
                async with asyncio.timeout(2):
                    await self.redis.ping()
                redis = "ok"
            except Exception as error:  # any client error means the same here
                redis = f"down ({type(error).__name__})"
        telegram = "not configured"
        if self.telegram is not None:
            state = self.telegram.status
            telegram = state.problem or ("ok" if state.connected else "connecting")
            telegram = f"{state.mode}: {telegram}"
        return {
            "gateway": "draining" if self.closing.is_set() else "ok",
            "bot": self.rasa.status(),
            "database": f"{self.db.dialect}: {'ok' if await self.store_works() else 'down'}",
            "redis": redis,
            "telegram": telegram,
            "model": self.rasa.model,
            "articles": len(self.knowledge),
            "knowledge": "ok" if self.knowledge.ready else "starting",
        }

    # ------------------------------------------------------------------------ wiring

    def tables(self) -> list[RouteTable]:
        """Return the routes of every concept."""
        tables = [
            desk_routes.table,
            search_routes.table,
            views_routes.table,
            replies_routes.table,
            suggestions_routes.table,
            company_routes.table,
            bulk_routes.table,
            transcript_routes.table,
            level_routes.table,
            feedback_routes.table,
            automation_routes.table,
            case_routes.table,
            routing_routes.table,
            work_routes.table,
            kb_routes.table,
            category_routes.table,
            golden_routes.table,
            vocabulary_routes.table,
            asked_routes.table,
            proposal_routes.table,
            file_routes.table,
            help_routes.table,
            learning_routes.table,
            wording_routes.table,
            incidents_routes.table,
            hours_routes.table,
            telegram_table,
            reset_routes.table,
        ]
        if self.settings.demo:
            tables.append(demo_routes.table)
        return tables

    def fill(self, app: web.Application) -> None:
        """Give the public application what the concepts' routes use."""
        app[desk_routes.DESK] = self.desk
        app[desk_routes.LIVE] = self.live
        app[search_routes.SEARCH] = Search(self.db)
        app[views_routes.VIEWS] = SavedViews(self.db, self.clock)
        app[replies_routes.REPLIES] = CannedReplies(self.db, self.clock)
        app[suggestions_routes.SUGGESTIONS] = Suggestions(
            self.db, self.desk, AgentLibrary(self.db, self.knowledge)
        )
        app[company_routes.COMPANY] = Company(self.db, self.clock, self.bus)
        app[bulk_routes.BULK] = Bulk(self.db, self.desk)
        app[transcript_routes.TRANSCRIPTS] = self.transcripts
        app[case_routes.CASES] = Cases(self.db, self.clock, self.desk)
        app[level_routes.SERVICE_LEVEL] = self.service_level
        app[level_routes.RATED] = feedback_routes.rated(self.ratings)
        app[feedback_routes.RATINGS] = self.ratings
        app[routing_routes.ROUTING] = Routing(
            self.db,
            self.clock,
            self.desk,
            is_open=hours_module.is_open,
            hours_sentence=functools.partial(hours_module.hours_sentence, texts=self.texts),
        )
        app[work_routes.WORK] = self.work
        app[automation_routes.MACROS] = self.macros()
        app[automation_routes.RULES] = self.rules()
        app[level_routes.REPORTS] = Reports(self.db, self.clock, timezone=self.settings.timezone)
        app[wording_routes.BOT_TEXTS] = self.bot_texts
        app[incidents_routes.INCIDENTS] = self.incidents
        app[hours_routes.CALENDARS] = self.calendars
        app[kb_routes.ARTICLES] = self.articles
        app[kb_routes.KNOWLEDGE] = self.knowledge
        app[golden_routes.GOLDEN] = self.golden
        app[vocabulary_routes.TEACHING] = Teaching(self.db, self.clock, self.knowledge)
        app[asked_routes.ASKED] = self.asked
        app[proposal_routes.PROPOSALS] = self.proposals
        app[kb_routes.CATEGORIES] = Categories(self.db, clock=self.clock)
        app[kb_routes.CHECKER] = Checker(
            self.knowledge,
            self._route_of,
            lambda text: [part.html for part in render_telegram(text)],
        )
        app[help_routes.HELP] = HelpSite(
            self.db,
            self.knowledge,
            public_url=self.settings.public_url,
            default_locale=self.settings.default_locale,
        )
        app[help_routes.LIMITER] = self.limiter
        app[learning_routes.REVIEWS] = self.learning.reviews
        app[learning_routes.MODELS] = self.learning.models
        app[RESET] = PasswordReset(
            db=self.db,
            clock=self.clock,
            verification=self.verification,
            accounts=self.accounts,
            texts=self.texts,
            timezone=self.settings.timezone,
        )
        if self.settings.demo:
            app[demo_routes.DEMO] = demo_routes.DemoSite(
                db=self.db, clock=self.clock, mail_folder=self.settings.data_dir / "mail"
            )
        if self.telegram is not None:
            app[TELEGRAM] = self.telegram

    async def _route_of(self, text: str, locale: str) -> str | None:
        """Return which route a text would take; None while nobody can tell."""
        if self.rasa.status() != "ok":
            return None
        return (await self.explainer.explain(text, locale=locale)).route.value

    def fill_internal(self, app: web.Application) -> None:
        """Add the internal application's routes: Rasa's action calls, and our own commands'."""
        app[ACTIONS] = ActionRunner(build_actions(self.action_services()))
        app[EXPLAINER] = self.explainer
        app[WEB_CHANNEL] = self.visitors
        app[privacy_routes.DIALOGUE] = self.rasa
        mount(app, [action_routes, internal_explain, privacy_routes.internal])

    def performer(self) -> Performer:
        """Return what does the things that macros and rules say."""
        return Performer(self.desk, texts=self.texts, public_url=lambda: self.settings.public_url)

    def macros(self) -> Macros:
        """Return the macros."""
        return Macros(self.db, self.clock, performer=self.performer(), steps=self.desk)

    def rules(self) -> Rules:
        """Return the rules."""
        return Rules(self.db, self.clock, is_open=hours_module.is_open)

    def rule_sweep(self) -> RuleSweep:
        """Return what asks the rules about what happens to tickets."""
        return RuleSweep(
            self.db,
            self.clock,
            performer=self.performer(),
            steps=self.desk,
            is_open=hours_module.is_open,
        )

    def third_party_reminders(self) -> Reminders:
        """Return what reminds of third parties that are late."""
        return Reminders(
            self.db,
            self.clock,
            desk_steps=self.desk,
            texts=self.texts,
            public_url=lambda: self.settings.public_url,
        )

    def service_level_sweep(self) -> Sweep:
        """Return what acts on warnings and breaches."""
        return Sweep(
            self.db,
            self.clock,
            level=self.service_level,
            desk_steps=self.desk,
            texts=self.texts,
            public_url=lambda: self.settings.public_url,
        )

    def action_services(self) -> ActionServices:
        """Return what the actions work with."""
        return ActionServices(
            db=self.db,
            clock=self.clock,
            texts=self.texts,
            knowledge=self.knowledge,
            desk=self.desk,
            orders=self.orders,
            accounts=self.accounts,
            verification=self.verification,
            hours=self.hours,
            turns=self.records,
            presenter=Presenter(self.db),
            incidents=self.incidents,
        )


def build_services(
    settings: Settings,
    *,
    clock: Clock | None = None,
    dialogue: Dialogue | None = None,
    encoder: Encoder | None = None,
    detector: NgramDetector | None = None,
    knowledge: KnowledgeBase | None = None,
) -> Services:
    """Make everything; nothing is connected or started yet.

    Args:
        settings: the operator's.
        clock: the present, by default the machine's.
        dialogue: who drives the dialogue, by default the Rasa hosts.
        encoder: sentence vectors; a loaded one saves a second.
        detector: languages; a loaded one saves half a second.
        knowledge: articles to answer from, by default those of the store.
    """
    clock = clock or SystemClock()
    metrics = Metrics()
    redis = None
    bus: Bus
    limiter: Limiter
    if settings.redis_url is not None:
        from redis.asyncio import Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        # One retry: a pooled connection may be from before Redis was started anew.
        redis = Redis.from_url(
            settings.redis_url,
            socket_connect_timeout=2,
            socket_timeout=2,
            retry=Retry(NoBackoff(), 1),
        )
        channel = f"frontline:hints:{derive(settings.secret_key, 'hints').hex()[:16]}"
        bus = RedisBus(redis, origin=new_id(), channel=channel)
        limiter = RedisLimiter(redis)
    else:
        bus, limiter = LocalBus(), MemoryLimiter()
    db = open_database(settings.database_url, announcer=bus)
    texts = Texts(more=shipped_texts())
    encoder = encoder or UniversalEncoder()
    passwords = Passwords()
    detector = detector or NgramDetector()
    rasa = RasaPool(internal_token(settings.secret_key))
    if knowledge is None:  # an empty one counts as false
        knowledge = KnowledgeBase(db, encoder, bus=bus)
    presenter = Presenter(db)
    verification = Verification.build(secret_key=settings.secret_key, texts=texts, brand=BRAND)
    service_level = ServiceLevel(db, clock)
    ratings = Ratings(db, clock, texts)
    desk = Desk(
        db,
        clock,
        bus,
        texts,
        functools.partial(hours_module.hours_sentence, texts=texts),
        verification.hide_links,
        is_open=hours_module.is_open,
        follows=service_level,
        feedback=ratings,
        news=Letters(texts, BRAND),
        is_present=is_present,
        somebody_there=somebody_there,
        hears=RuleInbox(),
        timezone=settings.timezone,
    )
    records = TurnRecords()

    def render_links(text: str) -> str:
        return verification.render_links(text, public_url=settings.public_url)

    typing: set[asyncio.Task[None]] = set()

    def announce_typing(conversation: Conversation) -> None:
        bus.publish(f"conversation:{conversation.id}", {"typing": "bot"})
        if telegram is not None and conversation.channel == "telegram":
            task = asyncio.create_task(telegram.sender.typing(conversation))
            typing.add(task)
            task.add_done_callback(typing.discard)

    explainer = Explainer(
        dialogue=dialogue or rasa,
        knowledge=knowledge,
        encoder=encoder,
        detector=detector,
        default_locale=settings.default_locale,
        notices=lambda text, vector, decision: incidents.concerning(
            text, vector=vector, decision=decision
        ),
    )
    incidents = Incidents(
        db,
        clock,
        encoder,
        explainer=explainer,
        telegram_units=lambda text: show_on_telegram(text).units,
        default_locale=settings.default_locale,
    )
    transcripts = Transcripts(
        db, clock, desk=desk, texts=texts, verification=verification, brand=BRAND
    )
    turns = TurnWorker(
        db,
        clock,
        dialogue=dialogue or rasa,
        knowledge=knowledge,
        presenter=presenter,
        encoder=encoder,
        detector=detector,
        texts=texts,
        codes=verification,
        hand_off=TurnHandOff(desk),
        records=records,
        announce_typing=announce_typing,
        metrics=metrics,
        incidents=incidents,
        asides=DeskAsides(db, desk=desk, ratings=ratings),
    )
    intake = Intake(
        db,
        clock,
        desk=desk,
        codes=verification,
        wake=turns.wake,
        key=derive(settings.secret_key, "intake"),
        transcripts=transcripts,
        default_locale=settings.default_locale,
    )
    telegram = (
        Telegram(
            settings,
            db=db,
            clock=clock,
            inbox=intake,
            text=functools.partial(texts.bot, channel="telegram"),
            render_links=render_links,
        )
        if settings.telegram and settings.telegram_token
        else None
    )
    bot_texts = BotTexts(
        db,
        clock,
        texts,
        to_telegram=show_on_telegram,
        listeners=[telegram.texts_changed] if telegram else [],
    )
    golden = GoldenQuestions(db, clock, knowledge)
    articles = Articles(db, clock=clock, encoder=encoder, knowledge=knowledge, gate=golden)
    asked = AskedQuestions(
        db,
        clock,
        encoder=encoder,
        knowledge=knowledge,
        articles=articles,
        mask=masking.mask,
        as_phrasing=masking.for_phrasing,
    )
    learning = Learning.build(
        db,
        clock,
        bus,
        articles=articles,
        desk=desk,
        knowledge=knowledge,
        encoder=encoder,
        detector=detector,
        rasa=rasa,
        data_dir=settings.data_dir,
        place=settings.public_url,
        default_locale=settings.default_locale,
    )
    return Services(
        settings=settings,
        clock=clock,
        db=db,
        bus=bus,
        limiter=limiter,
        texts=texts,
        bot_texts=bot_texts,
        followers=[
            Follower(wording_repository.TOPIC, bot_texts.refresh, bus=bus),
            Follower(incidents_repository.TOPIC, incidents.refresh, bus=bus),
        ],
        metrics=metrics,
        encoder=encoder,
        detector=detector,
        pages=Pages(texts, default_locale=settings.default_locale, timezone=settings.timezone),
        staff=StaffService(
            db,
            clock,
            passwords=passwords,
            limiter=limiter,
            default_locale=settings.default_locale,
        ),
        passwords=passwords,
        knowledge=knowledge,
        articles=articles,
        golden=golden,
        asked=asked,
        proposals=Proposals(
            db,
            clock,
            articles=articles,
            history=desk,
            mask=masking.mask,
            as_phrasing=masking.for_phrasing,
            as_answer=masking.for_answer,
        ),
        rasa=rasa,
        explainer=explainer,
        incidents=incidents,
        verification=verification,
        hours=Hours(db, texts),
        calendars=Calendars(
            db,
            clock,
            texts=texts,
            queues=DeskCalendars(),
            default_locale=settings.default_locale,
        ),
        orders=DemoOrderBook(db),
        accounts=DemoAccounts(db, clock, passwords),
        desk=desk,
        ratings=ratings,
        transcripts=transcripts,
        service_level=service_level,
        work=Work(db, clock, desk, texts, public_url=lambda: settings.public_url),
        live=LiveStreams(desk, bus),
        records=records,
        turns=turns,
        intake=intake,
        visitors=WebChannel(
            db,
            clock,
            bus=bus,
            intake=intake,
            metrics=metrics,
            render_links=render_links,
            identity=settings.widget_identity,
            identity_keys=settings.widget_identity_keys,
            default_locale=settings.default_locale,
            agent_of=desk.agent_of,
        ),
        outbox=OutboxWorker(db, clock, bus, [telegram.sender] if telegram else []),
        mail=MailWorker(
            db,
            clock,
            bus,
            open_mailer(
                smtp_url=settings.smtp_url,
                data_dir=settings.data_dir,
                sender=settings.mail_from,
            ),
        ),
        learning=learning,
        telegram=telegram,
        internal_token=internal_token(settings.secret_key),
        redis=redis,
    )


def show_on_telegram(text: str) -> TelegramView:
    """Return what Telegram would show for Markdown; pure."""
    parts = render_telegram(text)
    return TelegramView(
        tuple(part.html for part in parts), sum(utf16_units(part.plain) for part in parts)
    )
