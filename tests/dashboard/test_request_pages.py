"""The request log as its account sees it: filtered, found, told as curl, led to support; and nobody else's."""

import html
import re
import shlex

import httpx

from core import clock, ids
from services import api_keys, request_log, support
from services.accounts import Caller
from tests.dashboard.conftest import Visit
from tests.dashboard.test_account import member
from tests.dashboard.visitor import Visitor, text_of

REQUESTS = "/dashboard/requests"
EVIL = "<script>alert(1)</script>"


def asked(browser: Visitor, key: str, method: str, path: str, body: bytes | None = None) -> str:
    """Ask the API, and return the id of the request, which is in the log by then."""
    headers = {"X-API-Key": key, "Content-Type": "application/json"}
    answer = httpx.request(method, f"{browser.base_url}/v1{path}", headers=headers, content=body)
    request_log.flush()
    return str(answer.headers["x-request-id"])


def listed(page: httpx.Response) -> list[str]:
    return re.findall(rf'href="{REQUESTS}/(req_\w+)"', page.text)


def test_the_log_tells_what_was_asked_and_filters_it(alice: Visitor, account: Caller) -> None:
    assert "No requests yet" in text_of(alice.get(REQUESTS))
    _, key = api_keys.create(account, "CRM sync", api_keys.SCOPES)
    other_key, other = api_keys.create(account, EVIL, ["leads:read"])
    good = asked(alice, key, "GET", f"/leads?query={EVIL}&limit=5")
    bad = asked(alice, key, "POST", "/scans", b'{"area": 1}')
    denied = asked(alice, other, "GET", "/scans")
    page = alice.get(REQUESTS)
    words = text_of(page)
    for said in ("GET /leads", "CRM sync", "POST /scans", "400 invalid_request", "403 insufficient_scope", good):
        assert said in words
    assert EVIL not in page.text
    for query, expected in (
        ("", {good, bad, denied}),
        ("status=failed", {bad, denied}),
        ("status=2xx", {good}),
        ("status=5xx", set()),
        ("method=POST", {bad}),
        (f"key={other_key.id}", {denied}),
        (f"key={other_key.id}&status=2xx&method=GET", set()),
        ("status=nonsense&method=BREW", {good, bad, denied}),
    ):
        assert set(listed(alice.get(f"{REQUESTS}?{query}"))) == expected, query
    assert "None of the last 30 days" in text_of(alice.get(f"{REQUESTS}?status=5xx"))
    assert alice.get(f"{REQUESTS}?cursor=x").status_code == 400


def test_a_long_log_comes_in_pages(alice: Visitor, account: Caller) -> None:
    made = {noted(account, status=404 if n % 2 else 200) for n in range(130)}
    request_log.flush()
    seen: list[str] = []
    url = f"{REQUESTS}?status=failed"
    while url:
        page = alice.get(url)
        seen += listed(page)
        [*_, url] = ["", *re.findall(r'href="([^"]+)">Next page', page.text)]
        url = html.unescape(url)
    assert len(seen) == len(set(seen)) == 65
    assert set(seen) < made


def test_a_request_is_found_by_its_id(alice: Visitor, account: Caller) -> None:
    one = noted(account)
    request_log.flush()
    answer = alice.get(f"{REQUESTS}?id=+{one}+")
    assert answer.headers["location"] == f"{REQUESTS}/{one}"
    missing = alice.get(f"{REQUESTS}?id={EVIL}")
    assert missing.status_code == 404
    assert "There is no request with this id" in text_of(missing)
    assert EVIL not in missing.text


def test_one_request_leads_on_to_curl_the_console_and_support(alice: Visitor, account: Caller) -> None:
    _, key = api_keys.create(account, "CI", api_keys.SCOPES)
    refused = asked(alice, key, "GET", f"/leads?query=caf%C3%A9's&limit=0&key={key}")
    page = alice.get(f"{REQUESTS}/{refused}")
    words = text_of(page)
    for said in ("GET /leads", "400", "invalid_request", "limit: must be at least 1", "CI", "127.0.0.1", refused):
        assert said in words
    assert key not in page.text
    assert "#/leads/list_leads" in page.text
    [curl] = re.findall(r"<code>(curl [^<]*)</code>", page.text)
    assert curl_of(curl)[1:3] == ["-H", "X-API-Key: $MAPTARGETER_KEY"]
    assert curl_of(curl)[-1].endswith("/v1/leads?query=caf%C3%A9's&limit=0&key=***")
    [link] = re.findall(r'href="(/dashboard/support\?[^"]+)"', page.text)
    form = alice.get(html.unescape(link)).text
    assert f'value="{refused}"' in form
    assert 'value="GET /leads answered 400"' in form
    ticket = support.ask(account, "alice@example.com", "Why", "Please", refused)
    assert f'href="{REQUESTS}/{refused}"' in alice.get(f"/dashboard/support/{ticket.id}").text


def test_a_curl_call_names_the_body_that_is_not_kept(alice: Visitor, account: Caller) -> None:
    _, key = api_keys.create(account, "CI", api_keys.SCOPES)
    made = asked(alice, key, "POST", "/scans", b'{"area": "secret place"}')
    page = alice.get(f"{REQUESTS}/{made}")
    [curl] = re.findall(r"<code>(curl [^<]*)</code>", page.text)
    assert curl_of(curl)[1:3] == ["-X", "POST"]
    assert "--data-binary @body" in curl
    assert "secret place" not in page.text
    assert "never kept" in text_of(page)


def test_viewers_look_and_others_see_nothing(visit: Visit, alice: Visitor, account: Caller) -> None:
    one = noted(account)
    request_log.flush()
    viewer, mallory = member(visit, alice, "viewer"), visit().signed_up("mallory@example.com")
    assert listed(viewer.get(REQUESTS)) == [one]
    assert viewer.get(f"{REQUESTS}/{one}").status_code == 200
    assert mallory.get(f"{REQUESTS}/{one}").status_code == 404
    assert mallory.get(f"{REQUESTS}?id={one}").status_code == 404
    assert listed(mallory.get(REQUESTS)) == []
    assert visit().get(REQUESTS).status_code == 303


def curl_of(text: str) -> list[str]:
    """Return what a shell makes of a curl call on a page."""
    return shlex.split(html.unescape(text).replace("\\\n", " "))


def noted(caller: Caller, status: int = 200) -> str:
    """Note a request of the account, and return its id."""
    made = request_log.LoggedRequest(
        ids.new("req"), caller.account_id, "key_1", clock.now_stamp(), "GET", "/leads", "/v1/leads", status,
        None if status < 400 else "not_found", 7, "203.0.113.7",
    )  # fmt: skip
    request_log.note(made)
    return made.id
