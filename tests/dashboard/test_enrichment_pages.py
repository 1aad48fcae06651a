"""Enrichments counted, started once, watched, read with their evidence; and nobody else's."""

import re
from collections.abc import Iterator

import pytest

from jobs import enrich
from jobs.worker import Worker
from services import enrich_web, enrichments
from services.accounts import Caller
from services.enrichments import Wanted
from tests import leads as made
from tests import local_web
from tests.dashboard.conftest import Visit
from tests.dashboard.test_account import member, token
from tests.dashboard.visitor import Visitor, text_of
from tests.local_web import LocalWeb, page

PAGES = "/dashboard/enrichments"
NEW = f"{PAGES}/new"
EVIL = "<script>alert(1)</script>"
HOME = '<html lang="en"><body><p>Coffee and cake.</p><a href="mailto:info@engel.fi">Write</a></body></html>'


@pytest.fixture(scope="module")
def web() -> Iterator[LocalWeb]:
    with local_web.local_web() as started:
        yield started
    enrich_web.client().close()


def once(text: str) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="(csrf_token|once)" value="([^"]+)"', text.split("<main")[1]))


def test_from_a_search_to_what_was_found(
    alice: Visitor, account: Caller, web: LocalWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enrich_web, "GAP_S", 0.0)
    monkeypatch.setattr(enrich, "BUSY_ELSEWHERE_S", 0.0)
    url = web.add("127.2.9.1", {"/": page(HOME)})
    engel, bar = made.lead("Café Engel", websites=[url]), made.lead(f"Bar {EVIL}", category="bar")
    made.write(account, engel, bar)
    asked = alice.get(f"{NEW}?query=engel")
    assert "Leads 1 Websites 1 Read lately 0 No website 0" in text_of(asked)
    form = once(asked.text) | {"age": "7"}
    first, again = alice.post(PAGES, data=form), alice.post(PAGES, data=form)
    assert first.status_code == 303
    assert first.headers["location"] == again.headers["location"]
    path = first.headers["location"]
    waiting = alice.get(path, headers={"HX-Request": "true"}).text
    assert "every 2s" in waiting
    assert "<html" not in waiting
    Worker({enrichments.ENRICH: enrich.run}).run_until_idle()
    done = alice.get(path)
    words = text_of(done)
    assert "every 2s" not in done.text
    assert "2 of 2 leads" in words
    assert "info@engel.fi" in words
    assert f'href="{url}"' in done.text
    assert EVIL not in done.text
    assert "completed" in text_of(alice.get(PAGES))
    assert "info@engel.fi" in text_of(alice.get(f"/dashboard/leads/{engel['id']}"))


def test_too_many_for_the_plan_is_said_before(alice: Visitor, account: Caller) -> None:
    made.write(account, *[made.lead(f"Shop {number}", websites=["https://shop.example/"]) for number in range(101)])
    answer = alice.get(NEW)
    assert answer.status_code == 403
    assert "Your free plan allows 100 leads an enrichment" in text_of(answer)
    assert alice.post(PAGES, data=once(answer.text)).status_code == 403
    assert enrichments.list_enrichments(account, 10).rows == []


def test_an_empty_list_says_where_to_begin(alice: Visitor) -> None:
    assert "No enrichments yet" in text_of(alice.get(PAGES))
    assert "None of these leads has a website" in text_of(alice.get(NEW))


def test_viewers_look_and_others_see_nothing(visit: Visit, alice: Visitor, account: Caller) -> None:
    made.write(account, made.lead(websites=["https://engel.example/"]))
    path = f"{PAGES}/{enrichments.create_enrichment(account, Wanted(None, {}))['id']}"
    viewer, mallory = member(visit, alice, "viewer"), visit().signed_up("mallory@example.com")
    for where in (PAGES, NEW, path):
        assert viewer.get(where).status_code == 200
    for where in (PAGES, f"{path}/cancel"):
        assert viewer.post(where, data={"csrf_token": token(viewer), "once": "1"}).status_code == 403
    assert mallory.get(path).status_code == 404
    assert mallory.post(f"{path}/cancel", data={"csrf_token": token(mallory)}).status_code == 404
    assert path not in mallory.get(PAGES).text
    assert alice.submit(path, f"{path}/cancel").status_code == 303
    assert "cancelled" in text_of(alice.get(path))
