"""Passwords: how they are kept, compared, and which are good enough.

argon2id with the parameters of the OWASP Password Storage Cheat Sheet (19 MiB, 2 passes): the memory is taken for each
login at the same moment, so only a few are compared at once. Rules follow NIST SP 800-63B: length, no composition.
"""

import threading

import argon2

from core.errors import InvalidInput, Violation

SHORTEST, LONGEST = 10, 200
_AT_ONCE = threading.BoundedSemaphore(2)
_hasher = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_NOBODY = _hasher.hash("nobody has this password")  # compared with for unknown addresses, to take just as long


def hashed(password: str) -> str:
    """Return what is kept of a password."""
    with _AT_ONCE:
        return _hasher.hash(password)


def matches(kept: str | None, password: str) -> bool:
    """Tell whether this is the password; with nothing kept the answer is no, after the same time."""
    try:
        with _AT_ONCE:
            return _hasher.verify(kept or _NOBODY, password) and kept is not None
    except argon2.exceptions.VerifyMismatchError:
        return False


def require_good(password: str, email: str) -> None:
    """Raise InvalidInput, saying what is wrong, for a password that is easy to guess or too long to compare."""
    wrong = None
    if len(password) < SHORTEST:
        wrong = f"must have at least {SHORTEST} characters"
    elif len(password) > LONGEST:
        wrong = f"must have at most {LONGEST} characters"
    elif len(set(password)) < 4 or (email.split("@")[0].lower() in password.lower() and len(password) < 20):
        wrong = "is too easy to guess: it repeats itself, or your address"
    if wrong:
        raise InvalidInput(f"The password {wrong}.", [Violation("body", "password", "not_allowed", wrong, "/password")])
