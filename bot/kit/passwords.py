"""Password hashes: argon2id with the parameters of the OWASP cheat sheet (19 MiB, t=2, p=1).

Hashing costs about 28 ms of CPU, so at most two run at once, in threads of their own.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError


class Passwords:
    """Hashes and checks passwords without holding up the loop."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="argon2")
        self._dummy = self._hasher.hash("nobody has this password")

    def hash_now(self, password: str) -> str:
        """Return the hash of a password, blocking."""
        return self._hasher.hash(password)

    async def hash(self, password: str) -> str:
        """Return the hash of a password."""
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, self._hasher.hash, password
        )

    async def verify(self, stored: str | None, password: str) -> bool:
        """Tell whether the password fits; takes as long when there is no such account (None)."""
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, self._verify, stored, password
        )

    def _verify(self, stored: str | None, password: str) -> bool:
        try:
            self._hasher.verify(stored or self._dummy, password)
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None
