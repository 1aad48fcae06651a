"""A real browser before a whole installation with the sample city, already scanned by the account of ``EMAIL``."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from services import users
from tests.browser import chromium
from tests.browser.looking import Looker
from tests.core import receivers
from tests.core.receivers import Receiver
from tests.platform import ROOT, SAMPLE, Client, Platform, wait_until

EMAIL, PASSWORD = "ada@example.com", "correct horse battery"
SHOTS = ROOT / "docs" / "screenshots"


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    made = Platform(tmp_path_factory.mktemp("platform"), MAPTARGETER_LIMITS_URL="memory://")
    made.run("places", "import", str(SAMPLE))
    made.start()
    yield made
    assert made.stop() == 0


@pytest.fixture(scope="session")
def ada(platform: Platform, hooks: Receiver) -> Client:
    """An account on the pro plan with the sample city's leads, an export and a few keys."""
    client = platform.account(EMAIL, "pro")
    with platform.tables():
        users.set_owner_password(EMAIL, PASSWORD)
    client.scanned()
    made = client.post("/exports", json={"format": "csv", "filters": {"website": {"exists": False}}}).json()
    client.finished(f"/exports/{made['id']}")
    for name, scopes in (("CRM sync", ["leads:read"]), ("Nightly scan", ["scans:read", "scans:write"])):
        client.post("/api-keys", json={"name": name, "scopes": scopes}).raise_for_status()
    _hooked(client, hooks.url)
    return client


@pytest.fixture(scope="session")
def hooks() -> Iterator[Receiver]:
    """A server that is told by webhook."""
    with receivers.receiver(receivers.polite) as made:
        yield made


def _hooked(client: Client, url: str) -> None:
    """Add an endpoint, and wait until a test has arrived."""
    body = {"url": url, "event_types": ["scan.completed", "export.ready"], "description": "CRM"}
    made = client.post("/webhook-endpoints", json=body).raise_for_status().json()
    client.post(f"/webhook-endpoints/{made['id']}/test").raise_for_status()

    def arrived() -> bool:
        found = client.get(f"/webhook-endpoints/{made['id']}/deliveries").json()["data"]
        return bool(found and found[0]["status"] == "delivered")

    wait_until(arrived, 30, lambda: "no test arrived")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=chromium.executable(), args=list(chromium.ARGUMENTS))
        yield made
        made.close()


@pytest.fixture
def stranger(browser: Browser, platform: Platform) -> Iterator[Looker]:
    """A browser window of somebody who is not logged in."""
    with Looker.window(browser, platform.url, SHOTS) as looker:
        yield looker


@pytest.fixture(scope="session")
def passport(browser: Browser, platform: Platform, ada: Client, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cookies of a browser in which Ada has logged in, once for all tests."""
    file = tmp_path_factory.mktemp("passport") / "state.json"
    with Looker.window(browser, platform.url, SHOTS) as looker:
        looker.log_in(EMAIL, PASSWORD)
        looker.page.context.storage_state(path=file)
    return file


@pytest.fixture
def looker(browser: Browser, platform: Platform, passport: Path) -> Iterator[Looker]:
    """A browser window in which Ada is logged in."""
    with Looker.window(browser, platform.url, SHOTS, passport) as looker:
        yield looker
