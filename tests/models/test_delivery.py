import pytest

from models import delivery, webhook
from tests.models.test_webhook import NOW, add_delivery, add_endpoint

pytestmark = pytest.mark.usefixtures("database")
LATER = "2026-11-24T05:00:00.000Z"


def taken(slot: int, limit: int = 10, now: str = NOW) -> list[str]:
    return [due.delivery_id for due in delivery.take("whe_1", slot, limit, now)]


def test_what_is_due_is_taken_once_longest_waiting_first() -> None:
    add_endpoint(1)
    add_delivery(1, "whe_1")
    add_delivery(2, "whe_1", next_attempt_at=LATER)
    add_delivery(3, "whe_1", next_attempt_at="2026-11-24T04:00:00.000Z", attempts_count=3, attempts_before=1)
    add_delivery(4, "whe_1", status="failed")
    add_delivery(5, "whe_2")
    assert delivery.waiting("whe_1", 5, NOW) == 2
    assert delivery.waiting("whe_1", 1, NOW) == 1
    assert delivery.take("whe_1", 0, 1, NOW) == [delivery.Due("dlv_3", "evt_3", 3, 4, 3, b"{}")]
    assert taken(1) == ["dlv_1"]
    assert taken(2) == []
    assert delivery.next_due("whe_1") == LATER
    delivery.release("whe_1", 0)
    assert taken(2, now=LATER) == ["dlv_3", "dlv_2"]
    assert delivery.next_due("whe_1") is None


def test_a_delivery_that_has_ended_stays_as_it_is() -> None:
    for number in (1, 2, 3):
        add_delivery(number, "whe_1")
    delivery.settle_delivered(["dlv_1", "dlv_2"], NOW)
    delivery.settle_failed_attempt("dlv_1", LATER, LATER)
    delivery.settle_failed_attempt("dlv_3", LATER, NOW)
    rows = [
        (row.status, row.attempts_count, row.next_attempt_at, row.finished_at)
        for row in webhook.Delivery.select().order_by(webhook.Delivery.id)
    ]
    assert rows == [("delivered", 1, None, NOW)] * 2 + [("pending", 1, LATER, None)]
    delivery.settle_failed_attempt("dlv_3", None, LATER)
    assert webhook.Delivery.get(webhook.Delivery.id == "dlv_3").status == "failed"


def test_endpoints_with_something_overdue_are_found_if_they_may_be_sent_to() -> None:
    for number, values in enumerate(({}, {"status": "paused"}, {"held_until": LATER}, {}), 1):
        add_endpoint(number, **values)
    for number in (1, 2, 3):
        add_delivery(number, f"whe_{number}")
    add_delivery(4, "whe_4", next_attempt_at=LATER)
    assert delivery.overdue(NOW) == [("acc_a", "whe_1")]
