"""Support tickets from question to answer; suppressions; usage; and nobody else's of any."""

import re

import pytest

from core.errors import NotFound
from services import accounts, support, suppressing
from services.accounts import Caller
from tests.dashboard.conftest import Visit
from tests.dashboard.test_account import member, token
from tests.dashboard.visitor import Visitor, text_of

SUPPORT, SUPPRESSIONS = "/dashboard/support", "/dashboard/suppressions"
EVIL = "</div><script>alert(1)</script>"


def test_a_question_and_its_answer(alice: Visitor, account: Caller) -> None:
    form = alice.get(f"{SUPPORT}?request_id=req_1&subject=Why")
    assert 'value="req_1"' in form.text
    sent = alice.submit(SUPPORT, subject="Why", body=EVIL, request_id="req_1")
    assert sent.status_code == 303
    path = sent.headers["location"]
    ticket_id = path.rpartition("/")[2]
    assert support.waiting()[0].id == ticket_id
    support.answer(ticket_id, "Because of the\nlimit.")
    assert not support.waiting()
    page = alice.get(path)
    assert "Because of the\nlimit." in page.text
    assert "req_1" in page.text
    assert "<script>alert" not in page.text
    assert "answered" in alice.get(SUPPORT).text
    assert alice.submit(path, path, body="Thanks").status_code == 303
    assert support.waiting()[0].email == "alice@example.com"
    assert alice.submit(path, path, close="yes").status_code == 303
    assert support.get(account, ticket_id).status == "closed"
    assert alice.submit(path, path, body=" ").status_code == 400


def test_an_error_page_leads_to_a_ticket_about_it(alice: Visitor) -> None:
    answer = alice.get("/dashboard/nothing")
    request_id = answer.headers["x-request-id"]
    [link] = re.findall(r'href="(/dashboard/support\?[^"]+)"', answer.text)
    assert f'value="{request_id}"' in alice.get(link.replace("&amp;", "&")).text


def test_a_ticket_is_the_accounts_own_and_viewers_may_ask(visit: Visit, alice: Visitor, account: Caller) -> None:
    made = support.ask(account, "alice@example.com", "Why", "Please")
    mallory, viewer = visit().signed_up("mallory@example.com"), member(visit, alice, "viewer")
    assert mallory.get(f"{SUPPORT}/{made.id}").status_code == 404
    answer = mallory.post(f"{SUPPORT}/{made.id}", data={"csrf_token": token(mallory), "body": "x"})
    assert answer.status_code == 404
    assert len(support.messages(made)) == 1
    assert viewer.submit(f"{SUPPORT}/{made.id}", body="Me too").status_code == 303
    assert support.messages(made)[1].author == "viewer@example.com"


def test_enterprise_accounts_see_who_looks_after_them(alice: Visitor, account: Caller) -> None:
    assert "account manager" not in alice.get(SUPPORT).text
    accounts.set_manager(account, "Maria Virtanen, maria@example.com")
    assert "Maria Virtanen" in alice.get(SUPPORT).text


def test_a_business_is_suppressed_and_let_back(visit: Visit, alice: Visitor, account: Caller) -> None:
    fields = {"kind": "domain", "value": "example.org", "reason": "objection", "note": EVIL}
    assert alice.submit(SUPPRESSIONS, SUPPRESSIONS, **fields).status_code == 303
    [made] = suppressing.list_suppressions(account, 10).rows
    page = alice.get(SUPPRESSIONS)
    assert "example.org" in page.text
    assert "<script>alert" not in page.text
    wrong = alice.submit(SUPPRESSIONS, SUPPRESSIONS, **fields | {"kind": "phone"})
    assert wrong.status_code == 400
    mallory, viewer = visit().signed_up("mallory@example.com"), member(visit, alice, "viewer")
    for browser, status in ((mallory, 404), (viewer, 403)):
        answer = browser.post(f"{SUPPRESSIONS}/{made.id}/delete", data={"csrf_token": token(browser)})
        assert answer.status_code == status
    assert "example.org" not in mallory.get(SUPPRESSIONS).text
    assert alice.submit(SUPPRESSIONS, f"{SUPPRESSIONS}/{made.id}/delete").status_code == 303
    with pytest.raises(NotFound):
        suppressing.get_suppression(account, made.id)


def test_usage_shows_the_plan_beside_the_others(alice: Visitor) -> None:
    words = text_of(alice.get("/dashboard/usage"))
    assert "0 of 10,000" in words
    assert "Free (yours) Pro Enterprise" in words
    assert "Requests a minute 60 600 6,000" in words
    assert "API requests 0 Scans 0 Enrichments 0 Exports 0" in words
