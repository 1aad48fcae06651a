"""Walks everything the dashboard shows, as one member of an account sees it, inside this process.

Addresses come from the application's own map of addresses, so that no page can be forgotten; what stands in them comes
from the account. Whoever adds a page with a new kind of address says here where an account has one.
"""

import asyncio
import gzip
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import unquote, urlencode, urljoin, urlsplit

from dashboard import frame
from models import base
from services import members, users
from services.accounts import Caller

EXCUSED = {
    "asset": "files that pages load, and are counted with them",
    "download_export": "the file of an export: as large as what was asked for",
    "download_manifest": "the file that tells about those files",
}
"""Views that answer with no page, and why."""

ASKED: Mapping[str, tuple[dict[str, str], ...]] = {
    "add_filter": ({"field": "name", "operator": "contains", "value": "bar"},),
    "category_options": ({"value": "caf"},),
    "lead_map": ({"view": "-180,-85,180,85", "zoom": "2"}, {"view": "2.3,48.8,2.4,48.9", "zoom": "14"}),
}
"""View -> the queries that it is asked with, if it needs one."""

_OF_ACCOUNT: Mapping[str, str] = {
    "lead_id": "SELECT id FROM lead WHERE account_id = ? AND website_facts IS NOT NULL LIMIT 1",
    "scan_id": "SELECT min(id) FROM scan WHERE account_id = ? GROUP BY status",
    "export_id": "SELECT min(id) FROM export WHERE account_id = ? GROUP BY status",
    "enrichment_id": "SELECT min(id) FROM enrichment WHERE account_id = ? GROUP BY status",
    "endpoint_id": "SELECT endpoint_id FROM delivery WHERE account_id = ? LIMIT 1",
    "delivery_id": "SELECT id FROM delivery WHERE account_id = ? LIMIT 1",
    "ticket_id": "SELECT min(id) FROM ticket WHERE account_id = ?",
    "schedule_id": "SELECT id FROM schedule WHERE account_id = ? LIMIT 1",
    "request_id": "SELECT id FROM request_log WHERE account_id = ? LIMIT 1",
    "key_id": "SELECT id FROM api_key WHERE account_id = ? LIMIT 1",
}
_REFERENCE = re.compile(rb"<(?:link|script|img)[^>]* (?:src|href)=\"([^\"]+)\"|data-city=\"([^\"]+)\"")
_IMPORT = re.compile(rb"from \"(\./[^\"]+)\"")
_LIVE = re.compile(rb"hx-get=\"([^\"]+)\"")
_NEXT = re.compile(rb"href=\"([^\"]*[?&](?:amp;)?cursor=[^\"]+)\"")
_LOADED = re.compile(r"/assets/|/v1/docs/")


@dataclass(frozen=True, slots=True)
class Visit:
    """An address of the dashboard; ``live`` means that a page asks for it, and not the browser for a page."""

    view: str
    url: str
    live: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; ``body`` is as it was sent, and ``packed`` tells that it was compressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def packed(self) -> bool:
        return self.headers.get("content-encoding") == "gzip"

    @property
    def content(self) -> bytes:
        return gzip.decompress(self.body) if self.packed else self.body


@dataclass(frozen=True, slots=True)
class Weight:
    """The bytes of a page with all that it loads from us, as sent, and unpacked; ``others`` are other people's code."""

    sent: int
    unpacked: int
    others: int


class Browser:
    """Asks an ASGI application as a browser with a session does, one request after the other. Close it."""

    def __init__(self, application: Any, token: str) -> None:
        self._application = application
        self._cookies = {frame.cookie_name(): token}
        self._runner = asyncio.Runner()

    def close(self) -> None:
        self._runner.close()

    def get(self, url: str, *, live: bool = False) -> Answer:
        """Return the answer to a GET of a path with its query."""
        sent: list[dict[str, Any]] = []
        self._runner.run(self._ask(url, live, sent))
        headers = {name.decode().lower(): value.decode("latin-1") for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:]))

    async def _ask(self, url: str, live: bool, sent: list[dict[str, Any]]) -> None:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        headers = {"host": "localhost", "cookie": cookies, "accept-encoding": "gzip", "accept": "*/*"}
        headers |= {"hx-request": "true"} if live else {}
        parts = urlsplit(url)
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
            "path": unquote(parts.path), "raw_path": parts.path.encode(), "query_string": parts.query.encode(),
            "root_path": "", "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 50_000), "server": ("localhost", 8080), "state": {},
        }  # fmt: skip

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self._application(scope, receive, send)


def visits(rules: Any, caller: Caller, email: str) -> list[Visit]:
    """Return every page and data address that ``rules`` (of a Flask application's ``url_map``) lead to.

    Raise LookupError for one of which it is not said what stands in it.
    """
    found = []
    for rule in rules:
        view = rule.endpoint.removeprefix("dashboard.")
        if "GET" in rule.methods and view != rule.endpoint and view not in EXCUSED:
            found += [Visit(view, url) for url in _filled(rule, caller, email)]
    return [
        Visit(visit.view, f"{visit.url}?{urlencode(query)}" if query else visit.url)
        for visit in found
        for query in ASKED.get(visit.view, ({},))
    ]


def further(visit: Visit, answer: Answer) -> list[Visit]:
    """Return what a page leads to by itself: its live parts, and the next page of its list."""
    live = dict.fromkeys(unescape(url.decode()) for url in _LIVE.findall(answer.content))
    following = [unescape(url.decode()) for url in _NEXT.findall(answer.content)][:1]
    made = [Visit(visit.view, url, live=True) for url in live]
    return made + [Visit(visit.view, urljoin(visit.url, url)) for url in following if "cursor=" not in visit.url]


def weigh(browser: Browser, visit: Visit, answer: Answer, kept: dict[str, Answer]) -> Weight:
    """Return what a page weighs with everything it loads; ``kept`` holds the files that were loaded before."""
    ours, others = [answer], 0
    for url in _files(browser, visit, answer, kept):
        if _is_ours(url):
            ours.append(kept[url])
        else:
            others += len(kept[url].body)
    return Weight(sum(len(one.body) for one in ours), sum(len(one.content) for one in ours), others)


def _files(browser: Browser, visit: Visit, answer: Answer, kept: dict[str, Answer]) -> list[str]:
    """Return the addresses of all files that a page loads, and that those load."""
    if "text/html" not in answer.headers.get("content-type", ""):
        return []
    named = (one or other for one, other in _REFERENCE.findall(answer.content))
    wanted = [urljoin(visit.url, unescape(url.decode())) for url in named]
    wanted += ["/v1/openapi.json"] if visit.view == "console" else []
    found: dict[str, None] = {}
    while wanted:
        url = wanted.pop()
        if url in found or not (_LOADED.search(url) or url == "/v1/openapi.json"):
            continue
        found[url] = None
        if url not in kept:
            kept[url] = browser.get(url)
        if url.endswith(".js") and _is_ours(url):
            wanted += [urljoin(url, other.decode()) for other in _IMPORT.findall(kept[url].content)]
    return list(found)


def _is_ours(url: str) -> bool:
    return not ("htmx" in url or "leaflet" in url or "swagger-ui" in url)


def _filled(rule: Any, caller: Caller, email: str) -> Iterator[str]:
    """Give the addresses of a rule: one for each combination of what may stand in it."""
    names = sorted(rule.arguments)
    for values in itertools.product(*(_values(rule, name, caller, email) for name in names)):
        yield rule.build(dict(zip(names, values, strict=True)), append_unknown=False)[1]


def _values(rule: Any, name: str, caller: Caller, email: str) -> list[str]:
    if name == "rest":
        return ["no-such-page"]
    if name == "token":
        link = members.invite(caller, "viewer") if "/join/" in rule.rule else users.reset_link(email)
        return [link.rpartition("/")[2]]
    if name not in _OF_ACCOUNT:
        raise LookupError(f"benchmarks/page_walk.py does not know what stands for <{name}> in {rule.rule}")
    return [value for (value,) in base.rows(_OF_ACCOUNT[name], (caller.account_id,)) if value]
