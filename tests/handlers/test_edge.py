"""Bytes that stock servers accept, redirect or crash on, each over a real connection."""

import socket
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from core import errors
from handlers.edge import MAX_BODY
from tests.handlers import small
from tests.handlers.conftest import error_of

JSON = {"Content-Type": "application/json"}


def raw(server: str, request: bytes) -> bytes:
    """Send bytes as they are and return the whole answer."""
    where = urlsplit(server)
    with socket.create_connection((where.hostname, where.port), timeout=5) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65536):
            answer += part
        return answer


def problems(answer: httpx.Response) -> list[tuple[str, str, str, str]]:
    """Return what is wrong, as (in, field, code, message)."""
    details = error_of(answer, 400, "invalid_request")["details"]
    return [(one["in"], one["field"], one["code"], one["message"]) for one in details]


def test_every_answer_is_named_and_guarded(client: httpx.Client) -> None:
    names = set()
    for path in ("/things", "/nowhere", "/things?limit=0"):
        answer = client.get(path, headers={"X-Request-Id": "mine"})
        names.add(answer.headers["x-request-id"])
        assert answer.headers["x-request-id"].startswith("req_")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
    assert len(names) == 3


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/nowhere",
        "/things/",
        "//things",
        "/things/a%0Ab",
        "/things/a%00",
        "/things/%ff",
        "/things/x/y",
        "/things/a%2Fb",
        "/Things",
    ],
)
def test_unknown_paths(client: httpx.Client, path: str) -> None:
    error_of(client.get(path), 404, "not_found")


@pytest.mark.parametrize("target", [b"//v1/things", b"//v1/ping", b"*", b"v1/things", b"///", b"http://x//v1/ping"])
def test_no_other_way_to_an_operation(server: str, key: str, target: bytes) -> None:
    head = b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-API-Key: " + key.encode()
    answer = raw(server, head + b"\r\n\r\n")
    assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400"))
    assert b'"error"' in answer


def test_unknown_pages_outside_the_api(anonymous: httpx.Client) -> None:
    error_of(anonymous.get("/nowhere"), 404, "not_found")
    error_of(anonymous.post("/healthz"), 405, "method_not_allowed")
    assert "GET" in anonymous.post("/healthz").headers["allow"]
    assert anonymous.get("/dashboard").headers["location"].endswith("/dashboard/")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/things", "GET, HEAD, POST"),
        ("OPTIONS", "/things", "GET, HEAD, POST"),
        ("TRACE", "/things/x", "DELETE, GET, HEAD"),
        ("BREW", "/ping", "GET, HEAD"),
        ("POST", "/things/file", "GET, HEAD"),
    ],
)
def test_wrong_methods(client: httpx.Client, method: str, path: str, allow: str) -> None:
    if method == "BREW":  # a method that the parser of HTTP itself does not know
        assert client.request(method, path).json()["error"]["code"] == "invalid_request"
        return
    answer = client.request(method, path)
    error_of(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == allow


def test_head_is_get_without_a_body(client: httpx.Client) -> None:
    whole, head = client.get("/things"), client.head("/things")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(whole.content))
    assert client.head("/things?limit=0").status_code == 400
    assert client.head("/things/file").headers["content-length"] == str(small.BIG_CHUNKS * len(small.CHUNK))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b'{"name": "\xe9"}', "not JSON"),
        (b'{"name": NaN}', "not JSON"),
        (b'{"name": Infinity}', "not JSON"),
        (b'{"name": "\\ud800"}', "not JSON"),
        (b'\xef\xbb\xbf{"name": "x"}', "not JSON"),
        (b'{"name": "x"} {}', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[" * 100_000 + b"]" * 100_000, "not JSON"),
        (b'{"name": "x", "anything": ' + b"[" * 65 + b"]" * 65 + b"}", "levels deep"),
        (b'{"name": "x", "name": "y"}', "twice"),
        (b'{"name": "x", "anything": {"a": 1, "a": 1}}', "twice"),
    ],
)
def test_what_is_not_json(client: httpx.Client, body: bytes, words: str) -> None:
    assert words in error_of(client.post("/things", content=body, headers=JSON), 400, "invalid_json")["message"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": "application/merge-patch+json"},
        {"Content-Type": ""},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
def test_bodies_that_are_not_said_to_be_plain_json(client: httpx.Client, headers: dict[str, str]) -> None:
    error_of(client.post("/things", content=b'{"name": "x"}', headers=headers), 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=UTF-8", 'application/json; charset="utf-8"']
)
def test_json_in_any_spelling(client: httpx.Client, kind: str) -> None:
    answer = client.post(
        "/things", content=b'{"name": "x"}', headers={"Content-Type": kind, "Content-Encoding": "identity"}
    )
    assert answer.status_code == 201


def test_a_missing_body(client: httpx.Client) -> None:
    assert problems(client.post("/things")) == [("body", "body", "missing", "a JSON body is required")]
    assert problems(client.post("/things", json=None)) == [("body", "body", "missing", "a JSON body is required")]
    assert problems(client.post("/things", content=b"null", headers=JSON)) == [
        ("body", "body", "wrong_type", "must be an object")
    ]


def test_bodies_up_to_the_limit(client: httpx.Client) -> None:
    filling = b" " * (MAX_BODY - len(b'{"name": "x"}'))
    assert client.post("/things", content=b'{"name": "x"}' + filling, headers=JSON).status_code == 201
    error_of(client.post("/things", content=b'{"name": "x"}' + filling + b" ", headers=JSON), 413, "payload_too_large")


def test_an_endless_chunked_body(client: httpx.Client) -> None:
    answer = client.post("/things", content=(b" " * 100_000 for _ in range(30)), headers=JSON)
    error_of(answer, 413, "payload_too_large")
    assert answer.headers["ratelimit"]


def test_a_body_where_none_is_taken_is_not_read(client: httpx.Client) -> None:
    assert client.request("GET", "/things", content=b"x" * 2_000_000).status_code == 200


@pytest.mark.parametrize("length", [b"abc", b"-5", b"1_0", b"+5"])
def test_a_wrong_content_length(server: str, key: str, length: bytes) -> None:
    head = b"POST /v1/things HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-API-Key: " + key.encode()
    answer = raw(server, head + b"\r\nContent-Type: application/json\r\nContent-Length: " + length + b"\r\n\r\n{}")
    assert answer.startswith(b"HTTP/1.1 400")
    assert b'"error"' in answer


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("limit=0", ("limit", "too_small", "must be at least 1")),
        ("limit=101", ("limit", "too_large", "must be at most 100")),
        ("limit=99999999999999999999999", ("limit", "too_large", "must be at most 100")),
        ("limit=-99999999999999999999999", ("limit", "too_small", "must be at least 1")),
        ("limit=" + "9" * 5000, ("limit", "too_large", "must be at most 100")),
        ("limit=1_0", ("limit", "wrong_type", "must be a whole number")),
        ("limit=%D9%A3", ("limit", "wrong_type", "must be a whole number")),
        ("limit=+5", ("limit", "wrong_type", "must be a whole number")),
        ("limit=%205", ("limit", "wrong_type", "must be a whole number")),
        ("limit=5.0", ("limit", "wrong_type", "must be a whole number")),
        ("limit=", ("limit", "wrong_type", "must be a whole number")),
        ("limit", ("limit", "wrong_type", "must be a whole number")),
        ("limit=5&limit=7", ("limit", "duplicate", "must be given only once")),
        ("limit=5&limit=5", ("limit", "duplicate", "must be given only once")),
        ("ratio=nan", ("ratio", "wrong_type", "must be a number")),
        ("ratio=inf", ("ratio", "wrong_type", "must be a number")),
        ("ratio=1e999", ("ratio", "too_large", "must be at most 1")),
        ("flag=True", ("flag", "wrong_type", "must be true or false")),
        ("flag=1", ("flag", "wrong_type", "must be true or false")),
        ("text=%00", ("text", "wrong_format", "must not contain the character NUL")),
        ("text=", ("text", "too_short", "must have at least 1 character")),
        ("text=%ff", ("query string", "wrong_format", "must be percent-encoded UTF-8")),
        ("near=1", ("near", "too_few", "must have at least 2 items")),
        ("near=1,x", ("near", "wrong_type", "item 2 must be a number")),
        ("near=1,2&near=3,4", ("near", "duplicate", "must be given only once")),
        ("colour=blue", ("colour", "not_allowed", "item 1 must be one of: red, green")),
        ("limt=5", ("limt", "unknown", 'unknown parameter "limt"; did you mean "limit"?')),
        ("api_key=secret", ("api_key", "unknown", 'unknown parameter "api_key"')),
    ],
)
def test_query_strings(client: httpx.Client, query: str, problem: tuple[str, str, str]) -> None:
    answer = client.get(f"/things?{query}")
    assert problems(answer) == [("query", *problem)]
    assert len(answer.content) < 700


def test_good_query_strings(client: httpx.Client) -> None:
    query = "limit=5&ratio=5e-1&flag=true&text=caf%C3%A9+au%20lait&near=60.1%2C-24&colour=red&colour=green&"
    assert client.get(f"/things?{query}").status_code == 200
    assert small.taken == {
        "limit": 5, "ratio": 0.5, "flag": True, "text": "café au lait", "near": [60.1, -24], "colour": ["red", "green"],
    }  # fmt: skip
    client.get("/things?colour=red,green")
    assert (small.taken["colour"], small.taken["limit"], small.taken["flag"]) == (["red", "green"], 50, None)


def test_everything_wrong_is_told_at_once(client: httpx.Client) -> None:
    body: dict[str, Any] = {"formt": "csv", "format": "xml", "parts": [{"name": ""}, {}], "until": "tomorrow"}
    answer = client.post("/things?a=1", json=body, headers={"Idempotency-Key": "a b"})
    assert sorted(problems(answer)) == [
        ("body", "format", "not_allowed", "must be one of: csv, json"),
        ("body", "formt", "unknown", 'unknown property "formt"; did you mean "format"?'),
        ("body", "name", "missing", "is required"),
        ("body", "parts.0.name", "too_short", "must have at least 1 character"),
        ("body", "parts.1.name", "missing", "is required"),
        ("body", "until", "wrong_format", "must be a time such as 2026-11-24T04:38:00Z"),
        ("header", "Idempotency-Key", "wrong_format", "has a wrong form"),
        ("query", "a", "unknown", 'unknown parameter "a"'),
    ]
    pointers = {one["field"]: one.get("pointer") for one in answer.json()["error"]["details"]}
    assert (pointers["parts.0.name"], pointers["a"]) == ("/parts/0/name", None)


def test_the_body_arrives_with_its_defaults(client: httpx.Client) -> None:
    answer = client.post("/things", json={"name": "å"}, headers={"Idempotency-Key": "k-1"})
    assert (answer.status_code, answer.headers["location"]) == (201, "/v1/things/x")
    assert (small.taken["body"], small.taken["idempotency_key"]) == ({"name": "å", "format": "csv"}, "k-1")


def test_nothing_sent_is_echoed_at_length(client: httpx.Client) -> None:
    secret = "mt_live_" + "s3cr3t" * 100
    answer = client.post(f"/things?{secret}=1", json={secret: secret, "name": secret, "format": secret})
    assert len(answer.content) < 1500
    assert "s3cr3t" not in answer.text
    assert "s3cr3t" not in client.get(f"/things?limit={secret}").text
    assert "x" * 65 not in client.post(f"/things?{'x' * 200}=1", json={"x" * 200: 1}).text


@pytest.mark.parametrize("accept", ["text/html", "application/xml, text/*", "application/json;q=0", "*/*;q=0"])
def test_nothing_acceptable(client: httpx.Client, accept: str) -> None:
    error_of(client.get("/things", headers={"Accept": accept}), 406, "not_acceptable")


@pytest.mark.parametrize(
    "accept", ["", "*/*", "application/*", "text/html, application/json;q=0.1", "*/*;q=0, application/json"]
)
def test_acceptable(client: httpx.Client, accept: str) -> None:
    assert client.get("/things", headers={"Accept": accept}).status_code == 200


def test_a_delete_has_nothing_to_accept(client: httpx.Client) -> None:
    answer = client.delete("/things/x", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-type" not in answer.headers


def test_a_file_is_streamed(client: httpx.Client) -> None:
    with client.stream("GET", "/things/file") as answer:
        assert answer.headers["content-length"] == str(small.BIG_CHUNKS * len(small.CHUNK))
        assert sum(len(part) for part in answer.iter_bytes()) == small.BIG_CHUNKS * len(small.CHUNK)


def test_two_versions_side_by_side(client: httpx.Client, server: str, key: str) -> None:
    assert client.get("/things").status_code == 200
    assert httpx.get(f"{server}/v2/things", headers={"X-API-Key": key}).status_code == 200
    assert httpx.get(f"{server}/v3/things", headers={"X-API-Key": key}).status_code == 404


def test_a_deprecated_operation_says_since_when_and_until_when(client: httpx.Client, anonymous: httpx.Client) -> None:
    good, bad = client.get("/old"), anonymous.get("/v1/old")
    assert (good.status_code, bad.status_code) == (200, 401)
    for answer in (good, bad):
        assert answer.headers["deprecation"] == "@1767225600"
        assert answer.headers["sunset"] == "Thu, 01 Jul 2027 00:00:00 GMT"
    assert "deprecation" not in client.get("/things").headers


def test_a_header_with_an_underscore_is_not_ours(server: str, key: str) -> None:
    error_of(httpx.get(f"{server}/v1/things", headers={"X_API_KEY": key}), 401, "unauthenticated")


def test_the_database_is_away(client: httpx.Client) -> None:
    def refuse() -> None:
        raise errors.Unavailable("The database does not answer. Try again in a few seconds.", 5)

    small.todo["refuse"] = refuse
    answer = client.get("/things/refuse")
    assert error_of(answer, 503, "unavailable")["retry_after"] == 5
    assert answer.headers["retry-after"] == "5"
