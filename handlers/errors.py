"""Every error in one shape, and which status each of them is. One table: ``STATUS``."""

import logging
from dataclasses import dataclass, field
from typing import Any, ClassVar

import orjson
from connexion.apps.abstract import AbstractApp
from connexion.exceptions import ProblemException
from connexion.lifecycle import ConnexionRequest, ConnexionResponse
from starlette.exceptions import HTTPException

from core import errors
from core.errors import MapTargeterError, Violation
from handlers import exchange
from handlers.contract import JSON, Contract
from handlers.exchange import Exchange

log = logging.getLogger(__name__)

REALM = 'Bearer realm="MapTargeter"'
CRASH = "Something went wrong on our side. Tell support the request id if it happens again."
PROVIDER_RETRY_S = 30


@dataclass(eq=False)
class EdgeError(MapTargeterError):
    """Refused by HTTP's own rules; ``headers`` go with the answer."""

    headers: dict[str, str] = field(default_factory=dict)


class MethodNotAllowed(EdgeError):
    code: ClassVar[str] = "method_not_allowed"


class NotAcceptable(EdgeError):
    code: ClassVar[str] = "not_acceptable"


class PayloadTooLarge(EdgeError):
    code: ClassVar[str] = "payload_too_large"


class UnsupportedMediaType(EdgeError):
    code: ClassVar[str] = "unsupported_media_type"


class RangeNotSatisfiable(EdgeError):
    code: ClassVar[str] = "range_not_satisfiable"


STATUS: dict[type[MapTargeterError], int] = {
    errors.InvalidInput: 400,
    errors.InvalidJson: 400,
    errors.InvalidCursor: 400,
    errors.IdempotencyMismatch: 400,
    errors.ConflictingCredentials: 400,
    errors.ForbiddenAddress: 400,
    errors.Unauthenticated: 401,
    errors.InvalidApiKey: 401,
    errors.ExpiredApiKey: 401,
    errors.Forbidden: 403,
    errors.InsufficientScope: 403,
    errors.PlanLimitExceeded: 403,
    errors.NotFound: 404,
    MethodNotAllowed: 405,
    NotAcceptable: 406,
    errors.Conflict: 409,
    errors.IdempotencyInProgress: 409,
    errors.Gone: 410,
    errors.PreconditionFailed: 412,
    PayloadTooLarge: 413,
    UnsupportedMediaType: 415,
    RangeNotSatisfiable: 416,
    errors.RateLimited: 429,
    errors.Unavailable: 503,
    # a map source that fails is a part that does not answer; a file it cannot read is a fault of ours by then
    errors.ProviderError: 503,
    errors.PlaceFileError: 500,
    MapTargeterError: 500,
}
_DETAILS_LOGGED = 5
# what Flask raises outside the contract: unknown pages, forms it cannot read
_PLAIN: dict[int, tuple[str, str]] = {
    401: ("unauthenticated", "Log in first."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take this method."),
    413: ("payload_too_large", "The body is too large."),
    415: ("unsupported_media_type", "This address does not take this kind of body."),
}


@dataclass(frozen=True, slots=True)
class Rendered:
    """An error as it is answered."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]


class Renderer:
    """Turns whatever was raised into an answer. Nothing of a crash is told; the log has it, with the request id."""

    def __init__(self, contract: Contract, public_url: str) -> None:
        self._check = contract.error_check
        self._pages = f"{public_url}/v1/docs/errors"

    def register(self, app: AbstractApp) -> None:
        """Answer for everything that is raised, by us, by connexion and by Flask."""
        for kind in (MapTargeterError, HTTPException, ProblemException, Exception):
            app.add_error_handler(kind, self.answer)

    async def answer(self, request: ConnexionRequest, error: Exception) -> ConnexionResponse:
        """Answer one request; an error handler for connexion."""
        about = exchange.of(request.scope)
        made = self.render(error, about)
        about.error_code, about.error_message = made.body["error"]["code"], _in_words(made.body["error"])
        return ConnexionResponse(made.status, mimetype=JSON, body=orjson.dumps(made.body), headers=made.headers)

    def render(self, error: Exception, about: Exchange) -> Rendered:
        """Return what to answer, and log what is a fault of ours."""
        if isinstance(error, HTTPException):
            return self._plain(error, about)
        status = status_of(error)
        if isinstance(error, MapTargeterError) and status != 500 and self._promised(status, about):
            made = self._told(error, status, about.request_id)
        else:
            made = Rendered(500, self._body("internal", CRASH, about.request_id), {})
        if not self._check.is_valid(made.body):
            log.error("%s: not an error of the contract: %s", about.request_id, made.body)
            made = Rendered(500, self._body("internal", CRASH, about.request_id), {})
        if made.status >= 500:
            log.error("%s: %s", about.request_id, type(error).__name__, exc_info=error)
        return made

    @staticmethod
    def _promised(status: int, about: Exchange) -> bool:
        """Tell whether the operation may fail like this; what the contract does not have is a fault of ours."""
        return about.operation is None or status in about.operation.answers

    def _told(self, error: MapTargeterError, status: int, request_id: str) -> Rendered:
        body = self._body(public_code(error), error.message, request_id)
        headers = dict(error.headers) if isinstance(error, EdgeError) else {}
        if isinstance(error, errors.InvalidInput) and error.details:
            body["error"]["details"] = [_violation(detail) for detail in error.details[:100]]
        if status == 401:
            sent = isinstance(error, errors.InvalidApiKey | errors.ExpiredApiKey)
            headers["WWW-Authenticate"] = f'{REALM}, error="invalid_token"' if sent else REALM
        if status in (429, 503):
            wait = max(1, getattr(error, "retry_after", PROVIDER_RETRY_S))
            body["error"]["retry_after"] = wait
            headers["Retry-After"] = str(wait)
        return Rendered(status, body, headers)

    def _plain(self, error: HTTPException, about: Exchange) -> Rendered:
        status = error.status_code if 400 <= error.status_code < 600 else 500
        if status >= 500:
            log.error("%s: HTTP %d", about.request_id, status, exc_info=error)
            return Rendered(500, self._body("internal", CRASH, about.request_id), {})
        code, message = _PLAIN.get(status, ("invalid_request", "The request cannot be understood."))
        status = status if status in _PLAIN else 400
        return Rendered(status, self._body(code, message, about.request_id), dict(error.headers or {}))

    def _body(self, code: str, message: str, request_id: str) -> dict[str, Any]:
        told = {"code": code, "message": message[:2000], "request_id": request_id, "doc_url": f"{self._pages}#{code}"}
        return {"error": told}


def status_of(error: Exception) -> int:
    """Return the status of the nearest class in the table; 500 for what is none of ours."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def public_code(error: MapTargeterError) -> str:
    """Return the code that clients see."""
    return "unavailable" if isinstance(error, errors.ProviderError) else error.code


def _in_words(told: dict[str, Any]) -> str:
    """Return what an answer says is wrong, with the first few of its details, for the request log."""
    details = (f"{detail['field']}: {detail['message']}" for detail in told.get("details", ())[:_DETAILS_LOGGED])
    return "\n".join([told["message"], *details])


def _violation(detail: Violation) -> dict[str, str]:
    told = {"in": detail.where, "field": detail.field, "code": detail.code, "message": detail.message}
    return told | {"pointer": detail.pointer} if detail.pointer else told
