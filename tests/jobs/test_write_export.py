"""Exports that are killed, overtaken and abandoned halfway: no file is ever offered that is not whole."""

import errno
import hashlib
import itertools
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from core import clock, config, errors
from core.blobs import Writer
from jobs import run_scan, write_export
from jobs.worker import Worker
from models import base, job_admin
from models import job as queue
from models.export import Export
from models.job import Job, JobRow
from models.webhook import Event
from services import accounts, export_downloads, export_files, export_formats, export_watch, exports, scans
from services.accounts import Caller
from services.export_formats import Credits, Encoder
from services.export_layout import Layout
from tests import catalogue
from tests.catalogue import LAT, LON, place
from tests.platform import wait_until

pytestmark = pytest.mark.usefixtures("database")

ROOT = Path(__file__).parent.parent.parent
HERE = {"bbox": [LON - 0.01, LAT - 0.01, LON + 0.01, LAT + 0.01]}


CSV = export_formats.FORMATS["csv"]


class Killed(BaseException):
    """Not an Exception: nothing that a worker does when a handler fails happens when it is killed."""


@pytest.fixture
def caller() -> Caller:
    catalogue.publish(place(f"node/{number}", number, name=f"Shop {number} of the mall") for number in range(300))
    made = accounts.create("a@example.com", "pro")
    scans.create_scan(made, None, HERE, [])
    work()
    Event.delete().execute()
    return made


def work() -> int:
    return Worker({scans.RUN_SCAN: run_scan.run, exports.WRITE_EXPORT: write_export.run}).run_until_idle()


def claimed(now: datetime | None = None) -> Job:
    (job,) = queue.claim({exports.WRITE_EXPORT: 1}, "test", lease_s=60, now=now)
    return job


def whole(caller: Caller, export_id: str) -> bool:
    """Tell whether the export is complete and its file is what was announced."""
    told = exports.get_export(caller, export_id)
    content = b"".join(export_downloads.open_export_file(caller, export_id).chunks)
    return (told["status"], told["row_count"], hashlib.sha256(content).hexdigest(), len(content)) == (
        "completed", 300, told["sha256"], told["bytes"],
    )  # fmt: skip


def files() -> list[str]:
    folder = config.current().home / "blobs" / "exports"
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_killed_at_any_moment_it_is_written_again(caller: Caller) -> None:
    """The clock is looked at before, between and after every step, and there a kill can strike."""
    for looks in itertools.count(1):
        export_id = exports.create_export(caller, "csv", {})["id"]
        moments = _doomed(looks)
        clock.set_source(partial(next, moments))
        try:
            work()
            killed = False
        except Killed:
            killed = True
            clock.set_source(lambda: datetime.now(UTC) + timedelta(minutes=2))
            assert Export.get_by_id(export_id).status != "completed" or whole(caller, export_id)
            work()
        clock.set_source(None)
        assert whole(caller, export_id)
        if not killed:
            break
    assert looks > 5
    assert Event.select().count() == Export.select().count() == len(files()) == looks
    assert JobRow.select().count() == 0


def _doomed(looks: int) -> Iterator[datetime]:
    for _ in range(looks - 1):
        yield datetime.now(UTC)
    raise Killed


DIES_AFTER_ONE_PIECE = """
import os, signal
from dataclasses import replace

from core import config
from jobs import write_export
from jobs.worker import Worker
from models import base
from services import export_formats

def dying(file, layout, credits):
    file.write(b"half")
    os.kill(os.getpid(), signal.SIGKILL)

config.configure(config.Settings.from_env())
base.connect(config.current().database_url)
csv = export_formats.FORMATS["csv"]
export_formats.FORMATS["csv"] = replace(csv, open=dying)
Worker({"write_export": write_export.run}).run_until_idle()
"""


def test_a_process_killed_in_the_middle_of_the_file(caller: Caller) -> None:
    export_id = exports.create_export(caller, "csv", {})["id"]
    settings = config.current()
    environ = {"MAPTARGETER_HOME": str(settings.home), "MAPTARGETER_DATABASE_URL": settings.database_url}
    died = subprocess.run([sys.executable, "-c", DIES_AFTER_ONE_PIECE], env=os.environ | environ, cwd=ROOT, timeout=60)
    assert died.returncode == -signal.SIGKILL
    (half,) = files()
    assert half.endswith(".part")
    export_files.sweep_store()
    assert files() == [half]  # somebody may still be writing to it
    clock.set_source(lambda: datetime.now(UTC) + export_files.ABANDONED + timedelta(minutes=1))
    export_files.sweep_store()
    assert files() == []
    clock.set_source(None)
    assert work() == 0  # its lease still runs
    with pytest.raises(errors.Conflict):
        export_downloads.open_export_file(caller, export_id)
    clock.set_source(lambda: datetime.now(UTC) + timedelta(minutes=2))
    assert work() == 1
    assert whole(caller, export_id)
    assert Event.select().count() == 1


def test_who_was_overtaken_neither_offers_nor_spoils_a_file(caller: Caller) -> None:
    export_id = exports.create_export(caller, "ndjson", {})["id"]
    slow = claimed()
    quick = claimed(clock.now() + timedelta(minutes=2))
    assert (slow.id, slow.attempt, quick.attempt) == (quick.id, 1, 2)
    with pytest.raises(queue.LeaseLost):
        write_export.run(slow)
    assert (exports.get_export(caller, export_id)["status"], files()) == ("running", [])
    write_export.run(quick)
    write_export.run(slow)
    assert whole(caller, export_id)
    assert (len(files()), Event.select().count()) == (1, 1)


def test_an_export_that_ended_meanwhile_leaves_no_file(caller: Caller) -> None:
    export_id = exports.create_export(caller, "json", {})["id"]
    job = claimed()
    export_files.fail(export_id, "internal", "Stopped.")
    write_export.run(job)
    assert files() == []
    assert exports.get_export(caller, export_id)["error"] == {"code": "internal", "message": "Stopped."}
    assert Event.select().count() == 0


def test_an_export_whose_job_died_does_not_look_alive_for_ever(caller: Caller) -> None:
    export_id = exports.create_export(caller, "json", {})["id"]
    job_admin.cancel(claimed().id)
    export_files.fail_abandoned()
    assert exports.get_export(caller, export_id)["status"] == "failed"


def test_cancelled_while_it_is_written(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that watches sees it, and the one that writes stops before the next leads."""
    monkeypatch.setattr(export_watch, "EVERY_S", 0.01)
    export_id = exports.create_export(caller, "csv", {})["id"]

    def cancel() -> None:
        with base.connection():
            exports.cancel_export(caller, export_id)

    def slowly(file: Writer, shown: Layout, credits_: Credits) -> Encoder:
        encoder = CSV.open(file, shown, credits_)
        customer = threading.Thread(target=cancel)
        customer.start()
        customer.join()
        watching = [each for each in threading.enumerate() if each.name == "export-watch"]
        wait_until(lambda: not any(each.is_alive() for each in watching), 10, lambda: "nobody noticed")
        return encoder

    monkeypatch.setitem(export_formats.FORMATS, "csv", replace(CSV, open=slowly))
    assert work() == 1
    assert exports.get_export(caller, export_id)["status"] == "cancelled"
    assert files() == []


@pytest.mark.parametrize("attempts", [2, 1])
def test_no_room_for_the_file(caller: Caller, monkeypatch: pytest.MonkeyPatch, attempts: int) -> None:
    """A full disk is tried again; the customer is told in the end."""
    export_id = exports.create_export(caller, "csv", {})["id"]
    JobRow.update(max_attempts=attempts).execute()
    job = claimed()

    class Full:
        def write(self, _data: bytes, /) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setitem(export_formats.FORMATS, "csv", replace(CSV, open=lambda _, *more: CSV.open(Full(), *more)))
    with pytest.raises(errors.Unavailable):
        write_export.run(job)
    told = exports.get_export(caller, export_id)
    assert told["status"] == ("running" if attempts == 2 else "failed")
    assert told["error"] == (None if attempts == 2 else {"code": "unavailable", "message": "The file store is full."})
    assert files() == []
