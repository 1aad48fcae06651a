"""Leads enriched from a web of their own: politely, completely, and told by a signed webhook.

``ENRICHMENT_LEADS=400`` makes the web so large that a few hundred leads have a site each; without it there are fewer of
the well-behaved ones, and as many of every other kind.
"""

import os
import queue
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from protego import Protego
from standardwebhooks import Webhook

from core import clock
from models import base, suppression
from services.enrich_robots import AGENT
from services.enrich_visit import STATUSES
from tests import leads as made_leads
from tests import local_web
from tests.flows.conftest import Captured
from tests.local_web import Answer, LocalWeb, page, redirect
from tests.platform import Client, Platform

LEADS = int(os.environ.get("ENRICHMENT_LEADS", "40"))
NAV = '<nav><a href="/menu">Menu</a> <a href="/yhteystiedot">Yhteystiedot</a> <a href="/private/notes">Notes</a></nav>'
HOME = (
    '<html lang="fi"><title>Kahvila {0}</title><body>{1}<h1>Kahvila {0}</h1>'
    "<p>Kahvia ja pullaa jo vuodesta 1989.</p></body></html>"
)
NOTHING = "<html><title>Hi</title><body><p>Nothing to see here, sorry about that.</p></body></html>"
CONTACT = (
    '<html lang="fi"><title>Yhteystiedot</title><body>{1}<p>Puhelin <a href="tel:+35891234{0:03}">09 1234{0:03}</a></p>'
    '<p>Sähköposti <a href="mailto:info@kahvila{0}.fi">info@kahvila{0}.fi</a></p>'
    '<a href="https://www.facebook.com/kahvila{0}">Facebook</a></body></html>'
)
ROBOTS = "User-agent: *\nDisallow: /private\nCrawl-delay: {}\n"


def text(body: str) -> Answer:
    return page(body, kind="text/plain")


def good(number: int, robots: str | None = None, after_s: float = 0.0) -> dict[str, Answer]:
    """Return a café's website: the home page says little, the contact page all."""
    pages = {"/": page(HOME.format(number, NAV), etag='"1"', after_s=after_s), "/private/notes": page("secret")}
    pages["/yhteystiedot"] = page(CONTACT.format(number, NAV), after_s=after_s)
    return pages | ({"/robots.txt": text(robots)} if robots else {})


def odd(web: LocalWeb) -> dict[str, tuple[dict[str, Answer], str]]:
    """Return hosts that are not as they should be, each with what has to become of it."""
    wide = HOME.format("x", NAV).encode("utf-16")
    moved = web.add("127.9.0.1", good(901))
    odd_page = page(wide, kind="text/html; charset=iso-8859-99")
    return {
        "127.9.1.1": ({"/robots.txt": text("User-agent: *\nDisallow: /"), "/": page("x")}, "robots_disallowed"),
        "127.9.1.2": ({"/robots.txt": page(status="503 Oh"), "/": page("x")}, "robots_disallowed"),
        "127.9.1.3": ({"/robots.txt": text(f"User-agent: {AGENT}\nDisallow: /"), "/": page("x")}, "robots_disallowed"),
        "127.9.2.1": ({"/": page("no", status="403 Forbidden")}, "blocked"),
        "127.9.2.2": ({"/": page("no", "Retry-After: 9", status="429 Too Many Requests")}, "blocked"),
        "127.9.3.1": ({}, "unreachable"),
        "127.9.3.2": ({"/": page("oh", status="500 Oh")}, "unreachable"),
        "127.9.3.3": ({"/": redirect("/")}, "unreachable"),
        "127.9.3.4": ({"/": local_web.broken_off}, "unreachable"),
        "127.9.3.5": ({"/": redirect("http://169.254.169.254/latest/meta-data/")}, "unreachable"),
        "127.9.4.1": ({"/": local_web.hang}, "timeout"),
        "127.9.4.2": ({"/": local_web.drip}, "timeout"),
        "127.9.5.1": ({"/": local_web.endless}, "too_large"),
        "127.9.5.2": ({"/": local_web.packed(local_web.bomb())}, "too_large"),
        "127.9.6.1": ({"/": page(b"%PDF-1.7", kind="application/pdf")}, "not_html"),
        "127.9.7.1": ({"/": local_web.garbage}, "failed"),
        "127.9.8.1": ({"/": page(NOTHING)}, "done_empty"),
        "127.9.8.2": ({"/": odd_page, "/yhteystiedot": page(CONTACT.format(1, ""))}, "done"),
        "127.9.8.3": ({"/": redirect(moved)}, "done"),
        "127.9.8.4": (good(904, ROBOTS.format(2)), "done"),
        "127.9.8.5": (good(905, ROBOTS.format(1), after_s=1.5), "done"),
        "127.9.9.1": ({"/": page("x")}, "suppressed"),
    }  # fmt: skip


@pytest.fixture(scope="module")
def web() -> Iterator[LocalWeb]:
    with local_web.local_web() as made:
        yield made


def lead(name: str, url: str | None) -> dict[str, Any]:
    return made_leads.lead(name, websites=[url] if url else [])


def populate(platform: Platform, caller: Any, web: LocalWeb) -> dict[str, str]:
    """Give the account its leads; return lead id -> what has to become of it."""
    wanted = {host: status for host, (_, status) in odd(web).items()}
    rows = [lead(host, web.add(host, paths)) for host, (paths, _) in odd(web).items()]
    expected = {row["id"]: wanted[row["name"]] for row in rows}
    for number in range(LEADS):
        rows.append(
            lead(f"Good {number}", web.add(f"127.8.{number // 250}.{number % 250}", good(number, ROBOTS.format(1))))
        )
    chain = web.add("127.7.0.1", good(701))
    rows += [lead(f"Chain {number}", chain) for number in range(5)]
    rows += [lead("None", None), lead("Closed", "http://127.9.3.9:1/")]
    expected |= {rows[-2]["id"]: "no_website", rows[-1]["id"]: "unreachable"}
    with platform.tables():
        made_leads.write(caller, *rows)
        with base.transaction():
            made = {
                "id": "sup_story", "account_id": suppression.EVERYBODY, "kind": "domain", "value": "127.9.9.1",
                "reason": "asked", "name": None, "note": None, "leads_removed": 0, "created_at": clock.now_stamp(),
            }  # fmt: skip
            suppression.insert(made, [("domain", "127.9.9.1")])
    return {row["id"]: expected.get(row["id"], "done") for row in rows}


def test_a_web_of_good_and_bad_sites(
    platform: Platform, web: LocalWeb, receiver: tuple[str, "queue.Queue[Captured]"]
) -> None:
    client, caller = platform.roomy_account("enrich@example.com", enrichment_leads=10_000)
    endpoint = {"url": receiver[0], "event_types": ["enrichment.batch_done"]}
    verifier = Webhook(client.post("/webhook-endpoints", json=endpoint).json()["secret"])
    expected = populate(platform, caller, web)
    estimate = client.post("/enrichments", json={"dry_run": True}).raise_for_status().json()
    assert (estimate["leads"], estimate["fresh_sites"]) == (len(expected), 0)
    assert estimate["sites"] == len(expected) - 5  # four more of the chain, and one without

    chain = [row["id"] for row in client.get("/leads", params={"query": "chain", "fields": "name"}).json()["data"]]
    early = client.post("/enrichments", json={"lead_ids": chain[:1]}).raise_for_status().json()
    assert client.finished(f"/enrichments/{early['id']}")["counts"]["done"] == 1
    made = client.post("/enrichments", json={"filters": {}}).raise_for_status()
    assert made.status_code == 202
    ended = client.finished(made.headers["location"].removeprefix("/v1"), 60 + LEADS)
    told = [verifier.verify(body.decode(), headers) for headers, body in (receiver[1].get(timeout=15) for _ in "ab")]

    assert ended["status"] == "completed"
    for lead_id in chain:  # it was read already
        expected[lead_id] = "skipped_fresh"
    assert results(client, ended["id"]) == expected
    assert {status for status, number in ended["counts"].items() if number} == set(STATUSES)
    assert [one["data"]["enrichment"] for one in told if one["data"]["enrichment"]["id"] == ended["id"]] == [ended]
    found = client.get("/leads", params={"has_email": True, "limit": 1}).json()["total"]["value"]
    assert found == sum(status in ("done", "skipped_fresh") for status in expected.values())
    judge_manners(web)


def results(client: Client, enrichment_id: str) -> dict[str, str]:
    found: dict[str, str] = {}
    params: dict[str, Any] = {"limit": 100}
    while True:
        answer = client.get(f"/enrichments/{enrichment_id}/results", params=params).raise_for_status().json()
        found |= {row["lead_id"]: row["status"] for row in answer["data"]}
        if answer["next_cursor"] is None:
            return found
        params["cursor"] = answer["next_cursor"]


def judge_manners(web: LocalWeb) -> None:
    """Read the web's own log: no rule of a robots.txt broken, one request a second and host, never three at once."""
    assert web.rushed(1.0) == []
    assert max(web.most_together.values()) <= 2
    asked = {(request.host, request.path) for request in web.log}
    for host in {request.host for request in web.log}:
        assert web.paths(host)[0] == "/robots.txt", host
        assert web.paths(host).count("/") <= 1, host
    assert not [host for host, path in asked if path.startswith("/private")]
    forbidding = Protego.parse("User-agent: *\nDisallow: /")
    assert not [
        path
        for host, path in asked
        if host.startswith("127.9.1.") and not forbidding.can_fetch(path, AGENT) and path != "/robots.txt"
    ]
    moments = sorted(request.at for request in web.log if request.host == "127.9.8.4")
    assert all(after - before >= 2 for before, after in pairwise(moments[1:]))
    assert {request.headers["user-agent"] for request in web.log} == {f"{AGENT}/1.0 (+{contact(web)})"}


def contact(web: LocalWeb) -> str:
    return web.log[0].headers["user-agent"].partition("(+")[2].rstrip(")")
