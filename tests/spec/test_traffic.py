"""The recorder itself: it lets good traffic pass, finds each kind of fault, and fails runs that saw too little."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from tests.platform import ROOT
from tests.promises import Document, Promises
from tests.traffic import Traffic

PROMISES = Promises.read()
EXAMPLES: dict[str, Any] = PROMISES.document["components"]["examples"]
USUAL = {"x_request_id": "req_1", "ratelimit": "x", "ratelimit_policy": "x"}
KEY = {"X-API-Key": "mt_live_x"}
ID = "scan_01kaqv5m3x8d2e6f4g9h7j5k3m"


def heard(
    answer: Any, status: int = 200, *, sent: Any = None, path: str = "/v1/scans", method: str = "GET", **headers: str
) -> list[str]:
    """Return the faults found in one exchange; headers are named with underscores, an empty one is left out."""
    record = Traffic(PROMISES)
    named = {name.replace("_", "-"): value for name, value in (USUAL | headers).items() if value}
    request = httpx.Request(method, f"http://x{path}", headers=KEY, json=sent)
    body = {"content": answer} if isinstance(answer, bytes) else {"json": answer}
    record.answered(httpx.Response(status, headers=named, request=request, **body))
    return [fault.split(": ", 1)[1] for fault in record.faults]


def error(code: str = "not_found", **more: Any) -> Document:
    doc_url = f"http://x/v1/docs/errors#{code}"
    return {"error": {"code": code, "message": "No.", "request_id": "req_1", "doc_url": doc_url} | more}


def scan_page(**more: Any) -> Document:
    return {**EXAMPLES["ScanPage"]["value"], **more}


def test_good_traffic_passes() -> None:
    assert heard(scan_page()) == []
    assert heard(scan_page(), path="/v1/scans?limit=5") == []
    assert heard(error(), 404, path=f"/v1/scans/{ID}") == []
    assert heard(error("method_not_allowed"), 405, path="/v1/scans", method="DELETE", allow="GET, HEAD, POST") == []
    assert heard(error("rate_limited", retry_after=3), 429, retry_after="3") == []
    made, place = EXAMPLES["Scan"]["value"], f"/v1/scans/{ID}"
    asked = {"area": {"bbox": [24.9, 60.1, 24.95, 60.2]}}
    assert heard(made, 202, method="POST", sent=asked, location=place, retry_after="2") == []
    assert heard(scan_page(next_cursor="YWJj"), link='</v1/scans?cursor=YWJj>; rel="next"') == []
    assert heard(b"<html>", path="/v1/docs/", content_type="text/html", x_request_id="") == []


@pytest.mark.parametrize(
    ("fault", "exchange"),
    [
        ("an undocumented status", lambda: heard(scan_page(), 203)),
        ("an undocumented status", lambda: heard(error("conflict"), 409, path="/v1/nowhere")),
        ("must not contain {'extra'}", lambda: heard(scan_page(extra=1))),
        ("must contain ['next_cursor']", lambda: heard({"data": []})),
        ("must contain ['code', 'message', 'request_id']", lambda: heard({"error": {}}, 404, path=f"/v1/scans/{ID}")),
        ("no x-request-id", lambda: heard(scan_page(), x_request_id="")),
        ("Retry-After where nobody has to wait", lambda: heard(scan_page(), retry_after="1")),
        ("no retry-after", lambda: heard(error("rate_limited", retry_after=1), 429)),
        ("retry_after is not Retry-After", lambda: heard(error("rate_limited", retry_after=1), 429, retry_after="2")),
        ("header retry-after", lambda: heard(error("rate_limited", retry_after=1), 429, retry_after="soon")),
        ("no ratelimit", lambda: heard(scan_page(), ratelimit="")),
        ("no www-authenticate", lambda: heard(error("unauthenticated"), 401)),
        ("no allow", lambda: heard(error("method_not_allowed"), 405, method="DELETE")),
        ("request_id is not X-Request-Id", lambda: heard(error(request_id="req_2"), 404, path="/v1/nowhere")),
        ("doc_url leads elsewhere", lambda: heard(error(doc_url="http://x/"), 404, path="/v1/nowhere")),
        ("an undocumented media type 'text/html'", lambda: heard(b"<html>", content_type="text/html")),
        ("an undocumented media type ''", lambda: heard(b"")),
        ("an undocumented header etag", lambda: heard(scan_page(), etag='"x"')),
        ("Link and next_cursor differ", lambda: heard(scan_page(next_cursor="YWJj"))),
        ("Link and next_cursor differ", lambda: heard(scan_page(), link='</v1/scans?cursor=YWJj>; rel="next"')),
        ("accepted an unknown parameter pages", lambda: heard(scan_page(), path="/v1/scans?pages=1")),
        ("accepted query limit=['0']", lambda: heard(scan_page(), path="/v1/scans?limit=0")),
        ("accepted query limit=['1_0']", lambda: heard(scan_page(), path="/v1/scans?limit=1_0")),
        ("given twice", lambda: heard(scan_page(), path="/v1/scans?limit=1&limit=1")),
        ("accepted path scan_id=['x']", lambda: heard(EXAMPLES["Scan"]["value"], path="/v1/scans/x")),
        ("accepted a body", lambda: heard(EXAMPLES["Scan"]["value"], 202, method="POST", sent={"area": {}, "x": 1})),
    ],
)
def test_faults_are_found(fault: str, exchange: Callable[[], list[str]]) -> None:
    faults = exchange()
    assert any(fault in one for one in faults), faults


def test_a_webhook_must_fit_too() -> None:
    record = Traffic(PROMISES)
    good = EXAMPLES["ScanCompletedEvent"]["value"]
    record.delivered(orjson.dumps(good))
    assert record.take_faults() == []
    assert record.seen == {"webhook scan.completed"}
    for broken in ({**good, "type": "scan.begun"}, {**good, "extra": 1}, {**good, "data": {"id": "evt_1"}}):
        record.delivered(orjson.dumps(broken))
        assert len(record.take_faults()) == 1


def test_every_example_of_an_answer_fits() -> None:
    """Or the compiled schemas would be stricter than the contract."""
    for operation in PROMISES.operations:
        written = PROMISES.document["paths"][operation.template][operation.method.lower()]["responses"]
        for status, answer in operation.answers.items():
            content = PROMISES.resolve(written[str(status)]).get("content", {})
            for media, check in answer.bodies.items():
                for example in PROMISES.examples(content[media]) if check else ():
                    assert check
                    assert check(example) is None, f"{operation.id} {status}"
                    is_file = operation.id.startswith("download_") and status == 200  # as the customer chose its fields
                    assert is_file or check({**example, "extra": 1}), f"{operation.id} {status} is not closed"


def test_what_is_inside_is_closed_too() -> None:
    lead = EXAMPLES["Lead"]["value"]
    found = PROMISES.find("GET", f"/leads/{lead['id']}")
    assert found
    check = found[0].answers[200].bodies["application/json"]
    assert check
    assert check({**lead, "brand": {"name": "x", "wikidata": None}}) is None
    assert check({**lead, "brand": {"name": "x", "wikidata": None, "more": 1}})
    assert check({**lead, "names": {"any": "language"}}) is None
    assert check({**lead, "first_seen_at": "yesterday"})


RUN = """
import pytest
from tests.traffic import traffic

def test_one_half():
    traffic().seen.update(traffic().promised()[::2])

@pytest.mark.skipif({lacking}, reason="")
def test_other_half():
    traffic().seen.update(traffic().promised()[1::2])

@pytest.mark.skipif({good}, reason="")
def test_fault():
    traffic().faults.append("GET /v1/scans -> 200: a fault")
"""


def run(folder: Path, *arguments: str, lacking: bool = False, good: bool = True) -> tuple[int, str]:
    """Run tests of their own in ``folder``; return the exit code and what was printed."""
    (folder / "pytest.ini").write_text("[pytest]\ntestpaths = .\npythonpath = .\n")
    (folder / "conftest.py").write_text("pytest_plugins = ['tests.traffic_plugin']\n")
    (folder / "test_it.py").write_text(RUN.format(lacking=lacking, good=good))
    # without a root of its own it would close the folder that our PostgreSQL servers, another user, are in
    own = {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_DEBUG_TEMPROOT": str(folder)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "xdist", *arguments],
        cwd=folder, env={**os.environ, **own}, capture_output=True, text=True,
    )  # fmt: skip
    return done.returncode, done.stdout


def test_what_parallel_processes_saw_counts_together(tmp_path: Path) -> None:
    code, printed = run(tmp_path, "-n", "2")
    assert (code, "never seen" in printed) == (0, False), printed


def test_a_run_that_saw_too_little_fails(tmp_path: Path) -> None:
    code, printed = run(tmp_path, lacking=True)
    assert code == 1
    assert printed.count("never seen") > 50


def test_a_run_of_some_tests_is_not_asked(tmp_path: Path) -> None:
    code, printed = run(tmp_path, "-k", "one_half")
    assert code == 0
    assert "not all tests were chosen" in printed


def test_a_fault_fails_its_test(tmp_path: Path) -> None:
    code, printed = run(tmp_path, good=False)
    assert code == 1
    assert "1 failed, 2 passed" in printed
    assert "GET /v1/scans -> 200: a fault" in printed
