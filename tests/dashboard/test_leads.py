"""Searching leads on a page and on its map, and what is done to one: shareable, bounded, and nobody else's."""

import html
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from dashboard import lead_map, searching
from services import filters, lead_editing, saved_searches
from services.accounts import Caller
from services.leads import get_lead
from tests import leads as made
from tests.dashboard.conftest import Visit
from tests.dashboard.test_account import member, token
from tests.dashboard.visitor import Visitor, text_of

LEADS = "/dashboard/leads"
EVIL = '<script>alert(1)</script><img src=x onerror="alert(1)">'
VIEW = "24.9,60.1,25.0,60.2"


def write(account: Caller, *leads: dict[str, Any]) -> list[str]:
    """Give the account leads; return their ids."""
    made.write(account, *leads)
    return [lead["id"] for lead in leads]


def names(page: httpx.Response) -> list[str]:
    return [html.unescape(name) for name in re.findall(r'<a class="name"[^>]*>([^<]*)</a>', page.text)]


def chips(page: httpx.Response) -> dict[str, str]:
    """Return the chips of a page: words -> where they lead without that filter."""
    found = re.findall(r'<a class="chip set" href="([^"]*)"><span class="cut">([^<]*)</span>', page.text)
    return {html.unescape(words): html.unescape(url) for url, words in found}


@pytest.fixture
def shops(account: Caller) -> Caller:
    write(
        account,
        made.lead("Café Engel", phones=[made.phone("+3589652776")], quality_score=90),
        made.lead("Bar Loose", category="bar", city="Turku", websites=["https://barloose.com/"], quality_score=80),
        made.lead("Ravintola Savoy", category="restaurant", street="Eteläesplanadi", tags=["vip"], quality_score=70),
    )
    return account


def test_a_first_visit_says_what_to_do(alice: Visitor) -> None:
    page = alice.get(LEADS)
    assert "No leads yet" in text_of(page)
    assert "/dashboard/scans/new" in page.text


def test_the_address_is_the_one_of_the_api(alice: Visitor, shops: Caller) -> None:
    assert shops
    assert names(alice.get(LEADS)) == ["Café Engel", "Bar Loose", "Ravintola Savoy"]
    assert names(alice.get(f"{LEADS}?category=cafe,bar&sort=name")) == ["Bar Loose", "Café Engel"]
    assert names(alice.get(f"{LEADS}?has_phone=true")) == ["Café Engel"]
    assert names(alice.get(f'{LEADS}?query=savoy&filter={{"tags":{{"has":"vip"}}}}')) == ["Ravintola Savoy"]
    page = alice.get(f"{LEADS}?query=engel&has_website=false")
    [curl] = re.findall(r"<code>(curl [^<]*)</code>", page.text)
    assert "/v1/leads?query=engel&has_website=false" in html.unescape(curl)
    assert "mt_live" not in curl


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("has_phone=perhaps", "must be true or false"),
        ("bbox=1,2,3", "at least 4 items"),
        ("sort=best", "must be one of"),
        ("filter={{", "must be JSON"),
        ('filter={"nmae":{"eq":"x"}}', "did you mean &#34;name&#34;"),
        ("category=caffe", "did you mean &#34;cafe&#34;"),
        ("near=60,25&radius_m=0", "at least 1"),
        ("cursor=x", "cursor"),
    ],
)
def test_an_address_that_makes_no_sense_is_explained(alice: Visitor, shops: Caller, query: str, says: str) -> None:
    assert shops
    page = alice.get(f"{LEADS}?{query}")
    assert page.status_code == 400
    assert says in page.text
    assert "Add filter" in page.text


def test_each_chip_leads_on_without_its_filter(alice: Visitor, shops: Caller) -> None:
    assert shops
    query = 'query=a&city=Helsinki&filter={"name":{"contains":"e","prefix":"c"},"website":{"exists":false}}'
    found = chips(alice.get(f"{LEADS}?{query}"))
    assert list(found) == ["“a”", "City is Helsinki", "Name contains e", "Name begins with c", "Website: not known"]
    for words, url in found.items():
        left = chips(alice.get(url))
        assert set(left) == set(found) - {words}


def test_filters_are_added_without_a_script(alice: Visitor, shops: Caller) -> None:
    assert shops
    for field, operator, value, expected in (
        ("category", "eq", "café", ["Café Engel"]),
        ("category", "in", "cafe, bar", ["Café Engel", "Bar Loose"]),
        ("name", "contains", "lo", ["Bar Loose"]),
        ("quality_score", "lt", "85", ["Bar Loose", "Ravintola Savoy"]),
        ("website", "exists", "yes", ["Bar Loose"]),
        ("tags", "has_any", "vip,gold", ["Ravintola Savoy"]),
        ("last_seen_at", "gte", "2026-11-02", []),
    ):
        form = {"field": field, "operator": operator, "value": value}
        answer = alice.get(f"{LEADS}/filtered", params={"sort": "name"} | form)
        assert answer.status_code == 303
        assert "sort=name" in answer.headers["location"]
        assert sorted(names(alice.get(answer.headers["location"]))) == sorted(expected), form
    wrong = alice.get(f"{LEADS}/filtered", params={"field": "quality_score", "operator": "lt", "value": "many"})
    assert wrong.status_code == 400
    assert "must be a number" in text_of(wrong)
    assert alice.get(f"{LEADS}/filtered", params={"field": "nmae", "operator": "eq"}).status_code == 400
    part = alice.get(f"{LEADS}/operators", params={"field": "last_seen_at"})
    assert 'type="date"' in part.text
    assert "<html" not in part.text
    assert '<option value="cafe">' in alice.get("/dashboard/categories", params={"value": "bar,caf"}).text


def test_a_search_in_the_address_means_what_exports_take(alice: Visitor, shops: Caller) -> None:
    assert alice
    given: dict[str, Any] = {"query": "a", "city": "Helsinki", "gone": False, "filter": '{"city":{"ne":"Turku"}}'}
    assert filters.document(given) == {"and": [{"query": "a"}, {"city": {"eq": "Helsinki"}}, {"city": {"ne": "Turku"}}]}
    assert filters.document({"gone": False}) == {}
    assert filters.document({"has_phone": True, "gone": True}) == {"phones": {"exists": True}, "gone": {"eq": True}}
    assert filters.parse(filters.document(given)).where.parts
    assert searching.written({"query": "a b", "sort": "-quality_score", "bbox": "1,2,3,4"}) == "query=a+b&bbox=1,2,3,4"
    assert shops


def test_the_map_has_what_is_in_view(alice: Visitor, shops: Caller) -> None:
    write(shops, made.lead("Far away", lat=61.0, lon=25.0))
    seen = alice.get(f"{LEADS}/map", params={"view": VIEW, "zoom": "14.5"}).json()
    assert {lead["name"] for lead in seen["leads"]} == {"Café Engel", "Bar Loose", "Ravintola Savoy"}
    assert seen["words"] == "3 in view"
    assert alice.get(seen["leads"][0]["url"]).status_code == 200
    one = alice.get(f"{LEADS}/map", params={"view": VIEW, "category": "bar", "bbox": "24.94,60.16,24.96,60.18"}).json()
    assert [lead["category"] for lead in one["leads"]] == ["Bar"]
    for view in ("", "1,2,3", "a,b,c,d", "0,0,0,200"):
        assert alice.get(f"{LEADS}/map", params={"view": view}).status_code == 400


def test_the_map_counts_what_is_too_much_to_show(
    alice: Visitor, account: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    spots = [made.lead(f"Shop {n}", lat=60.15 + n % 20 / 1000, lon=24.9 + n // 20 / 500) for n in range(400)]
    write(account, *spots)
    url, view = f"{LEADS}/map", {"view": "24.8,60.1,25.1,60.2"}
    for zoom in ("9", "13", "16"):
        seen = alice.get(url, params=view | {"zoom": zoom}).json()
        assert len(seen["leads"]) + sum(cell["count"] for cell in seen["cells"]) == 400
        assert seen["words"] == "400 in view"
    monkeypatch.setattr(lead_map, "CLUSTERED", 100)
    for search in ({}, {"query": "shop"}):
        seen = alice.get(url, params=view | search | {"zoom": "10"}).json()
        assert not seen["leads"]
        assert sum(cell["count"] for cell in seen["cells"]) == 400
    assert [lead_map.short(count) for count in (7, 999, 1000, 1250, 99_900, 2_500_000)] == [
        "7", "999", "1k", "1.2k", "99k", "2.5M",
    ]  # fmt: skip


def test_a_lead_is_shown_with_its_sources_and_history(alice: Visitor, account: Caller) -> None:
    [lead_id] = write(account, made.lead("Café Engel", opening_hours={"raw": "Mo-Fr 08:00-22:00", "valid": True}))
    lead_editing.update_lead(account, lead_id, {"corrections": {"name": "Engel & Co"}, "note": "Call in May"})
    words = text_of(alice.get(f"{LEADS}/{lead_id}"))
    for said in ("Engel & Co", "Mo-Fr 08:00-22:00", "node/1", "ODbL-1.0", "Call in May", "© OpenStreetMap"):
        assert said in words
    assert "Name Café Engel → Engel & Co" in words
    assert "Café" in words


def test_a_long_history_comes_in_parts(alice: Visitor, account: Caller) -> None:
    [lead_id] = write(account, made.lead())
    for number in range(12):
        lead_editing.update_lead(account, lead_id, {"note": f"note {number}"})
    page = alice.get(f"{LEADS}/{lead_id}")
    assert "note 11" in page.text
    assert "note 0" not in page.text
    [more] = re.findall(r'hx-get="(/dashboard/leads/[^"]*/history[^"]*)"', page.text)
    earlier = alice.get(html.unescape(more))
    assert "note 0" in earlier.text
    assert "<html" not in earlier.text


def test_stage_tags_and_note_are_changed(alice: Visitor, account: Caller) -> None:
    [lead_id] = write(account, made.lead())
    at, action = f"{LEADS}/{lead_id}", f"{LEADS}/{lead_id}/own"
    assert alice.submit(at, action, stage="contacted", tags="vip, spring ,", note=" Hello ").status_code == 303
    lead = get_lead(account, lead_id)
    assert (lead["stage"], lead["tags"], lead["note"]) == ("contacted", ["vip", "spring"], "Hello")
    for wrong in ({"stage": "best"}, {"stage": "new", "tags": "x" * 51}, {"stage": "new", "note": "x" * 5001}):
        answer = alice.submit(at, action, **wrong)
        assert answer.status_code == 400
    assert get_lead(account, lead_id) == lead


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(alice: Visitor, account: Caller) -> None:
    [lead_id] = write(account, made.lead())
    at = f"{LEADS}/{lead_id}"
    hidden = dict(re.findall(r'type="hidden" name="(csrf_token|version)" value="([^"]+)"', alice.get(at).text))
    lead_editing.update_lead(account, lead_id, {"note": "theirs"})
    answer = alice.post(f"{at}/own", data=hidden | {"stage": "won", "note": "mine"})
    assert answer.status_code == 412
    assert "has changed since" in text_of(answer)
    assert get_lead(account, lead_id)["note"] == "theirs"


def test_only_what_was_corrected_is_a_correction(alice: Visitor, account: Caller) -> None:
    [lead_id] = write(account, made.lead(phones=[made.phone("+3589652776")]))
    at, action = f"{LEADS}/{lead_id}", f"{LEADS}/{lead_id}/corrections"
    same = {"name": "Café Engel", "category": "cafe", "phones": "+3589652776", "emails": "", "websites": ""}
    address = {"street": "Aleksanterinkatu", "house_number": "26", "postcode": "00170", "city": "Helsinki"}
    place = {f"address_{part}": text for part, text in address.items()}
    whole = same | place | {"address_district": "Kluuvi", "address_country": "FI", "operating_status": "open"}
    assert alice.submit(at, action, **whole).status_code == 303
    assert get_lead(account, lead_id)["corrections"] == []
    changed = {"phones": "+3589652776\r\n09 1234567", "address_house_number": "28"}
    assert alice.submit(at, action, **whole | changed).status_code == 303
    lead = get_lead(account, lead_id)
    assert [made["field"] for made in lead["corrections"]] == ["phones", "address"]
    assert lead["address"]["house_number"] == "28"
    assert [phone["e164"] for phone in lead["phones"]] == ["+3589652776", "+35891234567"]
    wrong = alice.submit(at, action, **whole | {"phones": "none", "emails": "a@b"})
    assert wrong.status_code == 400
    assert alice.submit(at, f"{action}/phones/undo").status_code == 303
    assert [made["field"] for made in get_lead(account, lead_id)["corrections"]] == ["address"]
    assert alice.post(f"{action}/id/undo", data={"csrf_token": token(alice)}).status_code == 404


def test_a_deleted_lead_is_gone(alice: Visitor, account: Caller) -> None:
    [lead_id] = write(account, made.lead())
    assert alice.submit(f"{LEADS}/{lead_id}", f"{LEADS}/{lead_id}/delete").status_code == 303
    assert alice.get(f"{LEADS}/{lead_id}").status_code == 404
    assert names(alice.get(LEADS)) == []


def test_a_business_is_suppressed_by_what_it_is_known_by(alice: Visitor, account: Caller) -> None:
    mail = {"emails": ["info@barloose.com"], "phones": [made.phone("+3589652776")]}
    known = [made.lead("Bar Loose", websites=["https://www.barloose.com/", "https://facebook.com/loose"], **mail)]
    known += [made.lead(EVIL, websites=["https://barloose.com/fi"]), made.lead("Kiosk", emails=["me@gmail.com"])]
    bar, branch, kiosk = write(account, *known)
    page = alice.get(f"{LEADS}/{bar}")
    offered = [html.unescape(way) for way in re.findall(r'name="target" value="([^"]+)"', page.text)]
    assert offered == [f"lead {bar}", "domain barloose.com", "email info@barloose.com", "phone +3589652776"]
    action, reason = "/dashboard/suppressions", {"reason": "customer", "note": "Asked by mail"}
    assert "domain" not in re.findall(r'name="target" value="(\w+) ', alice.get(f"{LEADS}/{kiosk}").text)
    answer = alice.submit(f"{LEADS}/{bar}", action, target="domain barloose.com", **reason)
    assert answer.status_code == 303
    assert "2 leads are forgotten" in text_of(alice.get(answer.headers["location"]))
    assert alice.get(f"{LEADS}/{bar}").status_code == alice.get(f"{LEADS}/{branch}").status_code == 404
    assert alice.submit(f"{LEADS}/{kiosk}", action, target=f"lead {kiosk}", **reason).status_code == 303
    assert "Kiosk" in text_of(alice.get(action))
    assert alice.post(action, data={"csrf_token": token(alice), "target": f"lead {bar}x"}).status_code == 400


def test_searches_are_saved_for_all_members(visit: Visit, alice: Visitor, shops: Caller) -> None:
    query = "city=Helsinki&has_phone=true"
    answer = alice.submit(
        f"{LEADS}?{query}", f"{LEADS}/searches", name="  Phones in  Helsinki ", city="Helsinki", has_phone="true"
    )
    assert urlsplit(answer.headers["location"]).query == query
    bob = member(visit, alice, "member")
    page = bob.get(LEADS)
    assert f'href="{LEADS}?{html.escape(query)}">Phones in Helsinki</a>' in page.text
    alice.submit(LEADS, f"{LEADS}/searches", name="Phones in Helsinki", city="Turku")
    [saved] = saved_searches.of_account(shops)
    assert parse_qs(saved.query) == {"city": ["Turku"]}
    assert bob.submit(LEADS, f"{LEADS}/searches/{saved.id}/delete").status_code == 303
    assert saved_searches.of_account(shops) == []
    assert alice.submit(LEADS, f"{LEADS}/searches", name=" ").status_code == 400


def test_there_are_so_many_saved_searches_and_no_more(
    alice: Visitor, account: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved_searches, "MOST", 1)
    saved_searches.save(account, "One", "")
    saved_searches.save(account, "One", "city=Turku")
    assert alice.submit(LEADS, f"{LEADS}/searches", name="Two").status_code == 409


def test_a_viewer_looks_and_writes_nothing(visit: Visit, alice: Visitor, account: Caller) -> None:
    [lead_id] = write(account, made.lead())
    saved = saved_searches.save(account, "All", "")
    before = get_lead(account, lead_id)
    viewer = member(visit, alice, "viewer")
    assert viewer.get(LEADS).status_code == viewer.get(f"{LEADS}/{lead_id}").status_code == 200
    assert "<form method" not in viewer.get(f"{LEADS}/{lead_id}").text.split("<main")[1]
    csrf = token(viewer)
    for path in (
        f"{lead_id}/own", f"{lead_id}/corrections", f"{lead_id}/corrections/name/undo", f"{lead_id}/delete",
        "searches", f"searches/{saved.id}/delete",
    ):  # fmt: skip
        answer = viewer.post(f"{LEADS}/{path}", data={"csrf_token": csrf, "name": "x", "stage": "won"})
        assert answer.status_code == 403, path
    assert get_lead(account, lead_id) == before
    assert saved_searches.of_account(account) == [saved]


def test_what_is_anothers_is_not_there(visit: Visit, alice: Visitor, account: Caller) -> None:
    assert alice
    [lead_id] = write(account, made.lead())
    saved = saved_searches.save(account, "Mine alone", "")
    mallory = visit().signed_up("mallory@example.com")
    csrf = token(mallory)
    for path in (lead_id, f"{lead_id}/history"):
        assert mallory.get(f"{LEADS}/{path}").status_code == 404
    for path in (f"{lead_id}/own", f"{lead_id}/corrections", f"{lead_id}/delete", f"searches/{saved.id}/delete"):
        answer = mallory.post(f"{LEADS}/{path}", data={"csrf_token": csrf, "stage": "won", "name": "x"})
        assert answer.status_code == 404, path
    assert "Mine alone" not in mallory.get(LEADS).text
    assert mallory.get(f"{LEADS}/map", params={"view": VIEW}).json()["leads"] == []
    assert get_lead(account, lead_id)["stage"] == "new"


def test_what_a_map_says_stays_text(alice: Visitor, account: Caller) -> None:
    [lead_id] = write(
        account,
        made.lead(
            EVIL, street=EVIL, websites=["javascript:alert(1)"], tags=[EVIL], operator=EVIL, note=EVIL,
            sources=[made.source(EVIL) | {"url": "javascript:alert(1)"}], alt_names=[EVIL], emails=[EVIL],
        ),
    )  # fmt: skip
    saved_searches.save(account, EVIL, f"query={EVIL}")
    lead_editing.update_lead(account, lead_id, {"note": EVIL})
    for path in (
        LEADS,
        f"{LEADS}/{lead_id}",
        f"{LEADS}?query={EVIL}",
        f'{LEADS}?filter={{"name":{{"eq":"<script>"}}}}',
    ):
        page = alice.get(path).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert 'href="javascript:' not in page.lower()
    answer = alice.get(f"{LEADS}/map", params={"view": VIEW})
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["leads"][0]["name"] == EVIL


def test_a_page_costs_little(alice: Visitor, shops: Caller) -> None:
    """Nothing grows with what is not shown."""
    write(shops, *[made.lead(f"Shop {number}") for number in range(200)])
    page = alice.get(LEADS)
    assert len(names(page)) == 25
    assert len(page.content) < 60_000
