"""Roles and what each may do. The one permission matrix; pure."""

import re
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What kind of work somebody does."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    EDITOR = "editor"
    REVIEWER = "reviewer"
    """An editor whose word counts where articles are reviewed before customers see them."""
    ADMIN = "admin"
    AUDITOR = "auditor"


PERMISSIONS: dict[Role, frozenset[str]] = {
    Role.AGENT: frozenset(
        {"tickets.read", "tickets.work", "kb.read", "transcripts.read", "status.read"}
    ),
    Role.SUPERVISOR: frozenset(
        {
            "reports.read",
            "tickets.read",
            "tickets.work",
            "tickets.supervise",
            "kb.read",
            "transcripts.read",
            "audit.read",
            "status.read",
        }
    ),
    Role.EDITOR: frozenset(
        {
            "kb.read",
            "kb.write",
            "kb.publish",
            "status.read",
            "learning.read",
            "learning.review",
        }
    ),
    Role.REVIEWER: frozenset(
        {
            "kb.read",
            "kb.write",
            "kb.publish",
            "kb.review",
            "status.read",
            "learning.read",
            "learning.review",
        }
    ),
    Role.ADMIN: frozenset(
        {
            "reports.read",
            "service_level.manage",
            "desk.configure",
            "tickets.read",
            "tickets.work",
            "tickets.supervise",
            "kb.read",
            "kb.write",
            "kb.publish",
            "kb.review",
            "transcripts.read",
            "staff.manage",
            "audit.read",
            "status.read",
            "learning.read",
            "learning.review",
            "learning.train",
        }
    ),
    Role.AUDITOR: frozenset(
        {
            "reports.read",
            "tickets.read",
            "kb.read",
            "transcripts.read",
            "audit.read",
            "status.read",
            "learning.read",
        }
    ),
}
LEVELS = ("N1", "N2", "N3", "N4")
MIN_PASSWORD = 10
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}\.[^@\s.]{2,}")


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody who is logged in."""

    id: str
    email: str
    name: str
    role: Role
    level: str | None
    locale: str

    @property
    def permissions(self) -> frozenset[str]:
        """What the role may do."""
        return PERMISSIONS[self.role]

    def may(self, permission: str) -> bool:
        """Tell whether the role has the permission."""
        return permission in self.permissions


def normalise_email(email: str) -> str | None:
    """Return the address in lower case, or None when it is none."""
    email = email.strip().lower()
    return email if len(email) <= 254 and _EMAIL.fullmatch(email) else None


def password_problem(password: str, *, email: str = "") -> str | None:
    """Return why a staff password is refused (English, translatable), or None when it is fine."""
    if len(password) < MIN_PASSWORD:
        return "Use at least 10 characters."
    if len(password) > 200:
        return "Use at most 200 characters."
    if email and password.lower() == email.lower():
        return "Do not use your e-mail address."
    if len(set(password)) < 4:
        return "Use more different characters."
    return None
