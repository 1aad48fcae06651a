"""For load balancers and supervisors: whether this process lives, and whether what it needs answers."""

from collections.abc import Callable

import flask
import orjson

from core.errors import MapTargeterError
from core.limits import Limiter


def pages(database_answers: Callable[[], None], limiter: Limiter) -> flask.Blueprint:
    """Return ``/healthz`` and ``/readyz``. ``database_answers`` raises when it does not."""
    made = flask.Blueprint("health", __name__)

    @made.get("/healthz")
    def healthz() -> flask.Response:
        return _json({"status": "ok"}, 200)

    @made.get("/readyz")
    def readyz() -> flask.Response:
        limiter.peek("health", 1)  # only a question finds out whether the store answers
        checks = {"database": _word(database_answers), "limits": "ok" if limiter.healthy else "does not answer"}
        ready = all(word == "ok" for word in checks.values())
        return _json({"status": "ok" if ready else "unavailable", "checks": checks}, 200 if ready else 503)

    return made


def _word(answers: Callable[[], None]) -> str:
    try:
        answers()
    except MapTargeterError as error:
        return error.message
    return "ok"


def _json(body: object, status: int) -> flask.Response:
    answer = flask.Response(orjson.dumps(body), status, mimetype="application/json")
    if status == 503:
        answer.headers["Retry-After"] = "5"
    return answer
