from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import peewee
import pytest

from models import base, together
from models.webhook import EventSequence

pytestmark = pytest.mark.usefixtures("database")


def test_each_gets_its_own_result_and_what_fails_undoes_only_itself() -> None:
    start = Barrier(8)

    def write(number: int) -> str:
        def work() -> str:
            EventSequence.insert(account_id=f"acc_{number}", latest=number).execute()
            if number % 3 == 0:
                raise LookupError(number)
            return f"acc_{number}"

        with base.connection():
            start.wait()
            try:
                return together.write(work)
            except LookupError as error:
                return f"failed {error}"

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(write, range(8)))
    assert told == ["failed 0", "acc_1", "acc_2", "failed 3", "acc_4", "acc_5", "failed 6", "acc_7"]
    kept = sorted(row.account_id for row in EventSequence.select())
    assert kept == ["acc_1", "acc_2", "acc_4", "acc_5", "acc_7"]


def test_inside_a_transaction_it_is_part_of_that() -> None:
    with base.transaction() as _, base.database.atomic() as savepoint:
        assert together.write(lambda: EventSequence.insert(account_id="acc_a", latest=1).execute()) is not None
        savepoint.rollback()
    assert not EventSequence.select().exists()


def test_when_the_commit_fails_nobody_is_told_that_it_worked() -> None:
    if base.is_sqlite():
        base.database.execute_sql("PRAGMA foreign_keys = 1")
    whole = "whole VARCHAR(40) REFERENCES event (id) DEFERRABLE INITIALLY DEFERRED"
    base.database.execute_sql(f"CREATE TABLE part ({whole})")
    with pytest.raises(peewee.IntegrityError):  # found out at the commit
        together.write(lambda: base.database.execute_sql("INSERT INTO part VALUES ('nothing')"))
    assert together.write(lambda: 1) == 1
    assert base.rows("SELECT * FROM part") == []
    base.database.execute_sql("DROP TABLE part")
