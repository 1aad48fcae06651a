"""A database is created once, upgraded in order, and never twice."""

import threading
from collections.abc import Iterator

import pytest

from core import config
from models import base, migrations


@pytest.fixture
def applied(database: None, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two steps that this database has not seen, and what ran of them."""
    ran: list[str] = []
    monkeypatch.setattr(migrations, "MIGRATIONS", (lambda: ran.append("first"), lambda: ran.append("second")))
    return ran


@pytest.fixture(autouse=True)
def version_restored(database: None) -> Iterator[None]:
    yield
    migrations.SchemaVersion.update(version=0).execute()


def test_steps_run_once_and_in_order(applied: list[str]) -> None:
    assert migrations.pending()
    assert migrations.migrate() == 2
    assert applied == ["first", "second"]
    assert not migrations.pending()
    assert migrations.migrate() == 0


def test_a_step_that_fails_leaves_the_version(applied: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        base.database.execute_sql("CREATE TABLE half_done (x INTEGER)")
        raise ZeroDivisionError

    monkeypatch.setattr(migrations, "MIGRATIONS", (migrations.MIGRATIONS[0], fail))
    with pytest.raises(ZeroDivisionError):
        migrations.migrate()
    assert applied == ["first"]
    assert migrations.pending()
    assert not base.database.table_exists("half_done")


def test_several_processes_at_once_take_each_step_once(applied: list[str], settings: config.Settings) -> None:
    threads = [threading.Thread(target=migrations.migrate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert applied == ["first", "second"]
