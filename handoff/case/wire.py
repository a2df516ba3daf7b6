"""The JSON of cases: what comes in and what goes out."""

from typing import Literal

from pydantic import Field

from bot.kit.web import Model

MAX_TEXT = 20_000
"""Longest text read at all; what may be said is shorter and refused with a reason."""
Grades = Literal["high", "medium", "low"]


class CategoryItem(Model):
    """A line of the list of categories."""

    key: str
    name: str
    """In the reader's language."""
    names: dict[str, str]
    topics: list[str]
    position: int
    version: int
    retired: bool
    tickets: int
    """How many are in it."""


class CategoryItems(Model):
    """The list in its order, retired ones included."""

    items: list[CategoryItem]


class NewCategoryBody(Model):
    """A category at the end of the list, named in every language."""

    key: str = Field(max_length=60)
    names: dict[str, str] = Field(max_length=20)
    topics: list[str] = Field(default_factory=list, max_length=100)


class CategoryChangeBody(Model):
    """A category as it is meant to be."""

    version: int
    names: dict[str, str] = Field(max_length=20)
    topics: list[str] = Field(max_length=100)
    position: int = Field(ge=0, le=10_000)
    retired: bool = False


class SetCategoryBody(Model):
    """Key of a category; null takes it away."""

    category: str | None = Field(max_length=60)
    reason: str | None = Field(default=None, max_length=MAX_TEXT)


class SubjectBody(Model):
    """What the ticket is about, in one line."""

    subject: str = Field(max_length=MAX_TEXT)


class AssessBody(Model):
    """How much is affected, and how soon it hurts."""

    impact: Grades
    urgency: Grades
    reason: str | None = Field(default=None, max_length=MAX_TEXT)


class TagsBody(Model):
    """Words to put on and to take off."""

    add: list[str] = Field(default_factory=list, max_length=100)
    remove: list[str] = Field(default_factory=list, max_length=100)


class KnownTags(Model):
    """Tags in use, the most used first."""

    items: list[str]


class LinkBody(Model):
    """Another ticket (number or id), and what this one is to it."""

    other: str = Field(max_length=60)
    kind: Literal["related", "duplicate_of", "caused_by"]


class UnlinkBody(Model):
    """The other ticket (number or id)."""

    other: str = Field(max_length=60)


class MergeBody(Model):
    """The ticket (number or id) that remains."""

    into: str = Field(max_length=60)
    reason: str | None = Field(default=None, max_length=MAX_TEXT)


class WatchBody(Model):
    """Whether to be told."""

    watching: bool


class MentionItem(Model):
    """A note in which the caller was named."""

    id: str
    ticket_id: str
    number: str
    subject: str
    by: str | None
    text: str
    at: str
    read: bool


class Mentions(Model):
    """The latest 100, and how many are unread in all."""

    items: list[MentionItem]
    unread: int


class ReadBody(Model):
    """Of which ticket; of all when it is left out."""

    ticket_id: str | None = Field(default=None, max_length=36)


class Unread(Model):
    """How many mentions are unread still."""

    unread: int
