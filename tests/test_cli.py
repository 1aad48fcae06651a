"""Commands of the operator, called in this process."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

import cli
from core import config
from models import base, job
from services import accounts


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


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, arguments)


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
