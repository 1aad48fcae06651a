"""Every page: nothing that axe objects to, nothing in the console, nothing from elsewhere, and a picture of it."""

import pytest

from tests.browser.looking import PHONE, Looker
from tests.platform import Client, wait_until

SIGNED_OUT = [("", "start"), ("login", "login"), ("signup", "signup"), ("nothing-here", None)]
SIGNED_IN = [
    ("", "overview"),
    ("leads", "leads"),
    ("leads?query=ravintola&has_phone=true&filter=%7B%22opening_hours%22:%7B%22exists%22:true%7D%7D", "leads-search"),
    ("scans", "scans"),
    ("scans/new", "scan-new"),
    ("schedules", None),
    ("exports", "exports"),
    ("enrichments", "enrichments"),
    ("enrichments/new?query=cafe", None),
    ("exports/new?has_phone=true", "export-new"),
    ("api-keys", "api-keys"),
    ("webhooks", "webhooks"),
    ("suppressions", None),
    ("support?subject=Why", "support"),
    ("usage", "usage"),
    ("members", "members"),
    ("profile", "profile"),
    ("audit-log", "audit-log"),
    ("nothing-here", None),
]
"""Path below /dashboard/, and the name of its picture; None takes none."""
DARK, ON_A_PHONE = {"overview"}, {"overview"}


@pytest.mark.parametrize(("path", "name"), SIGNED_OUT)
def test_a_page_for_strangers(stranger: Looker, path: str, name: str | None) -> None:
    look(stranger, path, name)


@pytest.mark.parametrize(("path", "name"), SIGNED_IN)
def test_a_page_for_members(looker: Looker, path: str, name: str | None) -> None:
    look(looker, path, name)


def look(looker: Looker, path: str, name: str | None) -> None:
    answer = looker.go(path)
    if "nothing" in path:
        assert answer.status == 404
        looker.faults.clear()  # the console tells of the status
    looker.check()
    if name:
        looker.shoot(name, whole=False)
        if name in DARK:
            looker.shoot(f"{name}-dark", scheme="dark")
        if name in ON_A_PHONE:
            looker.shoot(f"{name}-phone", size=PHONE, whole=True)


def test_the_console_tries_an_operation_out(looker: Looker) -> None:
    """Swagger UI's own markup has violations that are not ours to mend, so axe leaves it out."""
    looker.go("console")
    page = looker.page
    page.get_by_text("A key of this session is filled in").wait_for()
    operation = page.locator("#operations-account-get_account")
    operation.get_by_role("button").first.click()
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table .response-col_description")
    answer.get_by_text("ada@example.com").first.wait_for()
    looker.check(but="#swagger")
    looker.go("console")
    page.get_by_text("A key of this session is filled in").wait_for()
    looker.shoot("api-console")


def test_the_quickstart_takes_a_key(looker: Looker) -> None:
    looker.go("quickstart")
    assert "mt_live_..." in looker.page.locator("code").nth(1).inner_text()
    looker.page.get_by_role("button", name="Fill in a key").click()
    looker.page.get_by_text("it works for an hour").wait_for()
    assert "mt_live_..." not in looker.page.locator(".copyable code").first.inner_text()
    looker.check()
    looker.go("quickstart")
    looker.shoot("quickstart")


def test_the_request_log(looker: Looker, ada: Client) -> None:
    """From the list to one that was refused, and on to support with its id."""
    ada.get("/leads", params={"query": "cafe", "has_phone": True}).raise_for_status()
    refused = ada.get("/leads", params={"category": "caffe"}).headers["x-request-id"]
    page = looker.page

    def logged() -> bool:
        looker.go("requests")
        return page.get_by_text(refused).count() > 0

    wait_until(logged, 30, lambda: "the request is not in the log")
    looker.check()
    looker.shoot("requests")
    page.get_by_label("Status").select_option("failed")
    page.wait_for_url("**status=failed**")
    page.get_by_role("row").filter(has_text=refused).get_by_role("link").press("Enter")
    page.get_by_role("heading", name="The same with curl").wait_for()
    looker.check()
    looker.shoot("request")
    page.get_by_role("link", name="Ask support about this").click()
    assert page.get_by_label("Request id").input_value() == refused


def test_an_endpoint_and_a_delivery(looker: Looker) -> None:
    looker.go("webhooks")
    looker.page.locator("main table a").first.click()
    looker.page.get_by_role("heading", name="Deliveries").wait_for()
    looker.check()
    looker.shoot("webhook")
    looker.page.get_by_role("link", name="webhook.test").first.click()
    looker.page.get_by_role("heading", name="Attempts").wait_for()
    looker.check()
    looker.shoot("delivery")
