"""Every error has one shape, one status and one page; a fault of ours tells nothing."""

import inspect
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import flask
import httpx
import pytest

from core import errors
from core.json_text import JsonText
from handlers import contract, responses
from handlers import errors as edge_errors
from handlers.error_texts import TEXTS
from handlers.errors import STATUS, EdgeError, public_code, status_of
from tests.handlers import small
from tests.handlers.conftest import error_of

CODES = contract.read()["components"]["schemas"]["ErrorCode"]["enum"]
ABSTRACT = {errors.MapTargeterError, errors.Forbidden, EdgeError}  # never raised themselves; a test says so
NEVER_TOLD = {errors.PlaceFileError}  # commands alone read files; in a request it is a crash


def classes() -> list[type[errors.MapTargeterError]]:
    found = [*vars(errors).values(), *vars(edge_errors).values()]
    return [one for one in found if inspect.isclass(one) and issubclass(one, errors.MapTargeterError)]


def test_every_error_class_is_in_the_table() -> None:
    assert set(classes()) - {EdgeError} == set(STATUS)


def test_every_code_is_in_the_contract_and_the_other_way_round() -> None:
    told = {public_code(one("x")) for one in classes() if one not in ABSTRACT | NEVER_TOLD}
    assert told | {"internal"} == set(CODES)


def test_every_code_is_explained_with_its_status() -> None:
    assert list(TEXTS) == CODES
    for one in classes():
        if one not in ABSTRACT | NEVER_TOLD:
            assert TEXTS[public_code(one("x"))].status == status_of(one("x"))


@pytest.mark.parametrize(
    "kind", [one for one in classes() if one not in ABSTRACT | NEVER_TOLD and one not in vars(edge_errors).values()]
)
def test_raised_by_a_handler(client: httpx.Client, kind: type[errors.MapTargeterError]) -> None:
    def fail() -> None:
        raise kind("One sentence.")

    small.todo["fail"] = fail
    if status_of(kind("x")) in (410, 412):  # the small contract does not have it
        error_of(client.get("/things/fail"), 500, "internal")
        return
    answer = client.get("/things/fail")
    error = error_of(answer, status_of(kind("x")), public_code(kind("x")))
    assert error["message"] == "One sentence."
    assert ("retry-after" in answer.headers) == (answer.status_code in (429, 503))


def test_details_are_told(client: httpx.Client) -> None:
    def fail() -> None:
        raise errors.InvalidInput("Two.", [errors.Violation("body", "a.b", "invalid", "is odd", "/a/b")] * 2)

    small.todo["fail"] = fail
    told = {"in": "body", "field": "a.b", "code": "invalid", "message": "is odd", "pointer": "/a/b"}
    assert error_of(client.get("/things/fail"), 400, "invalid_request")["details"] == [told, told]


def test_a_crash_tells_nothing_and_is_logged(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    def crash() -> None:
        raise RuntimeError("the password is s3cr3t")

    small.todo["crash"] = crash
    answer = client.get("/things/crash")
    error = error_of(answer, 500, "internal")
    assert "s3cr3t" not in answer.text
    assert "RuntimeError" not in answer.text
    [record] = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert error["request_id"] in record.getMessage()
    assert "the password is s3cr3t" in caplog.text
    assert "in crash" in caplog.text


def response(**options: Any) -> Callable[[], flask.Response]:
    return lambda: flask.Response("x", **options)


@pytest.mark.parametrize(
    "returned",
    [
        lambda: {"name": "x", "extra": 1},
        lambda: {"size": 1},
        lambda: {"name": "x", "size": "1"},
        lambda: {"name": "x", "size": 1.5},
        lambda: {"name": None},
        list,
        lambda: None,
        lambda: ({"name": "x"}, 202),
        lambda: ({"name": "x"}, 418),
        lambda: ({"name": "x"}, 200, {"Retry-After": "1"}),
        lambda: ({"name": "x"}, 200, {"Location": "/"}),
        lambda: {"name": datetime(2026, 1, 1, tzinfo=UTC)},
        lambda: {"name": b"x"},
        response(mimetype="text/html"),
        response(mimetype="application/json", status=418),
        response(mimetype="application/json", headers={"Link": "<x>"}),
        lambda: flask.abort(404),
    ],
)  # fmt: skip
def test_an_answer_that_the_contract_does_not_have(client: httpx.Client, returned: Callable[[], Any]) -> None:
    small.todo["lie"] = returned
    status = 404 if client.get("/things/lie").status_code == 404 else 500
    error_of(client.get("/things/lie"), status, "internal" if status == 500 else "not_found")


@pytest.mark.parametrize(
    "returned", [{"name": "x"}, {"name": "x", "size": None}, ({"name": "x"}, 200), responses.ok({"name": "é"})]
)
def test_an_answer_that_the_contract_has(client: httpx.Client, returned: Any) -> None:
    small.todo["good"] = lambda: returned
    assert client.get("/things/good").status_code == 200


def test_rows_that_are_json_texts_are_checked_too(client: httpx.Client) -> None:
    good, lie, broken = JsonText('{"name":"é"}'), JsonText('{"name":"x","extra":1}'), JsonText('{"name":')
    for _ in range(2):  # what was found good is remembered, what was not is not
        small.todo["page"] = lambda: {"data": [good, good]}
        assert client.get("/pages").json() == {"data": [{"name": "é"}] * 2}
        for wrong in ([lie], [good, lie], [good, broken], [good] * 4):
            small.todo["page"] = partial(dict, data=wrong)
            error_of(client.get("/pages"), 500, "internal")


def test_a_lie_is_told_to_the_log_only(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    small.todo["lie"] = lambda: {"name": "x", "s3cr3t": 1}
    assert "s3cr3t" not in client.get("/things/lie").text
    assert 'unknown property "s3cr3t"' in caplog.text


def test_errors_that_flask_raises(client: httpx.Client) -> None:
    small.todo["abort"] = lambda: flask.abort(400)
    error_of(client.get("/things/abort"), 400, "invalid_request")
