"""Whose request it is.

One handler for both header forms. With two, connexion takes the second credential when the first is wrong, so that a
bad Bearer token beside a good X-API-Key passes.
"""

from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from typing import Any

from connexion.lifecycle import ConnexionRequest
from connexion.security import NO_VALUE, AbstractSecurityHandler
from starlette.types import Scope

from core.errors import ConflictingCredentials, Unauthenticated
from handlers import exchange
from handlers.exchange import Exchange
from services import api_keys
from services.accounts import Caller

MISSING = "Send an API key as `Authorization: Bearer mt_live_...` or `X-API-Key`."
TWO_KEYS = "The request has two different API keys. Send one."

_caller: ContextVar[Caller] = ContextVar("caller")


def caller() -> Caller:
    """Return the account and key of the present request; raise LookupError in an operation that needs no key."""
    return _caller.get()


class Credential(AbstractSecurityHandler):
    """Verifies the one key of a request, wherever it stands."""

    def __init__(self, refused: Callable[[Exchange], None]) -> None:
        """``refused`` is told of every request without a valid key, and may raise instead."""
        self._refused = refused

    def get_fn(self, security_scheme: dict[str, Any], required_scopes: list[str]) -> Callable[[ConnexionRequest], Any]:  # noqa: ARG002
        """Return the function that verifies a request.

        connexion tries one scheme after the other; the first looks at both headers, so the second has nothing to add.
        """
        if security_scheme["type"] == "apiKey":
            return lambda _request: NO_VALUE
        return self._verify

    def _verify(self, request: ConnexionRequest) -> dict[str, str]:
        about = exchange.of(request.scope)
        try:
            found = api_keys.authenticate(only_key(request.scope), about.address)
        except (Unauthenticated, ConflictingCredentials):
            self._refused(about)
            raise
        _caller.set(found)
        about.account_id, about.key_id = found.account_id, found.key_id
        return {"sub": found.account_id}


def security_map(refused: Callable[[Exchange], None]) -> dict[str, Callable[[], Credential]]:
    """Return what connexion wants to know of our two schemes."""
    return {"bearer": partial(Credential, refused), "apiKey": partial(Credential, refused)}


def only_key(scope: Scope) -> str:
    """Return the key that a request carries; raise Unauthenticated for none, ConflictingCredentials for several."""
    keys = {value for value in exchange.header_values(scope, b"x-api-key") if value}
    for value in exchange.header_values(scope, b"authorization"):
        scheme, _, token = value.partition(" ")
        if scheme.lower() == "bearer":
            keys.add(token.strip())
    if not keys:
        raise Unauthenticated(MISSING)
    if len(keys) > 1:
        raise ConflictingCredentials(TWO_KEYS)
    return keys.pop()
