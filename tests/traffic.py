"""Everything that tests say to a MapTargeter, and all that it says to them, is held against the contract.

The client of ``tests.platform`` and the receivers of webhooks tell ``traffic()`` of each exchange;
``tests.traffic_plugin`` fails the test that made a wrong one, and the run that never saw what the contract promises.
"""

import re
from collections.abc import Iterator
from functools import cache
from urllib.parse import parse_qsl, unquote

import httpx
import orjson

from tests.promises import JSON, Answer, Operation, Parameter, Promises, typed

BASE = "/v1"
PAGES = re.compile(rf"{BASE}/(openapi\.|openapi-|docs\b).*")  # files beside the API
ALWAYS = {
    "cache-control", "connection", "content-length", "content-type", "date", "transfer-encoding",
    "x-content-type-options", "x-request-id", "ratelimit", "ratelimit-policy",
}  # fmt: skip
ENDING = {"deprecation", "sunset"}  # of a deprecated operation
# what RFC 9110 wants beside some refusals
BESIDE = {401: {"www-authenticate"}, 405: {"allow"}, 415: {"accept", "accept-encoding"}}


class Traffic:
    """What was seen, and what was wrong with it."""

    def __init__(self, promises: Promises) -> None:
        self._promises = promises
        self.seen: set[str] = set()
        self.faults: list[str] = []

    def answered(self, response: httpx.Response) -> None:
        """Take note of an exchange; for the ``response`` event of an httpx client."""
        url, method = response.request.url, response.request.method
        if not url.path.startswith(f"{BASE}/") or PAGES.fullmatch(url.path):
            return
        found = self._promises.find("GET" if method == "HEAD" else method, url.path.removeprefix(BASE))
        faults = [*self._faults_of_answer(response, found[0] if found else None)]
        if found and response.is_success:
            faults += _faults_of_request(response.request, *found)
        if found:
            self.seen.add(f"{found[0].id} {response.status_code}")
        self.faults += [f"{method} {url} -> {response.status_code}: {fault}" for fault in faults]

    def delivered(self, body: bytes) -> None:
        """Take note of a webhook."""
        event = orjson.loads(body)
        check = self._promises.webhooks.get(event.get("type"))
        fault = check(event) if check else "the contract has no such event"
        self.seen.add(f"webhook {event.get('type')}")
        if fault:
            self.faults.append(f"webhook {body[:500]!r}: {fault}")

    def take_faults(self) -> list[str]:
        """Return what was wrong since the last call."""
        taken, self.faults = self.faults, []
        return taken

    def promised(self) -> list[str]:
        """Return all that a whole run should have seen."""
        statuses = [f"{one.id} {status}" for one in self._promises.operations for status in one.answers]
        codes = [f"code {code}" for code in self._promises.error_codes]
        return [*statuses, *codes, *(f"webhook {name}" for name in self._promises.webhooks)]

    def _faults_of_answer(self, response: httpx.Response, operation: Operation | None) -> Iterator[str]:
        yield from _faults_of_headers(response)
        answer = operation.answers.get(response.status_code) if operation else None
        if operation and answer:
            yield from _faults_of_documented(response, answer, ENDING if operation.deprecated else set())
            if operation.deprecated and "deprecation" not in response.headers:
                yield "no deprecation"
        elif operation or response.status_code not in (400, 404, 405):  # 400: a method that HTTP does not have
            yield "an undocumented status"
        if response.is_error and response.request.method != "HEAD":
            yield from self._faults_of_error(response)

    def _faults_of_error(self, response: httpx.Response) -> Iterator[str]:
        body = orjson.loads(response.read())
        fault = self._promises.error(body)
        if fault:
            yield fault
            return
        error = body["error"]
        self.seen.add(f"code {error['code']}")
        if error["request_id"] != response.headers.get("x-request-id"):
            yield "request_id is not X-Request-Id"
        page = f"{BASE}/docs/errors#{error['code']}"
        if not error.get("doc_url", page).endswith(page):
            yield f"doc_url leads elsewhere: {error['doc_url']}"
        if str(error.get("retry_after", "")) != response.headers.get("retry-after", ""):
            yield "retry_after is not Retry-After"


def _faults_of_headers(response: httpx.Response) -> Iterator[str]:
    """What holds for every answer, documented or not."""
    status, headers = response.status_code, response.headers
    must = {"x-request-id"} | ({"retry-after"} if status in (429, 503) else set())
    must |= BESIDE.get(status, set()) if status in (401, 405) else set()
    yield from (f"no {name}" for name in must if name not in headers)
    if "retry-after" in headers and status not in (202, 429, 503):
        yield "Retry-After where nobody has to wait"
    if response.request.method == "HEAD" and response.read():
        yield "a HEAD with a body"


def _faults_of_documented(response: httpx.Response, answer: Answer, more: set[str]) -> Iterator[str]:
    headers, usual = response.headers, ALWAYS | more | BESIDE.get(response.status_code, set())
    for name, value in headers.multi_items():
        if name in answer.headers:
            fault = answer.headers[name].check(typed(value, answer.headers[name].kind))
            yield from [f"header {name}: {fault}"] if fault else []
        elif name not in usual:
            yield f"an undocumented header {name}"
    yield from (f"no {name}" for name, made in answer.headers.items() if made.required and name not in headers)
    media = headers.get("content-type", "").split(";")[0]
    if media not in answer.bodies and (media or answer.bodies):
        yield f"an undocumented media type {media!r}"
        return
    check = answer.bodies.get(media)
    if check and response.request.method != "HEAD":
        yield from _faults_of_body(orjson.loads(response.read()), check(orjson.loads(response.content)), response)


def _faults_of_body(body: object, fault: str | None, response: httpx.Response) -> Iterator[str]:
    if fault:
        yield fault
    elif isinstance(body, dict) and "next_cursor" in body:
        following = response.links.get("next", {}).get("url", "")
        cursor = dict(parse_qsl(httpx.URL(following).query.decode())).get("cursor")
        if cursor != body["next_cursor"]:
            yield "Link and next_cursor differ"


def _faults_of_request(request: httpx.Request, operation: Operation, in_path: dict[str, str]) -> Iterator[str]:
    """What the contract forbids in a request that was accepted nevertheless."""
    query = parse_qsl(request.url.query.decode(), keep_blank_values=True, errors="strict")
    known = {one.name for one in operation.parameters if one.where == "query"}
    yield from (f"accepted an unknown parameter {name}" for name, _ in query if name not in known)
    for parameter in operation.parameters:
        if parameter.where == "query":
            sent = [value for name, value in query if name == parameter.name]
        elif parameter.where == "path":
            sent = [unquote(in_path[parameter.name])]
        else:
            sent = request.headers.get_list(parameter.name)
        fault = _fault_of_parameter(parameter, sent)
        yield from [f"accepted {parameter.where} {parameter.name}={sent}: {fault}"] if fault else []
    if operation.body:
        fault = operation.body(orjson.loads(request.content))
        yield from [f"accepted a body: {fault}"] if fault else []
        if request.headers.get("content-type", "").split(";")[0].lower() != JSON:
            yield "accepted a body that does not say it is JSON"
    if operation.secured and not {"x-api-key", "authorization"} & request.headers.keys():
        yield "accepted without a key"


def _fault_of_parameter(parameter: Parameter, sent: list[str]) -> str | None:
    if not sent:
        return "missing" if parameter.required else None
    if parameter.many:
        return parameter.check([typed(one, parameter.kind) for value in sent for one in value.split(",")])
    return "given twice" if len(sent) > 1 else parameter.check(typed(sent[0], parameter.kind))


@cache
def traffic() -> Traffic:
    """Return the record of this process."""
    return Traffic(Promises.read())
