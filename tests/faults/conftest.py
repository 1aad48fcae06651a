"""A disk that can be full, and the application behind no socket."""

import asyncio
import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

import app
from core import config
from models import base
from services import accounts, api_keys
from services.accounts import Caller
from tests.faults import story

DISK_BYTES = 16_000_000


@dataclass(frozen=True, slots=True)
class Disk:
    """A small file system, or, where none may be mounted, a bound on the size of files."""

    folder: Path
    mounted: bool

    @contextmanager
    def full(self, but: int = 0) -> Iterator[None]:
        """Leave only ``but`` bytes meanwhile."""
        if self.mounted:
            ballast = self.folder / "ballast"
            ballast.write_bytes(bytes(max(0, shutil.disk_usage(self.folder).free - but)))
            yield
            ballast.unlink()
        else:
            before = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (but, before[1]))
            yield
            resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    yield Disk(folder, mounted)
    if mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


Ask = Callable[..., httpx.Response]


@pytest.fixture(scope="session")
def application(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The whole application; its store of limits never answers."""
    home = {"MAPTARGETER_HOME": str(tmp_path_factory.mktemp("home")), "MAPTARGETER_LIMITS_URL": "redis://127.0.0.1:1/0"}
    return app.create_app(config.Settings.from_env(home))


@pytest.fixture
def ask(application: Any) -> Iterator[Ask]:
    """Ask the application, which works on this test's database."""
    with asyncio.Runner() as runner:
        http = httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://test")

        def asked(method: str, path: str, key: str = "", **options: Any) -> httpx.Response:
            return runner.run(http.request(method, path, headers={"X-API-Key": key} if key else {}, **options))

        yield asked
        runner.run(http.aclose())


@pytest.fixture
def small_disk(disk: Disk, sqlite_template: Path) -> Iterator[Disk]:
    """A disk that holds a whole installation, which this process is bound to."""
    shutil.copy(sqlite_template, disk.folder / "maptargeter.db")
    story.bind(f"sqlite:///{disk.folder / 'maptargeter.db'}", disk.folder)
    with base.connection():
        yield disk
    base.database.close_all()


@pytest.fixture
def ada() -> tuple[Caller, str]:
    """An account, and a key for everything."""
    caller = accounts.create("ada@example.com", "enterprise")
    return caller, api_keys.create(caller, "everything", api_keys.SCOPES)[1]
