"""Synonyms and stop words over HTTP; every change is in force with the next question."""

from datetime import datetime

from aiohttp import web
from pydantic import Field

from bot.kit.locales import match_locale
from bot.kit.web import Model, RouteTable, ok, read_body
from bot.staff.routes import staff_of
from knowledge_base.vocabulary.repository import SynonymGroup
from knowledge_base.vocabulary.service import Teaching

TEACHING: web.AppKey[Teaching] = web.AppKey("teaching", Teaching)

table = RouteTable(prefix="/api/v1", tag="knowledge base")


class SynonymBody(Model):
    """Words and short phrases that mean the same; the first is preferred."""

    id: str
    locale: str
    phrases: list[str]
    version: int
    updated_at: datetime


class VocabularyBody(Model):
    """What editors taught."""

    synonyms: list[SynonymBody]
    stop_words: dict[str, list[str]]
    """By language, beside the built-in ones."""


class NewSynonyms(Model):
    """A new group."""

    locale: str = Field(max_length=20)
    phrases: list[str] = Field(max_length=50)


class SynonymChange(Model):
    """A group as it is meant to be."""

    version: int
    phrases: list[str] = Field(max_length=50)


class StopWordsBody(Model):
    """All stop words of a language beside the built-in ones."""

    locale: str = Field(max_length=20)
    words: list[str] = Field(max_length=600)


@table.add(
    "GET",
    "/kb/vocabulary",
    allow="kb.read",
    summary="Synonyms and stop words",
    answer=VocabularyBody,
)
async def read_vocabulary(request: web.Request) -> web.Response:
    """Answer what editors taught."""
    return ok(await _vocabulary(request))


@table.add(
    "POST",
    "/kb/synonyms",
    allow="kb.write",
    summary="Teach that words mean the same",
    body=NewSynonyms,
    answer=SynonymBody,
    status=201,
)
async def add_synonyms(request: web.Request) -> web.Response:
    """Store a group."""
    body = await read_body(request, NewSynonyms)
    group = await request.app[TEACHING].add_group(
        actor=staff_of(request).id,
        locale=match_locale(body.locale, default=body.locale),
        phrases=body.phrases,
    )
    return ok(_group(group), status=201)


@table.add(
    "PATCH",
    "/kb/synonyms/{id}",
    allow="kb.write",
    summary="Change a group of synonyms",
    body=SynonymChange,
    answer=SynonymBody,
)
async def change_synonyms(request: web.Request) -> web.Response:
    """Change a group."""
    body = await read_body(request, SynonymChange)
    group = await request.app[TEACHING].change_group(
        request.match_info["id"],
        actor=staff_of(request).id,
        version=body.version,
        phrases=body.phrases,
    )
    return ok(_group(group))


@table.add(
    "DELETE",
    "/kb/synonyms/{id}",
    allow="kb.write",
    summary="Forget a group of synonyms",
    status=204,
)
async def remove_synonyms(request: web.Request) -> web.Response:
    """Remove a group."""
    await request.app[TEACHING].remove_group(request.match_info["id"], actor=staff_of(request).id)
    return web.Response(status=204)


@table.add(
    "PUT",
    "/kb/stop-words",
    allow="kb.write",
    summary="Set the words of a language that say nothing",
    body=StopWordsBody,
    answer=VocabularyBody,
)
async def set_stop_words(request: web.Request) -> web.Response:
    """Store a language's stop words."""
    body = await read_body(request, StopWordsBody)
    await request.app[TEACHING].set_stop_words(
        actor=staff_of(request).id,
        locale=match_locale(body.locale, default=body.locale),
        words=body.words,
    )
    return ok(await _vocabulary(request))


async def _vocabulary(request: web.Request) -> VocabularyBody:
    teaching = request.app[TEACHING]
    words: dict[str, list[str]] = {}
    for stop in await teaching.stop_words():
        words.setdefault(stop.locale, []).append(stop.word)
    groups = await teaching.groups()
    return VocabularyBody(synonyms=[_group(group) for group in groups], stop_words=words)


def _group(group: SynonymGroup) -> SynonymBody:
    return SynonymBody(
        id=group.id,
        locale=group.locale,
        phrases=list(group.phrases),
        version=group.version,
        updated_at=group.updated_at,
    )
