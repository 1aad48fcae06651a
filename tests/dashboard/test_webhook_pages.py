"""Webhooks on the pages: added, tested, seen delivered, sent again, paused, deleted; and never another account's."""

import re
from collections.abc import Iterator

import pytest

from jobs import HANDLERS
from jobs.worker import Worker
from services import webhook_deliveries, webhook_endpoints
from services.accounts import Caller
from tests.core import receivers
from tests.core.receivers import Peer, Receiver
from tests.dashboard.conftest import Visit
from tests.dashboard.test_account import member, token
from tests.dashboard.visitor import Visitor, text_of

HOOKS = "/dashboard/webhooks"
EVIL = "</code><script>alert(1)</script>"


def evil(peer: Peer) -> None:
    """Answer with what would be a script on a page that trusted it."""
    while peer.read():
        peer.answer(EVIL.encode())


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receivers.receiver(evil) as made:
        yield made


def added(browser: Visitor, receiver: Receiver) -> str:
    """Return the path of a new endpoint's page."""
    url = f"http://{receiver.host}:{receiver.port}/hooks"
    made = browser.submit(HOOKS, HOOKS, url=url, description="CRM", event_types=["scan.completed"])
    assert made.status_code == 201, text_of(made)
    assert re.search(r"<code>whsec_[^<]+</code>", made.text)
    assert "whsec_" not in browser.get(HOOKS).text
    return str(re.findall(rf'href="({HOOKS}/whe_\w+)"', made.text)[0])


def test_from_a_test_event_to_its_answer(alice: Visitor, account: Caller, receiver: Receiver) -> None:
    path = added(alice, receiver)
    assert "Nothing was delivered yet" in alice.get(path).text
    assert alice.submit(path, f"{path}/test").status_code == 303
    assert 'hx-trigger="every 2s"' in alice.get(path).text
    Worker(HANDLERS).run_until_idle()
    part = alice.get(f"{path}/deliveries").text
    assert "hx-trigger" not in part
    assert "delivered" in part
    [delivery] = re.findall(rf'href="({path}/deliveries/dlv_\w+)"', part)
    page = alice.get(delivery)
    assert "&lt;script&gt;alert" in page.text
    assert "<script>alert" not in page.text
    assert "&#34;type&#34;: &#34;webhook.test&#34;" in page.text
    assert alice.submit(delivery, f"{delivery}/redeliver").status_code == 303
    Worker(HANDLERS).run_until_idle()
    assert len(receiver.requests) == 2
    [listed] = webhook_endpoints.page(account, 10).rows
    [found] = webhook_deliveries.page(account, listed.id, 10).rows
    assert [attempt.status_code for attempt in found.attempts] == [200, 200]


def test_pause_change_rotate_recover_delete(alice: Visitor, account: Caller, receiver: Receiver) -> None:
    path = added(alice, receiver)
    endpoint_id = path.rpartition("/")[2]
    assert alice.submit(path, f"{path}/status", status="paused").status_code == 303
    answer = alice.submit(path, f"{path}/test")
    assert answer.status_code == 409
    assert "paused" in text_of(answer)
    assert alice.submit(path, f"{path}/status", status="enabled").status_code == 303
    kept = webhook_endpoints.get(account, endpoint_id)
    changed = alice.submit(path, path, url=kept.url, description="ERP", event_types=["export.ready"])
    assert changed.status_code == 303
    after = webhook_endpoints.get(account, endpoint_id)
    assert (after.description, after.event_types) == ("ERP", ["export.ready"])
    assert alice.submit(path, path, url=kept.url, description="ERP").status_code == 400
    assert alice.submit(path, path, url="http://10.0.0.1/", event_types=["export.ready"]).status_code == 400
    rotated = alice.submit(path, f"{path}/rotate")
    assert rotated.status_code == 201
    assert "whsec_" in rotated.text
    answer = alice.submit(path, f"{path}/recover", hours="24")
    assert answer.status_code == 303
    assert "0 deliveries are queued" in text_of(alice.get(path))
    assert alice.submit(path, f"{path}/delete").status_code == 303
    assert alice.get(path).status_code == 404


def test_a_url_that_may_not_be_reached_is_said_beside_the_field(alice: Visitor) -> None:
    answer = alice.submit(HOOKS, HOOKS, url="http://169.254.169.254/latest", event_types=["scan.completed"])
    assert answer.status_code == 400
    assert 'aria-invalid="true"' in answer.text
    assert "169.254.169.254" in answer.text


def test_another_accounts_webhooks_are_not_there(
    visit: Visit, alice: Visitor, account: Caller, receiver: Receiver
) -> None:
    path = added(alice, receiver)
    alice.submit(path, f"{path}/test")
    [listed] = webhook_endpoints.page(account, 10).rows
    [found] = webhook_deliveries.page(account, listed.id, 10).rows
    delivery = f"{path}/deliveries/{found.id}"
    mallory, viewer = visit().signed_up("mallory@example.com"), member(visit, alice, "viewer")
    assert listed.id not in mallory.get(HOOKS).text
    for target in (path, f"{path}/deliveries", delivery):
        assert mallory.get(target).status_code == 404
        assert viewer.get(target).status_code == 200
    csrf, viewers = token(mallory), token(viewer)
    posts = ("", "/status", "/rotate", "/test", "/recover", "/delete", f"/deliveries/{found.id}/redeliver")
    for step in posts:
        data = {"once": "1", "url": listed.url, "event_types": "scan.completed", "status": "paused"}
        assert mallory.post(path + step, data=data | {"csrf_token": csrf}).status_code == 404, step
        assert viewer.post(path + step, data=data | {"csrf_token": viewers}).status_code == 403, step
    assert webhook_endpoints.get(account, listed.id) == listed
