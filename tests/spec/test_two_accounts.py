"""What one account ever saw does not exist for the other, whatever both do.

hypothesis lets two accounts make, use and end things in any order. Afterwards each asks for everything that the other
saw, with every operation of the contract that takes such an id, and must hear exactly what it hears of a made-up id.
"""

import re
from typing import Any, ClassVar

import orjson
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from core import ids
from tests.platform import Client, Roomy
from tests.promises import Operation, Promises

ID = re.compile(r"\b(?:lead|scan|sup|tkt|sch|exp|enr|whe|dlv|evt|key|aud|acc)_[0-9a-hjkmnp-tv-z]{26}\b")
OPERATIONS = [one for one in Promises.read().operations if any(part.where == "path" for part in one.parameters)]
LISTS = (
    "/leads?limit=3",
    "/scans?limit=1",
    "/exports?limit=1",
    "/enrichments?limit=1",
    "/webhook-endpoints?limit=1",
    "/api-keys?limit=1",
    "/suppressions?limit=1",
    "/tickets?limit=1",
    "/schedules?limit=1",
    "/events?limit=1",
)
AREA = {"bbox": [24.94, 60.168, 24.944, 60.17]}
MADE: dict[str, dict[str, Any]] = {
    "/exports": {"format": "csv"},
    "/enrichments": {"filters": {"name": {"eq": "nobody"}}},
    "/webhook-endpoints": {"url": "http://127.0.0.1:9/", "event_types": ["scan.completed"]},
    "/suppressions": {"kind": "domain", "value": "shared.example"},
    "/tickets": {"subject": "x", "message": "y"},
    "/schedules": {"area": AREA, "recurrence": {"every_hours": 8000}},
    "/api-keys": {"name": "x", "scopes": ["leads:read"]},
    "/leads/import": {
        "name": "CRM",
        "leads": [{"name": "Kiosk", "category": "kiosk", "location": {"lat": 61, "lon": 25}}],
    },
}
ENDED = {
    "whe": ("DELETE", ""), "sup": ("DELETE", ""), "key": ("DELETE", ""), "scan": ("POST", "/cancel"),
    "enr": ("POST", "/cancel"), "exp": ("DELETE", ""),
}  # fmt: skip
USED = {"whe": ("POST", "/test"), "key": ("POST", "/rotate"), "exp": ("GET", "/download"), "enr": ("GET", "/results")}
PATHS = {
    "sup": "suppressions", "whe": "webhook-endpoints", "key": "api-keys", "scan": "scans", "exp": "exports",
    "enr": "enrichments",
}  # fmt: skip

who = st.sampled_from((0, 1))


class TwoAccounts(RuleBasedStateMachine):
    """``seen`` are the ids that stood in any answer to each account, ``cursors`` where each could go on."""

    platform: ClassVar[Roomy]

    def __init__(self) -> None:
        super().__init__()
        self.clients = [self.platform.roomy_account(f"{ids.new('usr')}@example.com")[0] for _ in "ab"]
        self.seen: list[set[str]] = [set(ID.findall(one.get("/api-keys").text)) for one in self.clients]
        self.own_keys = self.seen[0] | self.seen[1]
        self.cursors: list[set[tuple[str, str]]] = [set(), set()]

    @rule(who=who)
    def scan(self, who: int) -> None:
        self.note(who, orjson.dumps(self.clients[who].scanned(AREA, ("cafe", "restaurant"))).decode())

    @rule(who=who, path=st.sampled_from(sorted(MADE)), key=st.sampled_from(("k1", "k2")))
    def make(self, who: int, path: str, key: str) -> None:
        """Both use the same few keys: one's request must not be answered with the other's thing."""
        answer = self.clients[who].post(path, json=MADE[path], headers={"Idempotency-Key": key})
        self.note(who, answer.raise_for_status().text)

    @rule(who=who, path=st.sampled_from(LISTS))
    def look(self, who: int, path: str) -> None:
        answer = self.clients[who].get(path).raise_for_status()
        self.note(who, answer.text)
        if cursor := answer.json()["next_cursor"]:
            self.cursors[who].add((path, cursor))

    @rule(who=who, data=st.data(), what=st.sampled_from((USED, ENDED)))
    def act(self, who: int, data: st.DataObject, what: dict[str, tuple[str, str]]) -> None:
        """Use or end something of one's own."""
        own = sorted(one for one in self.seen[who] - self.own_keys if one.split("_")[0] in what)
        if own:
            chosen = data.draw(st.sampled_from(own))
            method, more = what[chosen.split("_")[0]]
            path = f"/{PATHS[chosen.split('_')[0]]}/{chosen}"
            answer = self.clients[who].request(method, path + more, json={} if more == "/rotate" else None)
            assert answer.status_code < 300 or answer.status_code in (404, 409), answer.text
            self.note(who, answer.text)
            if more == "/test" and answer.is_success:
                self.note(who, self.clients[who].get(f"{path}/deliveries").text)

    @invariant()
    def nothing_is_shared(self) -> None:
        assert not self.seen[0] & self.seen[1]

    def teardown(self) -> None:
        """Let each ask for all of the other's."""
        for asking, other in ((0, 1), (1, 0)):
            self.note(other, self.clients[other].get("/audit-log").text)
            before = self.state(other)
            for one in sorted(self.seen[other]):
                pry(self.clients[asking], one, self.seen[asking])
            for path, cursor in self.cursors[other]:
                assert self.clients[asking].get(f"{path}&cursor={cursor}").json()["error"]["code"] == "invalid_cursor"
            found = {"filters": {"id": {"in": [*sorted(self.seen[other]), "x"][:100]}}}
            assert self.clients[asking].post("/leads/search", json=found).json()["data"] == []
            assert self.state(other) == before
        for client in self.clients:
            client.close()

    def note(self, who: int, text: str) -> None:
        self.seen[who].update(ID.findall(text))

    def state(self, who: int) -> tuple[list[str], ...]:
        """Return what the other must not have been able to change."""
        log, scans = (self.clients[who].get(path).json()["data"] for path in ("/audit-log", "/scans"))
        return [entry["id"] for entry in log], [scan["id"] for scan in scans if scan["status"] == "cancelled"]


def pry(client: Client, foreign: str, own: set[str]) -> None:
    """Ask for a foreign id with every operation that takes one of its kind."""
    for operation in OPERATIONS:
        for name, made_up in ids_of(operation).items():
            if same_kind(made_up, foreign):
                others = {
                    other: next((one for one in own if same_kind(one, example)), example)
                    for other, example in ids_of(operation).items()
                }
                theirs = ask(client, operation, others | {name: foreign})
                nobodys = ask(client, operation, others | {name: made_up})
                assert theirs == nobodys, f"{operation.id} tells {foreign} from an id that does not exist"
                assert theirs[0] == 404


def ask(client: Client, operation: Operation, path: dict[str, str]) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Return status, headers and body, without what differs from request to request."""
    body = operation.examples[0] if operation.body else None
    answer = client.request(operation.method, operation.template.format(**path), json=body)
    headers = {
        name: value
        for name, value in answer.headers.items()
        if name not in ("date", "x-request-id", "ratelimit", "ratelimit-policy")
    }
    error = answer.json()["error"] if answer.is_error else {}
    return answer.status_code, headers, {name: value for name, value in error.items() if name != "request_id"}


def ids_of(operation: Operation) -> dict[str, str]:
    """Return the ids that an operation takes in its path, and for each one that does not exist."""
    return {part.name: part.example for part in operation.parameters if part.where == "path"}


def same_kind(one: str, other: str) -> bool:
    return one.split("_")[0] == other.split("_")[0]


def test_an_id_of_another_account_does_not_exist(roomy: Roomy) -> None:
    assert {one.id for one in OPERATIONS} >= {
        "get_lead",
        "cancel_scan",
        "download_export",
        "list_deliveries",
        "redeliver",
        "get_event",
    }
    TwoAccounts.platform = roomy
    run_state_machine_as_test(
        TwoAccounts,
        settings=settings(
            max_examples=5, stateful_step_count=20, deadline=None, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
