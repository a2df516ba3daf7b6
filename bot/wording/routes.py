"""The editors' HTTP interface to what the bot says."""

from datetime import datetime
from typing import Literal

from aiohttp import web
from pydantic import Field

from bot.kit.web import Model, RouteTable, ok, read_body, read_query
from bot.staff.routes import staff_of
from bot.wording.repository import Person
from bot.wording.service import BotText, BotTexts, Wording
from bot.wording.text import MAX_REASON, Area, sample
from knowledge_base.text import fold

BOT_TEXTS: web.AppKey[BotTexts] = web.AppKey("bot_texts", BotTexts)
MAX_BODY_TEXT = 100_000
"""Longer texts are refused before they are looked at; shorter ones with the limit that they break."""
Channel = Literal["any", "web", "telegram"]
Locale = Literal["pt-BR", "en", "es"]

table = RouteTable(prefix="/api/v1/texts", tag="texts")


class PersonBody(Model):
    """Who did something."""

    id: str
    name: str


class VariableBody(Model):
    """Something that is filled in, with what previews show in its place."""

    name: str
    required: bool
    sample: dict[str, str]


class WordingBody(Model):
    """A text in one language on one channel."""

    locale: Locale
    channel: Channel
    shipped: str
    text: str | None
    """None: as shipped, or on a channel the same as everywhere."""
    version: int
    updated_at: datetime | None
    updated_by: PersonBody | None


class TextBody(Model):
    """One text of the bot with all its wordings."""

    key: str
    area: Area
    form: str
    variables: list[VariableBody]
    channels: list[Channel]
    changed: bool
    wordings: list[WordingBody]


class TextList(Model):
    """The texts that fit."""

    items: list[TextBody]


class TextQuery(Model):
    """What the list is narrowed to."""

    q: str = Field(default="", max_length=200)
    area: Area | None = None
    changed: bool | None = None


class PlaceQuery(Model):
    """Which wording of a text."""

    locale: Locale
    channel: Channel = "any"


class TextChange(Model):
    """A new wording. `version` is the one that was read."""

    locale: Locale
    channel: Channel = "any"
    text: str = Field(max_length=MAX_BODY_TEXT)
    version: int = Field(ge=0)
    reason: str | None = Field(default=None, max_length=MAX_REASON)


class TextRestore(Model):
    """Which revision to say again; none: what was shipped."""

    locale: Locale
    channel: Channel = "any"
    version: int = Field(ge=0)
    revision: int | None = Field(default=None, ge=1)


class TextTrial(Model):
    """A wording to try."""

    locale: Locale
    channel: Channel = "any"
    text: str = Field(max_length=MAX_BODY_TEXT)


class TextProblem(Model):
    """Why a wording can't be saved."""

    code: str
    message: str
    names: list[str]


class TextPreview(Model):
    """A wording with sample values: Markdown for the web, messages in Telegram's HTML."""

    text: str
    telegram: list[str]
    telegram_units: int
    problems: list[TextProblem]


class TextRevisionBody(Model):
    """One version of a wording; no text: the shipped one."""

    number: int
    text: str | None
    author: PersonBody | None
    reason: str | None
    created_at: datetime


class TextRevisionList(Model):
    """Every version, newest first."""

    shipped: str
    items: list[TextRevisionBody]


@table.add(
    "GET",
    "",
    allow="kb.read",
    summary="What the bot says, by area",
    query=TextQuery,
    answer=TextList,
)
async def list_texts(request: web.Request) -> web.Response:
    """Answer the texts that fit; words are looked for in keys and in every language."""
    query = read_query(request, TextQuery)
    found = await request.app[BOT_TEXTS].list_texts()
    words = fold(query.q).split()
    items = [
        _body(text)
        for text in found
        if (query.area is None or text.spec.area is query.area)
        and (query.changed is None or _is_changed(text) is query.changed)
        and (not words or _has(text, words))
    ]
    return ok(TextList(items=items))


@table.add("GET", "/{key}", allow="kb.read", summary="One text", answer=TextBody)
async def get_text(request: web.Request) -> web.Response:
    """Answer one text with all its wordings."""
    return ok(_body(await request.app[BOT_TEXTS].get(request.match_info["key"])))


@table.add(
    "PATCH",
    "/{key}",
    allow="kb.write",
    summary="Say something else from now on",
    body=TextChange,
    answer=TextBody,
)
async def change_text(request: web.Request) -> web.Response:
    """Check and store a wording; every gateway says it within a second."""
    body = await read_body(request, TextChange)
    text = await request.app[BOT_TEXTS].change(
        (request.match_info["key"], body.locale, body.channel),
        body.text,
        version=body.version,
        actor=staff_of(request).id,
        reason=body.reason,
    )
    return ok(_body(text))


@table.add(
    "POST",
    "/{key}/restore",
    allow="kb.write",
    summary="Say again what was shipped, or an older wording",
    body=TextRestore,
    answer=TextBody,
)
async def restore_text(request: web.Request) -> web.Response:
    """Take a wording back."""
    body = await read_body(request, TextRestore)
    text = await request.app[BOT_TEXTS].restore(
        (request.match_info["key"], body.locale, body.channel),
        version=body.version,
        revision=body.revision,
        actor=staff_of(request).id,
    )
    return ok(_body(text))


@table.add(
    "POST",
    "/{key}/preview",
    allow="kb.read",
    summary="How a wording looks, and what speaks against it",
    body=TextTrial,
    answer=TextPreview,
)
async def preview_text(request: web.Request) -> web.Response:
    """Fill in sample values; nothing is stored."""
    body = await read_body(request, TextTrial)
    tried = request.app[BOT_TEXTS].try_out(
        (request.match_info["key"], body.locale, body.channel), body.text
    )
    return ok(
        TextPreview(
            text=tried.text,
            telegram=list(tried.telegram.parts),
            telegram_units=tried.telegram.units,
            problems=[
                TextProblem(code=p.code, message=p.message, names=list(p.names))
                for p in tried.problems
            ],
        )
    )


@table.add(
    "GET",
    "/{key}/revisions",
    allow="kb.read",
    summary="Every version of a wording, newest first",
    query=PlaceQuery,
    answer=TextRevisionList,
)
async def list_revisions(request: web.Request) -> web.Response:
    """Answer who said what when."""
    query = read_query(request, PlaceQuery)
    texts, key = request.app[BOT_TEXTS], request.match_info["key"]
    revisions = await texts.revisions((key, query.locale, query.channel))
    text = await texts.get(key)
    return ok(
        TextRevisionList(
            shipped=next(w.shipped for w in text.wordings if w.locale == query.locale),
            items=[
                TextRevisionBody(
                    number=one.number,
                    text=one.text,
                    author=_person(one.author),
                    reason=one.reason,
                    created_at=one.created_at,
                )
                for one in revisions
            ],
        )
    )


def _is_changed(text: BotText) -> bool:
    return any(wording.text is not None for wording in text.wordings)


def _has(text: BotText, words: list[str]) -> bool:
    said = [wording.text or wording.shipped for wording in text.wordings]
    everything = fold(" ".join([text.spec.key, text.spec.key.replace("_", " "), *said]))
    return all(word in everything for word in words)


def _body(text: BotText) -> TextBody:
    spec = text.spec
    return TextBody(
        key=spec.key,
        area=spec.area,
        form=spec.form.value,
        variables=[
            VariableBody(
                name=variable.name,
                required=variable.required,
                sample={w.locale: sample(variable.name, w.locale) for w in text.wordings},
            )
            for variable in spec.variables
        ],
        channels=list(spec.channels),
        changed=_is_changed(text),
        wordings=[_wording(wording) for wording in text.wordings],
    )


def _wording(wording: Wording) -> WordingBody:
    return WordingBody(
        locale=wording.locale,
        channel=wording.channel,
        shipped=wording.shipped,
        text=wording.text,
        version=wording.version,
        updated_at=wording.updated_at,
        updated_by=_person(wording.updated_by),
    )


def _person(person: Person | None) -> PersonBody | None:
    return PersonBody(id=person.id, name=person.name) if person else None
