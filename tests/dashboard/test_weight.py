"""What every page weighs and how many statements it takes, with full lists; found from the map of addresses."""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import app as application
from benchmarks import big_account, big_leads
from benchmarks.page_walk import Answer, Browser, Visit, further, visits, weigh
from benchmarks.pages import MOST_BYTES, counted
from core import config
from models import base, migrations
from services import accounts

ROWS = 60
"""Of everything: more than any page shows."""
MOST_STATEMENTS = 20
"""Of one page, and fewer than a page has rows: none may be asked for one by one."""


@pytest.fixture(scope="module")
def walked(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path
) -> Iterator[list[tuple[Visit, Answer, int, int]]]:
    """Every address with its answer, the bytes it takes, and its statements."""
    home = tmp_path_factory.mktemp("weight")
    (home / "pages.db").write_bytes(sqlite_template.read_bytes())
    environ = {"MAPTARGETER_HOME": str(home), "MAPTARGETER_DATABASE_URL": f"sqlite:///{home}/pages.db"}
    made: Any = application.create_app(config.Settings.from_env(environ | {"MAPTARGETER_LIMITS_URL": "memory://"}))
    with base.connection():
        migrations.migrate()
        yield list(_walk(made))
    base.database.close_all()


def _walk(made: Any) -> Iterator[tuple[Visit, Answer, int, int]]:
    caller = accounts.create(big_account.EMAIL, "enterprise")
    scan_ids = big_account.new_ids("scan", ROWS)
    big_leads.fill(caller, 2 * ROWS, scan_ids, models=ROWS)
    sizes = big_account.Sizes(**{field.name: ROWS for field in fields(big_account.Sizes)})
    browser = Browser(made, big_account.surround(caller, scan_ids, sizes))
    kept: dict[str, Answer] = {}
    waiting = visits(made.app.url_map.iter_rules(), caller, big_account.EMAIL)
    for visit in waiting:  # grows while it is walked
        with counted() as statements:
            answer = browser.get(visit.url, live=visit.live)
            asked = statements.count
        yield visit, answer, weigh(browser, visit, answer, kept).sent, asked
        if not visit.live:
            waiting += [more for more in further(visit, answer) if more not in waiting]
    browser.close()


def test_every_page_answers(walked: list[tuple[Visit, Answer, int, int]]) -> None:
    odd = {visit.url: answer.status for visit, answer, *_ in walked if answer.status not in (200, 303)}
    assert odd == {"/dashboard/no-such-page": 404}
    assert len(walked) > 50
    assert any(visit.live for visit, *_ in walked)
    assert any("cursor=" in visit.url for visit, *_ in walked)


def test_no_page_is_heavy(walked: list[tuple[Visit, Answer, int, int]]) -> None:
    assert {visit.url: size for visit, _, size, _ in walked if size > MOST_BYTES} == {}


def test_no_page_asks_for_its_rows_one_by_one(walked: list[tuple[Visit, Answer, int, int]]) -> None:
    assert {visit.url: asked for visit, *_, asked in walked if asked > MOST_STATEMENTS} == {}
