"""Connections, transactions and snapshots mean the same on both databases."""

import threading
from pathlib import Path

import pytest

from core import clock, errors
from models import account as table
from models import base

pytestmark = pytest.mark.usefixtures("database")


def add(email: str) -> None:
    table.Account.create(id=f"acc_{email}", email=email, plan="free", created_at=clock.now_stamp())


def emails() -> list[str]:
    return [str(row[0]) for row in base.rows("SELECT email FROM account ORDER BY email")]


def add_and_fail(outer: str | None, inner: str) -> None:
    with base.transaction():
        if outer:
            add(outer)
        with base.transaction():
            add(inner)
        raise ZeroDivisionError


def elsewhere(action: threading.Thread) -> None:
    action.start()
    action.join(10)
    assert not action.is_alive()


def add_elsewhere(email: str) -> None:
    def work() -> None:
        with base.connection(), base.transaction():
            add(email)

    elsewhere(threading.Thread(target=work))


def test_a_transaction_is_all_or_nothing() -> None:
    with pytest.raises(ZeroDivisionError):
        add_and_fail("a", "b")
    assert emails() == []


def test_an_inner_transaction_can_be_undone_alone() -> None:
    with base.transaction():
        add("a")
        with pytest.raises(ZeroDivisionError):
            add_and_fail(None, "b")
    assert emails() == ["a"]


def test_reading_once_keeps_little_in_memory_and_leaves_the_connection_as_it_was() -> None:
    def kept() -> list[object]:
        return [base.rows(f"PRAGMA {name}")[0][0] for name in ("cache_size", "mmap_size")]

    def read_and_fail() -> None:
        with base.reading_once(), base.snapshot():
            assert kept() == [-4_000, 0]
            raise KeyError

    if base.is_sqlite():
        with pytest.raises(KeyError):
            read_and_fail()
        assert kept() == [base.SQLITE_PRAGMAS["cache_size"], base.SQLITE_PRAGMAS["mmap_size"]]
    with base.reading_once(), base.snapshot():
        assert emails() == []


def test_a_snapshot_does_not_see_what_is_written_meanwhile() -> None:
    add("a")
    with base.snapshot():
        assert emails() == ["a"]
        add_elsewhere("b")
        assert emails() == ["a"]
    assert emails() == ["a", "b"]


def test_placeholders_are_the_same_on_both() -> None:
    add("a")
    assert base.rows("SELECT id FROM account WHERE email = ?", ("a",)) == [("acc_a",)]


def test_an_impatient_write_does_not_wait_for_the_lock() -> None:
    add("a")
    with base.transaction():
        table.Account.update(plan="pro").execute()

        def work() -> None:
            with base.connection(), base.impatiently():
                table.Account.update(plan="enterprise").execute()

        elsewhere(threading.Thread(target=work))
    assert base.rows("SELECT plan FROM account") == [("pro",)]


def test_an_impatient_write_is_written_when_nobody_holds_the_lock() -> None:
    with base.impatiently():
        add("a")
    assert emails() == ["a"]


def test_a_database_that_does_not_answer_is_unavailable(tmp_path: Path) -> None:
    base.close_connection()
    good = base.database.obj
    try:
        base.connect(f"sqlite:///{tmp_path}/no/such/folder/x.db")
        with pytest.raises(errors.Unavailable):
            base.open_connection()
    finally:
        base.database.initialize(good)
        base.open_connection()


def break_down() -> None:
    """On SQLite somebody else holds the lock; a PostgreSQL server ends the connection."""
    if base.is_sqlite():
        base.database.execute_sql("PRAGMA busy_timeout = 1")
        add("b")
    with base.transaction():
        add("b")
        base.rows("SELECT pg_terminate_backend(pg_backend_pid())")


def test_a_database_that_fails_in_the_middle_is_unavailable() -> None:
    with base.transaction():
        add("a")

        def work() -> None:
            with pytest.raises(errors.Unavailable) as caught, base.connection():
                break_down()
            assert caught.value.retry_after == base.RETRY_S
            with base.connection():  # what broke is not handed out again
                assert emails() == []

        elsewhere(threading.Thread(target=work))
    assert emails() == ["a"]


def test_a_mistake_of_ours_is_not_taken_for_a_database_in_trouble() -> None:
    with pytest.raises(Exception, match="nowhere") as caught, base.connection():
        base.rows("SELECT 1 FROM nowhere")
    assert not isinstance(caught.value, errors.Unavailable)


def test_a_connection_is_given_to_others_meanwhile() -> None:
    with base.without_connection():
        assert base.database.is_closed()
    assert not base.database.is_closed()
    with base.transaction(), pytest.raises(RuntimeError), base.without_connection():
        pass
    assert emails() == []


def test_other_urls_are_refused() -> None:
    with pytest.raises(ValueError, match="mysql"):
        base.connect("mysql://localhost/x")
