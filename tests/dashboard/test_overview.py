"""The overview: what was started lately, newest first, and what to do first."""

import re

from services import enrichments, exports, scans
from services.accounts import Caller
from services.enrichments import Wanted
from tests import leads as made
from tests.dashboard.test_scans import EVIL, HERE
from tests.dashboard.visitor import Visitor, text_of

OVERVIEW = "/dashboard/"


def test_a_newcomer_sees_first_steps(alice: Visitor) -> None:
    words = text_of(alice.get(OVERVIEW))
    assert "First steps" in words
    assert "Nothing yet" in words


def test_what_was_started_lately_leads_to_its_page(alice: Visitor, account: Caller) -> None:
    made.write(account, made.lead())
    scan = scans.create_scan(account, EVIL, HERE, [])["id"]
    enrichment = enrichments.create_enrichment(account, Wanted(None, {}))["id"]
    export = exports.create_export(account, "csv", {})["id"]
    page = alice.get(OVERVIEW)
    links = re.findall(r'href="/dashboard/(?:scans|enrichments|exports)/(\w+_\w+)"', page.text)
    assert sorted(links) == sorted([scan, enrichment, export])
    assert "0 of 1 leads" in text_of(page)
    assert EVIL not in page.text
    for number in range(12):
        scans.create_scan(account, f"Later {number}", HERE, [])
    later = alice.get(OVERVIEW)
    assert len(re.findall(r"Later \d+", later.text)) == 8
    assert export not in later.text
