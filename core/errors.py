"""Every way MapTargeter says no. No HTTP words here: ``app.py`` maps each class to a status.

MapTargeterError
├── InvalidInput            the caller sent something that can never work; lists every violation
│   ├── InvalidJson         not a JSON text at all
│   ├── InvalidCursor       a page cursor that is damaged, foreign or of another query
│   ├── IdempotencyMismatch the same Idempotency-Key with another request
│   ├── ConflictingCredentials  two different keys in one request
│   └── ForbiddenAddress    a URL that outbound requests may not reach
├── Unauthenticated         no key
│   ├── InvalidApiKey       unknown, revoked or mistyped
│   └── ExpiredApiKey
├── Forbidden
│   ├── InsufficientScope   the key lacks a scope
│   └── PlanLimitExceeded   the plan allows less
├── NotFound                no such thing, or not this account's
├── Conflict                the thing is in a state that does not allow it
│   └── IdempotencyInProgress   the first request with this Idempotency-Key still runs
├── PreconditionFailed      the thing has changed since the caller read it
├── Gone                    it was there once
├── RateLimited             too fast
├── Unavailable             a part we depend on does not answer; try again
├── PlaceFileError          a source file that cannot be read
└── ProviderError           a map source failed; ``permanent`` says whether trying again helps
"""

from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing wrong with a request.

    ``where`` is ``query``, ``path``, ``header`` or ``body``; ``field`` the parameter or property;
    ``pointer`` a JSON pointer into the body (empty elsewhere); ``code`` one word such as ``too_large``.
    """

    where: str
    field: str
    code: str
    message: str
    pointer: str = ""


@dataclass(eq=False)
class MapTargeterError(Exception):
    """Base of all. ``code`` is the public name of the error; ``message`` one sentence for a person."""

    message: str
    code: ClassVar[str] = "internal"

    def __str__(self) -> str:
        return self.message


@dataclass(eq=False)
class InvalidInput(MapTargeterError):
    """Raised with every violation found, never only the first."""

    details: list[Violation] = field(default_factory=list)
    code: ClassVar[str] = "invalid_request"


class InvalidJson(InvalidInput):
    code = "invalid_json"


class InvalidCursor(InvalidInput):
    code = "invalid_cursor"


class IdempotencyMismatch(InvalidInput):
    code = "idempotency_mismatch"


class ConflictingCredentials(InvalidInput):
    code = "conflicting_credentials"


class ForbiddenAddress(InvalidInput):
    code = "forbidden_address"


class Unauthenticated(MapTargeterError):
    code = "unauthenticated"


class InvalidApiKey(Unauthenticated):
    code = "invalid_api_key"


class ExpiredApiKey(Unauthenticated):
    code = "expired_api_key"


class Forbidden(MapTargeterError):
    code = "forbidden"


class InsufficientScope(Forbidden):
    code = "insufficient_scope"


class PlanLimitExceeded(Forbidden):
    code = "plan_limit_exceeded"


class NotFound(MapTargeterError):
    """The same words for what never existed and for what belongs to another account."""

    code = "not_found"


class Conflict(MapTargeterError):
    code = "conflict"


class IdempotencyInProgress(Conflict):
    code = "idempotency_in_progress"


class PreconditionFailed(MapTargeterError):
    code = "precondition_failed"


class Gone(MapTargeterError):
    code = "gone"


@dataclass(eq=False)
class RateLimited(MapTargeterError):
    """``retry_after`` is whole seconds, at least 1; who waits that long is admitted."""

    retry_after: int = 1
    code: ClassVar[str] = "rate_limited"


@dataclass(eq=False)
class Unavailable(MapTargeterError):
    retry_after: int = 1
    code: ClassVar[str] = "unavailable"


class PlaceFileError(MapTargeterError):
    code = "invalid_place_file"


@dataclass(eq=False)
class ProviderError(MapTargeterError):
    permanent: bool = False
    code: ClassVar[str] = "provider_failed"
