"""What is mailed to customers who left: that there is news, never what it says."""

from enum import StrEnum
from typing import Protocol


class News(StrEnum):
    """What has happened with a ticket."""

    ANSWERED = "answered"
    RESOLVED = "resolved"


class LetterLike(Protocol):
    """A mail without its address."""

    @property
    def subject(self) -> str:
        """One line."""
        ...

    @property
    def text(self) -> str:
        """The plain part."""
        ...

    @property
    def html(self) -> str:
        """The HTML part."""
        ...


class WritesNews(Protocol):
    """Who writes the mails (`bot.mail.letters.Letters`)."""

    def ticket_news(self, locale: str, *, number: str, news: str) -> LetterLike:
        """Return the mail that tells of a ticket's `News`."""
        ...
