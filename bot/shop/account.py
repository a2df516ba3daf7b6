"""Customers' accounts, and the Protocol behind which the account system stands. Pure."""

from dataclasses import dataclass
from typing import Protocol

MIN_PASSWORD = 10
MAX_PASSWORD = 200
_COMMON = frozenset((
    "1234567890", "0123456789", "12345678910", "123456789012", "0987654321", "1111111111",
    "0000000000", "1212121212", "password12", "password123", "password1234", "passw0rd123",
    "mypassword", "mypassword1", "password01", "p@ssw0rd123", "qwertyuiop", "qwerty12345",
    "qwerty123456", "1q2w3e4r5t", "1q2w3e4r5t6y", "asdfghjkl1", "zxcvbnm123", "qazwsxedc1",
    "iloveyou12", "iloveyou123", "letmein123", "letmein1234", "welcome123", "welcome1234",
    "sunshine123", "princess123", "football123", "baseball123", "superman123", "dragon12345",
    "master12345", "monkey12345", "abc1234567", "abcd123456", "abcdefghij", "abc123456789",
    "admin12345", "administrator", "changeme123", "trustno1234", "whatever123", "senha12345",
    "senha123456", "minhasenha", "minhasenha1", "minhasenha123", "senhasenha", "mudar12345",
    "mudar123456", "brasil1234", "brasil12345", "flamengo123", "corinthians", "corinthians1",
    "palmeiras1", "saopaulo123", "teamo12345", "eusouobrasil", "jesuscristo", "jesus12345",
    "contrasena", "contraseña", "contrasena1", "contraseña1", "contrasena123", "tequiero123",
    "teamomucho", "micontrasena", "españa1234", "barcelona1", "realmadrid1", "lojaaurora",
    "lojaaurora1",
))  # fmt: skip
"""The most common passwords that are long enough to pass the length rule, in three languages."""


@dataclass(frozen=True, slots=True)
class Account:
    """A customer's account, as far as the front line may know it."""

    id: str
    email: str


class PasswordFlaw(Exception):
    """A new password breaks a rule; `code` says which: short, long, email or common."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class AccountDirectory(Protocol):
    """The system that knows accounts and their passwords."""

    async def find(self, email: str) -> Account | None:
        """Return the account with this address (in any case), or None."""
        ...

    async def get(self, account_id: str) -> Account | None:
        """Return the account with this id, or None when it is gone."""
        ...

    async def set_password(self, account_id: str, password: str) -> None:
        """Replace the password; existing log-ins of the account end."""
        ...


def normalise_email(address: str) -> str:
    """Return the form in which addresses are compared."""
    return address.strip().lower()


def check_password(password: str, *, email: str) -> None:
    """Check a new password: long enough, not the address, not one that everybody tries first.

    No rules about kinds of characters: they make passwords worse (NIST SP 800-63B, 5.1.1.2).

    Raises:
        PasswordFlaw: says which rule it breaks.
    """
    if len(password) < MIN_PASSWORD:
        raise PasswordFlaw("short")
    if len(password) > MAX_PASSWORD:
        raise PasswordFlaw("long")
    bare = password.strip().lower()
    local_part = email.lower().partition("@")[0]
    rest = bare.replace(local_part, "")
    if bare == email.lower() or (local_part in bare and (not rest or rest.isdigit())):
        raise PasswordFlaw("email")
    if bare in _COMMON or len(set(bare)) < 4:
        raise PasswordFlaw("common")
