"""Commands of the operator, called in this process."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

import cli
from core import clock, config
from core.errors import NotFound
from models import base, job
from services import accounts, doctor, support, users


@pytest.fixture
def home(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A migrated installation that this process is bound to, and that commands find in the environment."""
    shutil.copy(sqlite_template, tmp_path / "maptargeter.db")
    for name in ("DATABASE_URL", "LIMITS_URL", "BLOBS_URL", "SECRET_KEY"):
        monkeypatch.delenv(f"MAPTARGETER_{name}", raising=False)
    monkeypatch.setenv("MAPTARGETER_HOME", str(tmp_path))
    settings = config.Settings.from_env()
    config.configure(settings)
    base.connect(settings.database_url)
    yield tmp_path
    base.database.close_all()


def run(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(cli.main, arguments, input=typed)


def two_jobs() -> tuple[str, str]:
    """Make an account with one dead and one waiting job; return their ids."""
    with base.connection():
        account_id = accounts.create("ada@example.com", "pro").account_id
        with base.transaction():
            job.enqueue_many([job.New("run_scan", {"scan_id": "scan_1"}, account_id) for _ in range(2)])
        (claimed,) = job.claim({"run_scan": 1}, "w", lease_s=60)
        job.bury(claimed, "ValueError: half-way")
        (waiting,) = base.rows("SELECT id FROM job WHERE state = 'queued'")
    return claimed.id, waiting[0]


@pytest.mark.usefixtures("home")
def test_jobs_are_shown() -> None:
    dead, waiting = two_jobs()
    shown = run("jobs", "list").output
    assert shown.splitlines()[0].split()[:4] == ["ID", "KIND", "ACCOUNT", "STATE"]
    assert dead in shown
    assert "ValueError: half-way" in shown
    (row,) = map(orjson.loads, run("jobs", "list", "--state", "queued", "--json").output.splitlines())
    assert (row["id"], row["payload"]) == (waiting, {"scan_id": "scan_1"})
    assert dead in run("jobs", "list", "--account", "ada@example.com", "--kind", "run_scan").output
    assert run("jobs", "list", "--kind", "write_export", "--json").output == ""
    assert "maptargeter:" in run("jobs", "list", "--account", "nobody@example.com").output


@pytest.mark.usefixtures("home")
def test_jobs_are_retried_and_cancelled() -> None:
    dead, waiting = two_jobs()
    told = run("jobs", "retry", dead, waiting)
    assert told.exit_code == 1
    assert told.output.splitlines() == [
        f"{dead}: queued again",
        f"{waiting}: not dead, or its work was asked for again",
    ]
    assert run("jobs", "retry", "--all-dead").output == ""
    assert run("jobs", "cancel", dead, waiting).exit_code == 0
    assert run("jobs", "cancel", dead).output == f"{dead}: there is no such job\n"
    assert run("jobs", "retry").exit_code == 2
    assert run("jobs", "retry", "--all-dead", dead).exit_code == 2


def test_the_doctor_finds_a_healthy_installation(home: Path) -> None:
    told = run("doctor")
    assert told.exit_code == 0, told.output
    parts = [line.split()[1] for line in told.output.splitlines()]
    assert parts == ["configuration:", "database:", "limits:", "storage:", "disk:", "clock:", "jobs:"]
    assert all(line.startswith("ok") for line in told.output.splitlines())


def wrong() -> list[str]:
    return [line.removeprefix("WRONG  ") for line in run("doctor").output.splitlines() if line.startswith("WRONG")]


def test_the_doctor_says_what_is_wrong(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    two_jobs()
    (home / config.KEY_FILE).chmod(0o644)
    (home / "blobs").write_text("not a folder")
    monkeypatch.setenv("MAPTARGETER_LIMITS_URL", "redis://127.0.0.1:1/0")
    os.utime(home / "maptargeter.db", (2_000_000_000, 2_000_000_000))
    clock.set_source(lambda: datetime(2026, 11, 24, tzinfo=UTC))
    configuration, limits, storage, turned_back, dead = wrong()
    assert configuration.endswith("chmod 600 it")
    assert "redis store does not answer" in limits
    assert storage.startswith("storage: ")
    assert "turned back" in turned_back
    assert dead.startswith("jobs: 1 dead")


def test_the_doctor_notices_that_nobody_works(home: Path) -> None:
    dead, _ = two_jobs()
    run("jobs", "cancel", dead)
    clock.set_source(lambda: datetime.now(UTC) + timedelta(minutes=6))
    assert [line.partition(":")[0] for line in wrong()] == ["jobs"]
    settings = config.Settings.from_env()
    base.connect(f"sqlite:///{home}/empty.db")
    assert [found.message for found in doctor.examine(settings) if found.part == "database"] == [
        "is of another version: run `maptargeter migrate`"
    ]


def test_the_doctor_wants_https(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAPTARGETER_PUBLIC_URL", "http://leads.example.com")
    (line,) = wrong()
    assert "plain http" in line


def test_a_setting_that_cannot_be_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAPTARGETER_TRUSTED_PROXIES", "10.0.0.0/8,everybody")
    told = run("doctor")
    assert told.exit_code == 1
    assert "MAPTARGETER_TRUSTED_PROXIES" in told.output


def test_an_account_with_a_password_and_a_new_one_for_it(home: Path) -> None:
    made = run("account", "create", "ada@example.com", "--password-stdin", typed="correct horse battery\n")
    assert made.output.startswith("acc_")
    short = run("account", "create", "bob@example.com", "--password-stdin", typed="short\n")
    assert (short.exit_code, "at least 10" in short.output) == (1, True)
    with base.connection():
        assert users.log_in("ada@example.com", "correct horse battery").account_id == made.output.strip()
        with pytest.raises(NotFound):
            accounts.by_email("bob@example.com")  # all or nothing
    link = run("user", "reset-password", "ada@example.com").output.strip()
    assert link.startswith("http://127.0.0.1:8080/dashboard/reset/")
    with base.connection():
        assert users.whose_reset(link.rpartition("/")[2]) == "ada@example.com"
    unknown = run("user", "reset-password", "nobody@example.com")
    assert (unknown.exit_code, unknown.output.count("\n")) == (1, 1)


def test_tickets_are_read_and_answered(home: Path) -> None:
    with base.connection():
        made = support.ask(accounts.create("ada@example.com"), "ada@example.com", "Why", "Please say.", "req_1")
    assert f"{made.id}  " in run("support", "list").output
    assert run("support", "reply", made.id, typed="Because.\n").exit_code == 0
    told = run("support", "show", made.id).output
    assert "Why (answered" in told
    assert "about req_1" in told
    assert told.index("Please say.") < told.index("support\nBecause.")
    assert run("support", "list").output == ""
    assert run("support", "reply", "tkt_none", typed="x").exit_code == 1
    assert run("account", "manager", "ada@example.com", "Maria").exit_code == 0
