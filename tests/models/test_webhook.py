from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import peewee
import pytest

from models import base, webhook

pytestmark = pytest.mark.usefixtures("database")
NOW = "2026-11-24T04:38:00.123Z"


def add_endpoint(number: int, account_id: str = "acc_a", **values: object) -> str:
    row = {
        "id": f"whe_{number}", "account_id": account_id, "url": f"https://example.com/{number}", "description": "",
        "event_types": ["scan.completed"], "status": "enabled", "secrets": [], "created_at": NOW, "updated_at": NOW,
    }  # fmt: skip
    webhook.WebhookEndpoint.insert(row | values).execute()
    return f"whe_{number}"


def add_event(number: int, account_id: str = "acc_a") -> str:
    webhook.Event.insert(
        id=f"evt_{number}", account_id=account_id, sequence=number, type="scan.completed", body="{}", created_at=NOW
    ).execute()
    return f"evt_{number}"


def add_delivery(number: int, endpoint_id: str, account_id: str = "acc_a", **values: object) -> str:
    row = {
        "id": f"dlv_{number}", "account_id": account_id, "event_id": add_event(number, account_id),
        "endpoint_id": endpoint_id, "sequence": number, "status": "pending", "next_attempt_at": NOW, "created_at": NOW,
    }  # fmt: skip
    webhook.Delivery.insert(row | values).execute()
    return f"dlv_{number}"


def test_events_are_numbered_for_each_account_and_a_rollback_leaves_no_gap() -> None:
    assert webhook.next_sequence("acc_a") == 1
    with base.transaction() as _, base.database.atomic() as savepoint:
        assert webhook.next_sequence("acc_a") == 2
        savepoint.rollback()
    assert [webhook.next_sequence("acc_a"), webhook.next_sequence("acc_b")] == [2, 1]


def test_no_gap_and_no_twin_when_many_number_events_at_once() -> None:
    def number(worker: int) -> list[int]:
        kept = []
        for turn in range(10):
            try:
                with base.connection(), base.transaction():
                    sequence = webhook.next_sequence("acc_a")
                    if (worker + turn) % 3 == 0:
                        raise LookupError
                kept.append(sequence)
            except LookupError:
                pass
        return kept

    with ThreadPoolExecutor(4) as pool:
        numbers = sorted(chain.from_iterable(pool.map(number, range(4))))
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > 20


def test_endpoints_are_listed_newest_first_page_by_page_and_only_the_accounts_own() -> None:
    for number in range(1, 5):
        add_endpoint(number)
    add_endpoint(9, "acc_b")
    assert [row["id"] for row in webhook.endpoints("acc_a", 3)] == ["whe_4", "whe_3", "whe_2"]
    assert [row["id"] for row in webhook.endpoints("acc_a", 3, "whe_2")] == ["whe_1"]
    assert webhook.endpoint("acc_a", "whe_9") is None
    assert "secrets" not in webhook.endpoints("acc_a", 1)[0]


def test_subscribers_are_those_of_the_type_whatever_their_state() -> None:
    add_endpoint(1)
    add_endpoint(2, event_types=["export.ready"])
    add_endpoint(3, event_types=["export.ready", "scan.completed"], status="paused")
    add_endpoint(4, "acc_b")
    assert webhook.subscribe("acc_a", "scan.completed") == [
        webhook.Subscriber("whe_1", 1, True), webhook.Subscriber("whe_3", 1, False),
    ]  # fmt: skip
    assert webhook.subscribe("acc_a", "scan.completed", "whe_1") == [webhook.Subscriber("whe_3", 2, False)]
    assert webhook.subscribe("acc_a", "scan") == []
    assert webhook.number_deliveries("acc_a", "whe_1", 5) == webhook.Subscriber("whe_1", 6, True)
    assert webhook.number_deliveries("acc_b", "whe_1") is None


def test_deleting_an_endpoint_ends_what_was_waiting_for_it_alone() -> None:
    first, second = add_endpoint(1), add_endpoint(2)
    add_delivery(1, first)
    add_delivery(2, first, status="delivered")
    add_delivery(3, second)
    assert not webhook.delete_endpoint("acc_b", first, NOW)
    assert webhook.delete_endpoint("acc_a", first, NOW)
    assert not webhook.delete_endpoint("acc_a", first, NOW)
    left = {row.id: (row.status, row.next_attempt_at, row.finished_at) for row in webhook.Delivery.select()}
    assert left == {"dlv_1": ("failed", None, NOW), "dlv_2": ("delivered", NOW, None), "dlv_3": ("pending", NOW, None)}


def test_an_event_has_one_delivery_for_each_endpoint() -> None:
    add_delivery(1, add_endpoint(1))
    with pytest.raises(peewee.IntegrityError), base.transaction():
        webhook.Delivery.insert(
            id="dlv_2",
            account_id="acc_a",
            event_id="evt_1",
            endpoint_id="whe_1",
            sequence=2,
            status="pending",
            created_at=NOW,
        ).execute()


def test_an_endpoint_is_locked_with_the_status_it_has() -> None:
    add_endpoint(1, status="paused")
    with base.transaction():
        target = webhook.Target("paused", "https://example.com/1", [], None, 0, None, None)
        assert webhook.lock_endpoint("acc_a", "whe_1") == target
        assert webhook.lock_endpoint("acc_b", "whe_1") is None
